"""``snnfpga build``: a network as a folder of sources, driver and report for a board; and its bitstream."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..console import print_json, print_table, progress
from ..ending import at_end

if TYPE_CHECKING:
    from board.registry import Board
    from rtl_gen.contract.network import Network

PHASES = {"core": "Verilog of the core", "top": "Verilog of the board's top", "synthesis": "Yosys counts resources",
          "delay": "Yosys adds up delays"}


def command(
    target: Annotated[Path | None, typer.Argument(help="A run's folder or a network file; none takes the newest run.",
                                                  show_default=False)] = None,
    board: Annotated[str, typer.Option(help="snnfpga boards lists them.")] = "pynq-z2",
    lanes: Annotated[int | None, typer.Option(help="Neurons computed at a time, in every block; else what the network "
                                              "says.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write; else build/<network>-<board>.",
                                             show_default=False)] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what it takes and what would be made, and stop.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a build that another version of snnfpga "
                                            "made.")] = False,
    synthesis: Annotated[bool, typer.Option("--synthesis/--no-synthesis", help="Count resources with Yosys.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Turn a network into hardware: Verilog, constraints, scripts, host driver, and a report of cycles and resources.

    The vendor's tool makes the bitstream where it is on the PATH; else the folder says how to run it. A network that
    cannot fit the board's part is refused: before synthesis where its memories alone are too much, else after it.

    Examples:

      snnfpga build

      snnfpga build runs/digits --board pynq-z2 --lanes 16

      snnfpga build network.safetensors --plan
    """
    from board.build import with_lanes
    from board.plan import check_target
    from board.registry import get
    from board.report import FitError, check_fit
    from rtl_gen.claim import claimed_file
    from rtl_gen.contract.network_file import read, read_notes

    from ..runs.find import find_network

    chosen = get(board)
    path = find_network(target)
    network = read(path)
    if lanes is not None:
        network = with_lanes(network, lanes)
    folder = out or Path("build") / f"{network.spec.name}-{chosen.name}"
    if not plan:
        at_end.enter_context(claimed_file(folder, "Build folder"))
    check_target(folder, overwrite=overwrite)
    try:
        check_fit(network.spec, chosen)
        if plan:
            _show_plan(network, chosen, folder, synthesis, as_json)
            return
        found = _build(network, chosen, folder, read_notes(path), synthesis, overwrite)
    except FitError as error:       # the table that says why comes before the line
        print_table(error.title, error.header, error.rows, to_stderr=as_json)
        raise
    if as_json:
        print_json(found)
    else:
        _show(found, folder)


def _show_plan(network: "Network", board: "Board", folder: Path, synthesis: bool, as_json: bool) -> None:
    from board.build import CORE, NETWORK
    from board.report import estimated_rows, report
    from board.toolchain import find, ready

    found = report(network.spec, board, resources=None, logic_delay_ps=None)
    steps = [f"write {folder}: {CORE}.v, sources of {board.top}, {NETWORK}, driver, report"]
    if synthesis:
        steps.append("count resources with Yosys")
    runs = len(ready(board.flow))
    steps += [f"run {shlex.join(stage.command)}" for stage in board.flow[:runs]]
    steps += [f"not run: {shlex.join(stage.command) if find(stage.tool) else f'{stage.tool} (not on the PATH)'}"
              for stage in board.flow[runs:]]
    if as_json:
        print_json({**found, "folder": str(folder), "steps": steps})
        return
    print_table(f"Plan for {network.spec.name} on {board.title}", ("what", "by formula"), [
        *estimated_rows(found),
        ("state for learning", f"{found['state_buffer_bits']} bits"),
        ("cycles of a sample", f"{found['cycles']['sample_silent']} silent .. {found['cycles']['sample_full']} full"),
        *((f"step {number}", step) for number, step in enumerate(steps, start=1))])


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
    rows = [("top", found["top"]), ("lanes", ", ".join(str(lanes) for lanes in found["lanes"]))]
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
