"""``snnfpga evaluate``: a network's accuracy on a backend, and how far that is from PyTorch."""

from pathlib import Path
from typing import Annotated

import typer

from ..backends.registry import BACKENDS, check_name, check_simulator, described
from ..console import print_json, print_shown


def command(
    target: Annotated[Path | None, typer.Argument(help="A run's folder or a network file; none takes the newest run.",
                                                  show_default=False)] = None,
    backend: Annotated[str, typer.Option(help=f"{described(BACKENDS)}.")] = "torch",
    simulator: Annotated[str | None, typer.Option(help="Of --backend rtl: icarus or verilator; else Verilator where it "
                                                  "is installed.", show_default=False)] = None,
    data: Annotated[str | None, typer.Option(help="A data set's name or the path of an .npz; else what the network was "
                                             "trained on.", show_default=False)] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="So many test samples, drawn class by class; else all.",
                                                show_default=False)] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws the samples.")] = 0,
    predictions: Annotated[Path | None, typer.Option(help="Write each sample's label, prediction and answers as "
                                                     "comma-separated values.", show_default=False)] = None,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Measure a network's accuracy on test samples, by class, and compare the backends spike by spike.

    The 95 % interval is what so few samples leave open; the balanced accuracy counts every class alike. Where the data
    has no test split, the training samples that were held out to validate by are measured, and named so.

    The reference computes in integers what the hardware computes; rtl is the generated hardware itself, in Verilator or
    Icarus. Every spike, membrane, answer and prediction of either is compared with PyTorch's; any difference is a
    failure: exit code 1.

    Examples:

      snnfpga evaluate

      snnfpga evaluate runs/digits --backend reference

      snnfpga evaluate runs/digits --predictions digits.csv

      snnfpga evaluate runs/digits --backend rtl --samples 40

      snnfpga evaluate network.safetensors --data drifted.npz --samples 100
    """
    from ..api.evaluate import run
    from ..runs.find import find_network

    check_name(backend)
    check_simulator(simulator, backend)
    found = run(find_network(target), backend, simulator, data, samples, seed, predictions, data_root)
    if as_json:
        print_json(found.to_dict())
    else:
        print_shown(found)
    found.refuse_differences()
