"""A network as a folder of sources, driver and report for a board; and its bitstream."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..console import progress, say
from ..ending import until_end
from .arguments import Flag, Number, OnLine, OnProgress, Place, Wholes, Words, checked
from .network import located
from .scope import verb
from .shown import Shown, Table

if TYPE_CHECKING:
    from board.outlook import Outlook
    from board.registry import Board
    from board.report import FitError
    from rtl_gen.contract.network import Network
    from rtl_gen.contract.spec import NetworkSpec

PHASES = {"core": "Verilog of the core", "top": "Verilog of the board's top", "synthesis": "Yosys counts resources",
          "delay": "Yosys adds up delays"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Directives that a build lays over the network's own; None where one is left as it is.

    Attributes
    ----------
    lanes, reads
        Neurons computed at a time, and weight words read in a cycle: one for all blocks, or one for each.
    memory
        Where weights lie, ``auto``, ``block`` or ``distributed``: one for all blocks, or one for each.
    unroll
        Whether it learns from an active row in one cycle.
    ahead
        Events that may wait in front of a block that learns: one for all blocks, or one for each.
    """

    lanes: Sequence[int] | None = None
    reads: Sequence[int] | None = None
    memory: Sequence[str] | None = None
    unroll: bool | None = None
    ahead: Sequence[int] | None = None

    def of(self, network: "Network") -> "Network":
        """``network`` with them."""
        from board.build import with_ahead, with_lanes, with_memory, with_reads, with_unroll

        if self.lanes is not None:
            network = with_lanes(network, list(self.lanes))
        if self.reads is not None:
            network = with_reads(network, list(self.reads))
        if self.memory is not None:
            network = with_memory(network, list(self.memory))
        if self.unroll is not None:
            network = with_unroll(network, self.unroll)
        if self.ahead is not None:
            network = with_ahead(network, list(self.ahead))
        return network


@dataclass(frozen=True, repr=False)
class Built(Shown):
    """A build, or with ``plan`` what it would be.

    Attributes
    ----------
    folder
        Of the build.
    values
        Everything, as ``snnfpga build --json`` prints it (docs/commands.md).
    table
        The same for people.
    misfit
        Of a plan, why it does not fit the board; None where it does.
    """

    folder: Path
    values: Mapping[str, Any]
    table: Table
    misfit: "FitError | None" = None

    @property
    def resources(self) -> dict[str, float] | None:
        """What Yosys counted of the part, by kind; None where it did not count."""
        found = self.values.get("resources")
        return None if found is None else dict(found)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as ``snnfpga build --json`` prints them (docs/commands.md)."""
        return dict(self.values)

    def tables(self) -> list[Table]:
        """What was built, or would be."""
        return [self.table]


@checked
def build(network: Any, *, board: str = "pynq-z2", lanes: Wholes | None = None, reads: Wholes | None = None,
          memory: Words | None = None, unroll: Flag | None = None, ahead: Wholes | None = None,
          out: Place | None = None, plan: Flag = False, clock_mhz: Number | None = None, overwrite: Flag = False,
          synthesis: Flag = True,
          on_progress: OnProgress = None, on_line: OnLine = None) -> Built:
    """Turn a network into hardware for a board, as ``snnfpga build`` does.

    Parameters
    ----------
    network
        As :func:`snnfpga.evaluate` takes it.
    board
        One that ``snnfpga boards`` lists.
    lanes, reads, memory, unroll, ahead
        Directives laid over the network's own, which change no bit of a result: one for all blocks, or one for each.
    out
        Folder to write; else ``build/NETWORK-BOARD``, with what was changed.
    plan
        Only say whether it fits, how large and fast it would be and what would be made; ``misfit`` says why not.
    clock_mhz
        With ``plan``: the clock that times are of; else the board's.
    overwrite
        Whether to write over a build that another version made.
    synthesis
        Whether to count resources with Yosys.
    on_progress, on_line
        As :func:`snnfpga.train`.

    Raises
    ------
    SnnfpgaError
        What the command line says in one line; where there is a table that says why, it is the error's note.
    """
    asked = Asked(lanes=lanes, reads=reads, memory=memory, unroll=unroll, ahead=ahead)
    tables: list[Table] = []
    with verb(on_progress, on_line), located(network) as path:
        try:
            return run(asked, path, board, None if out is None else Path(out), plan=plan, clock_mhz=clock_mhz,
                       overwrite=overwrite, synthesis=synthesis, told=tables.append)
        except SnnfpgaError as error:
            for table in tables:
                error.add_note(repr(table))
            raise


def run(asked: Asked, path: Path, board: str, out: Path | None, *, plan: bool, clock_mhz: float | None, overwrite: bool,
        synthesis: bool, told: Callable[[Table], object]) -> Built:
    """Build the network at ``path``, or plan to; raises as :func:`build`.

    ``told`` gets the table that says why there is no hardware, or why it does not fit, before the error is raised.
    """
    from board.plan import check_target
    from board.registry import get
    from board.report import FitError, check_fit
    from rtl_gen.claim import claimed_file
    from rtl_gen.contract.limits import check_hardware
    from rtl_gen.contract.network_file import read, read_notes
    from rtl_gen.measured import NOTE

    chosen = get(board)
    own = read(path)
    network = asked.of(own)
    _check_clock(clock_mhz, plan, chosen)
    folder = _folder(out, own, network, chosen)
    if not plan:
        until_end(claimed_file(folder, "Build folder"))
    check_target(folder, overwrite=overwrite)
    _tell_refusals(network.spec, told)
    check_hardware(network.spec)
    if plan:
        return _planned(network, own.spec, path, chosen, clock_mhz, folder, synthesis)
    try:
        check_fit(network.spec, chosen)
        notes = read_notes(path)
        found = _build(network, chosen, folder, notes, synthesis, overwrite)
    except FitError as error:
        told(table_of(error))
        raise
    return Built(folder, found, _table(found, folder, NOTE in notes))


def table_of(error: "FitError") -> Table:
    """What a design that does not fit is made of."""
    return Table(error.title, error.header, error.rows)


def _check_clock(clock_mhz: float | None, plan: bool, board: "Board") -> None:
    if clock_mhz is None:
        return
    if not plan:
        raise SnnfpgaError(f"--clock-mhz says what clock the times of --plan are of; a build asks for the "
                           f"{board.clock_mhz:g} MHz of {board.name}, so leave it out", USAGE)
    if not 0 < clock_mhz < float("inf"):
        raise SnnfpgaError(f"--clock-mhz must be more than 0, not {clock_mhz:g}", USAGE)


def _folder(out: Path | None, own: "Network", asked: "Network", board: "Board") -> Path:
    """Where the build goes; a line says where that is not the folder, or the build in it, that one may expect."""
    from board.folder import default_folder, design_there
    from rtl_gen.contract.network import spec_digest

    from ..runs.find import BUILDS

    if out is None:
        folder, line = default_folder(BUILDS, own.spec, asked.spec, board.name)
        if line:
            say(line)
        return folder
    if design_there(out) not in (None, spec_digest(asked.spec)):
        say(f"{out} holds a build of another design; this one takes its place")
    return out


def _look(network: "Network", own: "NetworkSpec", path: Path, board: "Board",
          clock_mhz: float | None) -> "tuple[Outlook, list[Outlook]]":
    """How it would be on ``board``, and on the others, at the clock asked for or each board's own.

    ``own`` is the network as its file has it, of which cycles were measured.
    """
    from board.outlook import Outlook
    from board.registry import get, names
    from rtl_gen.activity import from_json
    from rtl_gen.contract.network_file import read_notes
    from rtl_gen.measured import NOTE, MeasuredCycles

    from ..runs.find import ACTIVITY

    notes = read_notes(path)
    activity = from_json(notes.get(ACTIVITY, ""), len(network.spec.blocks))
    measured = MeasuredCycles.from_json(notes.get(NOTE, ""), own)
    one, *others = (Outlook(spec=network.spec, board=each, activity=activity, clock_mhz=clock_mhz or each.clock_mhz,
                            measured=measured)
                    for each in (board, *(get(name) for name in names() if name != board.name)))
    return one, others


def _planned(network: "Network", own: "NetworkSpec", path: Path, board: "Board", clock_mhz: float | None,
             folder: Path, synthesis: bool) -> Built:
    from board.report import FitError, check_fit

    from ..report.plan import plan, rows

    found = _look(network, own, path, board, clock_mhz)
    values = plan(*found, folder, synthesis)
    table = Table(f"Plan for {network.spec.name} on {board.title}", ("what", "by formula"), rows(*found, values))
    try:
        check_fit(network.spec, board)
    except FitError as error:
        return Built(folder, values, table, error)
    return Built(folder, values, table)


def _tell_refusals(spec: "NetworkSpec", told: Callable[[Table], object]) -> None:
    """Tell all that stands in the way of hardware, where the line of the error would name but the first."""
    from rtl_gen.contract.limits import hardware_refusals

    from ..report.plan import refusal_rows

    refusals = hardware_refusals(spec)
    if len(refusals) > 1:
        told(Table(f"Why {spec.name} has no hardware", ("what", "where", "instead"), refusal_rows(refusals)))


def _build(network: "Network", board: "Board", folder: Path, notes: dict[str, str],
           synthesis: bool, overwrite: bool) -> dict[str, Any]:
    import json

    from board import toolchain
    from board.build import make_plan
    from board.plan import write

    with progress("building", len(PHASES) if synthesis else 2) as advance:
        begun: list[str] = []

        def phase(name: str) -> None:
            advance(1 if begun else 0, PHASES[name])
            begun.append(name)

        made = make_plan(network, board, notes=notes, synthesis=synthesis, phase=phase)
    write(made, folder, overwrite=overwrite)
    runs = len(toolchain.ready(board.flow))
    products = toolchain.run_flow(board.flow, folder=folder)
    return {**json.loads(made.files["report.json"]), "folder": str(folder), "digest": made.digest,
            "bitstream": str(products[-1]) if runs == len(board.flow) else None,
            "flow": [{"stage": stage.name, "command": list(stage.command), "products": list(stage.products),
                      "done": number < runs} for number, stage in enumerate(board.flow)]}


def _mean(found: dict[str, float | None] | None, measured: bool) -> list[tuple[str, str]]:
    """A row on the samples that the network was trained on; none where they were not ``measured`` at all."""
    if found is None:
        return [("cycles of a mean sample of its data", "measured with other directives than these: --plan says what "
                 "they come to by formula, and of which queues")] if measured else []
    learning = "" if found["learning"] is None else f", {found['learning']:g} where it learns"
    return [("cycles of a mean sample of its data", f"{found['running']:g}{learning}")]


def _table(found: dict[str, Any], folder: Path, measured: bool) -> Table:
    """A build for people; ``measured`` says whether its data was, be it with other directives."""
    from board.report import counted_rows, estimated_rows

    resources = found["resources"]
    rows = [("top", found["top"]), ("lanes", ", ".join(str(lanes) for lanes in found["lanes"])),
            ("weight words read in a cycle", ", ".join(str(reads) for reads in found["reads"]))]
    if resources is None:
        rows.append(("resources", "not counted; by formula the memories take " + ", ".join(
            f"{much} {plural}" for plural, much in estimated_rows(found))))
    else:
        rows += [(label, f"{used} of {whole}  ({share})")
                 for label, used, whole, share in counted_rows(found["amounts"], resources, found["budget"])]
    if found["logic_delay_ps"] is not None:
        rows.append(("logic delay, no routing", f"{found['logic_delay_ps'] / 1000:.2f} ns"))
    rows += [("cycles of a sample alone",
              f"{found['cycles']['sample_silent']} silent .. {found['cycles']['sample_full']} full"),
             *_mean(found["cycles"]["sample_mean"], measured),
             ("state for learning", f"{found['state_buffer_bits']} bits"), ("files", str(folder))]
    left = [stage["command"] for stage in found["flow"] if not stage["done"]]
    rows.append(("bitstream", found["bitstream"] or f"not made: {left[0][0]} is not on the PATH; with it, in {folder}: "
                                                    f"{' && '.join(shlex.join(command) for command in left)}"))
    return Table(f"Built {found['name']} for {found['board']}", ("what", "value"), rows)
