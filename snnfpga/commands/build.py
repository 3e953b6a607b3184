"""``snnfpga build``: a network as a folder of sources, driver and report for a board; and its bitstream."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown

from ..console import print_json, print_shown

if TYPE_CHECKING:
    from ..api.shown import Table

EXAMPLES = {"--lanes": "16,8", "--reads": "2,1", "--ahead": "0,512"}      # one for each block


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
    ahead: Annotated[str | None, typer.Option(metavar="N[,N...]", help="Events that may wait in front of a block that "
                                              "learns: of every block, or one number for each; else what the network "
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

    Lanes, reads, memory, unroll and ahead change no bit of a result, so that no network has to be trained again for
    them: verify proves it. A build of other lanes has a folder of its own, as build/digits-pynq-z2-lanes8.

    Examples:

      snnfpga build

      snnfpga build runs/digits --board pynq-z2 --lanes 16

      snnfpga build runs/digits --lanes 32,8 --memory auto,distributed

      snnfpga build network.safetensors --plan --clock-mhz 50
    """
    from ..api.build import Asked, run, table_of
    from ..runs.find import find_network

    def told(table: "Table") -> None:
        print_shown(table, to_stderr=as_json)

    asked = Asked(lanes=_numbers("--lanes", lanes), reads=_numbers("--reads", reads),
                  memory=None if memory is None else memory.split(","), unroll=unroll,
                  ahead=_numbers("--ahead", ahead))
    found = run(asked, find_network(target), board, out, plan=plan, clock_mhz=clock_mhz, overwrite=overwrite,
                synthesis=synthesis, told=told)
    if as_json:
        print_json(found.to_dict())
    else:
        print_shown(found)
    if found.misfit is not None:        # the table that says why comes before the line
        told(table_of(found.misfit))
        raise found.misfit


def _numbers(option: str, text: str | None) -> list[int] | None:
    """The numbers of ``--lanes``, ``--reads`` or ``--ahead``, where they are given."""
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise SnnfpgaError(f"{option} must be a number, or one for each block as {EXAMPLES[option]}, not {shown(text)}",
                           USAGE) from None
