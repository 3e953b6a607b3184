"""``snnfpga evaluate``: a network's accuracy on a backend, and how far that is from PyTorch."""

from pathlib import Path
from typing import Annotated

import typer

from rtl_gen.contract.errors import FAILED, SnnfpgaError

from ..backends.registry import BACKENDS, check_name, described
from ..console import percent, print_json, print_table, progress


def command(
    target: Annotated[Path | None, typer.Argument(help="A run's folder or a network file; none takes the newest run.",
                                                  show_default=False)] = None,
    backend: Annotated[str, typer.Option(help=f"{described(BACKENDS)}.")] = "torch",
    data: Annotated[str | None, typer.Option(help="A data set's name or the path of an .npz; else what the network was "
                                             "trained on.", show_default=False)] = None,
    samples: Annotated[int | None, typer.Option(help="So many test samples, drawn class by class; else all.",
                                                show_default=False)] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws the samples.")] = 0,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data sets that are not embedded.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Measure a network's accuracy on test samples, and compare the backends spike by spike.

    The reference computes in integers what the hardware computes; rtl is the generated hardware itself, in Verilator or
    Icarus. Every spike, membrane, answer and prediction of either is compared with PyTorch's; any difference is a
    failure: exit code 1.

    Examples:

      snnfpga evaluate

      snnfpga evaluate runs/digits --backend reference

      snnfpga evaluate runs/digits --backend rtl --samples 40

      snnfpga evaluate network.safetensors --data drifted.npz --samples 100
    """
    from rtl_gen.contract.network_file import read

    from ..backends.evaluation import measure
    from ..backends.registry import make
    from ..backends.windows import check_windows, rows_of
    from ..data.fit import check_fit, some
    from ..data.source import load_data
    from ..runs.find import find_network
    from ..runs.network_data import data_of

    check_name(backend)
    path = find_network(target)
    network = read(path)
    dataset = load_data(data_of(path, network.spec, data, data_root))
    check_fit(dataset, network.spec)
    split = some(dataset, "test", samples, seed)
    check_windows(network.spec.blocks[-1], split, f"data {dataset.name}, its test samples,")
    make(backend, network).check(split, f"data {dataset.name}")
    with progress(f"evaluating on {backend}", len(split)) as advance:
        measured = measure(network, split, backend, advance)
    found, accuracy, windows = measured.differences, measured.accuracy(split), measured.windows
    if as_json:
        print_json({"backend": backend, "samples": len(split), "accuracy": accuracy, "differences": found.total,
                    "differing": found.differing, "compared": found.compared, "data": dataset.name,
                    "network": str(path),
                    **({} if windows is None else windows.facts(measured.sample_accuracy(split)))})
    else:
        print_table(f"Evaluated {path}", ("what", "measured"), [
            ("backend", backend), ("data", f"{dataset.name}, {len(split)} test samples"),
            *((("accuracy", percent(accuracy)),) if windows is None else
              rows_of(windows, measured.sample_accuracy(split))),
            *((f"{name} that differ from torch", f"{found.differing[name]} of {found.compared[name]}")
              for name in found.compared if backend != "torch"),
            *(("first of them", line) for line in found.described[:1])])
    if found.total:
        raise SnnfpgaError(f"Backend {backend} must equal torch, and {found.summary()} differ of "
                           f"{sum(found.compared.values())} values compared; do not build this network, report it",
                           FAILED)
