"""``snnfpga build``: a network as a folder of sources, driver and report for a board; and its bitstream."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..console import print_json, print_table, progress, say
from ..ending import until_end

if TYPE_CHECKING:
    from board.outlook import Outlook
    from board.registry import Board
    from rtl_gen.contract.network import Network
    from rtl_gen.contract.spec import NetworkSpec

PHASES = {"core": "Verilog of the core", "top": "Verilog of the board's top", "synthesis": "Yosys counts resources",
          "delay": "Yosys adds up delays"}
EXAMPLES = {"--lanes": "16,8", "--reads": "2,1"}      # one for each block


def command(
    target: Annotated[Path | None, typer.Argument(help="A run's folder or a network file; none takes the newest run.",
                                                  show_default=False)] = None,
    board: Annotated[str, typer.Option(help="snnfpga boards lists them.")] = "pynq-z2",
    lanes: Annotated[str | None, typer.Option(metavar="N[,N...]", help="Neurons computed at a time: in every block, or "
                                              "one number for each; else what the network says.",
                                              show_default=False)] = None,
    reads: Annotated[str | None, typer.Option(metavar="N[,N...]", help="Weight words read in a cycle, 1 or 2: in every "
                                              "block, or one number for each; else what the network says.",
                                              show_default=False)] = None,
    memory: Annotated[str | None, typer.Option(metavar="KIND[,KIND...]", help="Where weights lie, in every block or "
                                               "one for each: auto, block or distributed; else as the network says.",
                                               show_default=False)] = None,
    unroll: Annotated[bool | None, typer.Option("--unroll/--no-unroll", help="Learn from an active row in one cycle, "
                                                "or in one for each step in which it was active; else as the network "
                                                "says.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write; else build/<network>-<board>, with what was "
                                             "changed.", show_default=False)] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say at once whether it fits, how large and fast it would be and "
                                       "what would be made, and stop.")] = False,
    clock_mhz: Annotated[float | None, typer.Option(help="With --plan: the clock that times are of; else the board's.",
                                                    show_default=False)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a build that another version of snnfpga "
                                            "made.")] = False,
    synthesis: Annotated[bool, typer.Option("--synthesis/--no-synthesis", help="Count resources with Yosys.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Turn a network into hardware: Verilog, constraints, scripts, host driver, and a report of cycles and resources.

    The vendor's tool makes the bitstream where it is on the PATH; else the folder says how to run it. A network that
    cannot fit the board's part is refused: before synthesis where its memories alone are too much, else after it.

    Lanes, reads, memory and unroll change no bit of a result, so that no network has to be trained again for them:
    verify proves it. A build of other lanes has a folder of its own, as build/digits-pynq-z2-lanes8.

    Examples:

      snnfpga build

      snnfpga build runs/digits --board pynq-z2 --lanes 16

      snnfpga build runs/digits --lanes 32,8 --memory auto,distributed

      snnfpga build network.safetensors --plan --clock-mhz 50
    """
    from board.build import with_lanes, with_memory, with_reads, with_unroll
    from board.plan import check_target
    from board.registry import get
    from board.report import FitError, check_fit
    from rtl_gen.claim import claimed_file
    from rtl_gen.contract.limits import check_hardware
    from rtl_gen.contract.network_file import read, read_notes

    from ..runs.find import find_network

    chosen = get(board)
    path = find_network(target)
    own = network = read(path)
    if lanes is not None:
        network = with_lanes(network, _numbers("--lanes", lanes))
    if reads is not None:
        network = with_reads(network, _numbers("--reads", reads))
    if memory is not None:
        network = with_memory(network, memory.split(","))
    if unroll is not None:
        network = with_unroll(network, unroll)
    _check_clock(clock_mhz, plan, chosen)
    folder = _folder(out, own, network, chosen)
    if not plan:
        until_end(claimed_file(folder, "Build folder"))
    check_target(folder, overwrite=overwrite)
    _say_refusals(network.spec, as_json)
    check_hardware(network.spec)
    try:
        if plan:
            _show_plan(_look(network, path, chosen, clock_mhz), folder, synthesis, as_json)
        check_fit(network.spec, chosen)
        if plan:
            return
        found = _build(network, chosen, folder, read_notes(path), synthesis, overwrite)
    except FitError as error:       # the table that says why comes before the line
        print_table(error.title, error.header, error.rows, to_stderr=as_json)
        raise
    if as_json:
        print_json(found)
    else:
        _show(found, folder)


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


def _look(network: "Network", path: Path, board: "Board", clock_mhz: float | None) -> "tuple[Outlook, list[Outlook]]":
    """How it would be on ``board``, and on the others, at the clock asked for or each board's own."""
    from board.outlook import Outlook
    from board.registry import get, names
    from rtl_gen.activity import from_json
    from rtl_gen.contract.network_file import read_notes

    from ..runs.find import ACTIVITY

    activity = from_json(read_notes(path).get(ACTIVITY, ""), len(network.spec.blocks))
    one, *others = (Outlook(spec=network.spec, board=each, activity=activity, clock_mhz=clock_mhz or each.clock_mhz)
                    for each in (board, *(get(name) for name in names() if name != board.name)))
    return one, others


def _show_plan(found: "tuple[Outlook, list[Outlook]]", folder: Path, synthesis: bool, as_json: bool) -> None:
    from ..report.plan import plan, rows

    values = plan(*found, folder, synthesis)
    if as_json:
        print_json(values)
        return
    spec, board = found[0].spec, found[0].board
    print_table(f"Plan for {spec.name} on {board.title}", ("what", "by formula"), rows(*found, values))


def _say_refusals(spec: "NetworkSpec", as_json: bool) -> None:
    """Print all that stands in the way of hardware, where the line of the error would name but the first."""
    from rtl_gen.contract.limits import hardware_refusals

    from ..report.plan import refusal_rows

    refusals = hardware_refusals(spec)
    if len(refusals) > 1:
        print_table(f"Why {spec.name} has no hardware", ("what", "where", "instead"), refusal_rows(refusals),
                    to_stderr=as_json)


def _numbers(option: str, text: str) -> list[int]:
    """The numbers of ``--lanes`` or ``--reads``."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise SnnfpgaError(f"{option} must be a number, or one for each block as {EXAMPLES[option]}, not {text!r}",
                           USAGE) from None


def _build(network: "Network", board: "Board", folder: Path, notes: dict[str, str],
           synthesis: bool, overwrite: bool) -> dict[str, object]:
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


def _show(found: dict[str, object], folder: Path) -> None:
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
    rows += [("cycles of a sample",
              f"{found['cycles']['sample_silent']} silent .. {found['cycles']['sample_full']} full"),
             ("state for learning", f"{found['state_buffer_bits']} bits"), ("files", str(folder))]
    left = [stage["command"] for stage in found["flow"] if not stage["done"]]
    rows.append(("bitstream", found["bitstream"] or f"not made: {left[0][0]} is not on the PATH; with it, in {folder}: "
                                                    f"{' && '.join(shlex.join(command) for command in left)}"))
    print_table(f"Built {found['name']} for {found['board']}", ("what", "value"), rows)
