"""``snnfpga verify``: a build's hardware in a simulator against the integer reference."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtl_gen.contract.errors import FAILED, USAGE, SnnfpgaError, shown

from ..config.nearest import offer
from ..console import percent, print_json, print_table, progress, say

if TYPE_CHECKING:
    from sim.verify import Verification

SAMPLES = 40


def command(
    target: Annotated[Path | None, typer.Argument(help="A build's folder; none takes the newest build.",
                                                  show_default=False)] = None,
    simulator: Annotated[str | None, typer.Option(help="icarus or verilator; else Verilator where it is installed.",
                                                  show_default=False)] = None,
    samples: Annotated[int, typer.Option(help="Run and learn from so many training samples, drawn class by class.")
                       ] = SAMPLES,
    seed: Annotated[int, typer.Option(min=0, help="Draws the samples and their order.")] = 0,
    data: Annotated[str | None, typer.Option(help="A data set's name or the path of an .npz; else what the network was "
                                             "trained on.", show_default=False)] = None,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Run a build's hardware in a simulator, learning on, and compare it with the integer reference bit for bit.

    Compared are spikes and membranes (every other sample is halted after each step), answers, counters, and every
    weight, every 20 samples and at the end; each block takes every rate on the way. Any difference, or nothing to
    compare, is a failure: exit code 1. Every other sample is learned from as one of another class, or a network that
    answers well would learn from nothing.

    Simulated is core.v, the core alone. The sources of the board's top, which the vendor's tool takes and which hold
    the same core behind the processor's bus, are made anew from the build's network: each file must be equal.

    Examples:

      snnfpga verify

      snnfpga verify build/digits-pynq-z2 --simulator icarus --samples 4
    """
    from board import plan, registry
    from board.build import check_sources
    from rtl_gen.contract.network_file import read
    from sim.simulators import SIMULATORS

    from ..backends.simulated import check_place, preferred
    from ..backends.verification import check_record, facts, verify_build, windows_learned, write_record
    from ..data.fit import check_fit, lessons
    from ..data.source import load_data
    from ..runs.find import find_build
    from ..runs.network_data import data_of

    if simulator is not None and simulator not in SIMULATORS:
        raise SnnfpgaError(f"No simulator is called {shown(simulator)}; {offer(simulator, SIMULATORS)}", USAGE)
    folder = find_build(target)
    manifest = plan.verify(folder, facts=("network", "core", "board"))
    network_path = folder / str(manifest["network"])
    network = read(network_path)
    check_record(folder)
    check_place(network.spec, simulator)
    dataset = load_data(data_of(network_path, network.spec, data, data_root), labelled=("train",))
    check_fit(dataset, network.spec)
    split = lessons(dataset, samples, seed)
    with progress("making the board's sources anew", 2) as advance:
        sources = check_sources(folder, network.spec, registry.get(str(manifest["board"])))
        advance(1, "verifying in simulation")
        found = verify_build(folder, str(manifest["core"]), network, split, simulator or preferred())
        advance()
    values = facts(found, str(manifest["digest"]), sources)
    write_record(folder, values)
    if as_json:
        print_json(values)
    else:
        _show(found, folder, sources, windows_learned(found))
    if not windows_learned(found) and any(block.directives.learns for block in network.spec.blocks):
        say("No window was learned from, so that learning was not compared; raise --samples")
    _refuse_differences(found)


def _show(found: "Verification", folder: Path, sources: tuple[str, ...], windows: int) -> None:
    """Print what was compared, for people."""
    print_table(f"Verified {folder}", ("what", "measured"), [
        ("simulator", found.simulator), ("samples learned from", found.samples),
        ("windows learned from", windows),
        *((f"{kind} compared", number) for kind, number in found.compared.items()),
        ("mismatches", found.mismatches), ("made anew and equal", ", ".join(sources)),
        ("clock cycles", found.cycles),
        ("lane-cycles with a synaptic operation", percent(found.busy_lane_share))])


def _refuse_differences(found: "Verification") -> None:
    """Fail where a value differs, or where nothing was compared of some kind."""
    if found.mismatches:
        raise SnnfpgaError(f"{found.mismatches} values differ from the reference, first: {found.described[0]}; "
                           "the hardware is not what was specified", FAILED)
    lacking = [kind for kind, number in found.compared.items() if number == 0]
    if lacking:
        raise SnnfpgaError(f"Nothing was compared of: {', '.join(lacking)}; raise --samples", FAILED)
