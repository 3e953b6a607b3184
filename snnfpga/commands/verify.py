"""``snnfpga verify``: a build's hardware in a simulator against the integer reference."""

from pathlib import Path
from typing import Annotated

import typer

from ..api.defaults import VERIFIED
from ..console import print_json, print_shown


def command(
    target: Annotated[Path | None, typer.Argument(help="A build's folder; none takes the newest build.",
                                                  show_default=False)] = None,
    simulator: Annotated[str | None, typer.Option(help="icarus or verilator; else Verilator where it is installed.",
                                                  show_default=False)] = None,
    samples: Annotated[int | None, typer.Option(help="Run and learn from so many training samples, drawn class by "
                                                f"class; else {VERIFIED}, or all where there are fewer.",
                                                show_default=False)] = None,
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
    from ..api.verify import run

    found = run(target, simulator, samples, seed, data, data_root)
    if as_json:
        print_json(found.to_dict())
    else:
        print_shown(found)
    found.refuse_differences()
