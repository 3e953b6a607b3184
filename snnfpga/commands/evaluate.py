"""``snnfpga evaluate``: a network's accuracy on a backend, and how far that is from PyTorch."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtl_gen.contract.errors import FAILED, SnnfpgaError

from ..backends.registry import BACKENDS, check_name, described
from ..console import percent, print_json, print_table, progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..backends.evaluation import Measured
    from ..data.dataset import DataSet, Split
    from ..runs.scores import Scores

MATRIX = 16     # classes up to which the whole confusion matrix fits a terminal


def command(
    target: Annotated[Path | None, typer.Argument(help="A run's folder or a network file; none takes the newest run.",
                                                  show_default=False)] = None,
    backend: Annotated[str, typer.Option(help=f"{described(BACKENDS)}.")] = "torch",
    data: Annotated[str | None, typer.Option(help="A data set's name or the path of an .npz; else what the network was "
                                             "trained on.", show_default=False)] = None,
    samples: Annotated[int | None, typer.Option(help="So many test samples, drawn class by class; else all.",
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
    check_name(backend)
    found = run(target, backend, data, samples, seed, predictions, data_root)
    if as_json:
        print_json(found.facts())
    else:
        _show(found, predictions)
    differences = found.measured.differences
    if differences.total:
        raise SnnfpgaError(f"Backend {backend} must equal torch, and {differences.summary()} differ of "
                           f"{sum(differences.compared.values())} values compared; do not build this network, report "
                           "it", FAILED)


@dataclass(frozen=True)
class Evaluated:
    """What was measured.

    Attributes
    ----------
    path
        Of the network's file.
    data, half, split
        The data's name, which samples of it, and these.
    measured, scores
        On ``backend``.
    """

    path: Path
    backend: str
    data: str
    half: str
    split: "Split"
    measured: "Measured"
    scores: "Scores"

    def facts(self) -> dict[str, Any]:
        """What ``--json`` prints (docs/commands.md)."""
        differences, windows = self.measured.differences, self.measured.windows
        return {"backend": self.backend, "half": self.half, "samples": len(self.split), **self.scores.facts(),
                "accuracy": self.measured.accuracy(self.split), "differences": differences.total,
                "differing": differences.differing, "compared": differences.compared, "data": self.data,
                "network": str(self.path),
                **({} if windows is None else windows.facts(self.measured.sample_accuracy(self.split)))}


def run(target: Path | None, backend: str, data: str | None, samples: int | None, seed: int, predictions: Path | None,
        data_root: Path | None) -> Evaluated:
    """Measure, and write the table of predictions and, of all of a run's own test samples, its record."""
    from rtl_gen.contract.atomic import write_atomically
    from rtl_gen.contract.network_file import read

    from ..backends.evaluation import measure
    from ..backends.predictions import is_table, table
    from ..backends.registry import make
    from ..backends.windows import check_windows
    from ..data.fit import check_fit
    from ..data.source import load_data
    from ..runs.evaluation_record import facts, record_place, write_record
    from ..runs.find import find_network
    from ..runs.held_out import with_unseen
    from ..runs.network_data import data_of
    from ..runs.out_file import check_out
    from ..runs.scores import Scores

    path = find_network(target)
    network = read(path)
    if predictions is not None:
        check_out(predictions, is_table, "a table that snnfpga evaluate wrote", "name another file")
    dataset = load_data(data_of(path, network.spec, data, data_root), labelled=("test",))
    check_fit(dataset, network.spec)
    dataset, half = (dataset, "test") if data is not None else with_unseen(dataset, path)
    split, rows = _chosen(dataset, samples, seed)
    check_windows(network.spec.blocks[-1], split, f"data {dataset.name}, its test samples,")
    make(backend, network)              # refuses what it has no place for
    with progress(f"evaluating on {backend}", len(split)) as advance:
        measured = measure(network, split, backend, advance)
    scores = Scores.of(split.labels, measured.predictions, network.spec.classes)
    if predictions is not None:
        write_atomically(predictions, table(split, rows, measured.predictions, measured.answers))
    record = record_place(path)
    whole = data is None and samples is None and measured.windows is None
    if record is not None and whole and not measured.differences.total:
        write_record(record, facts(dataset.name, half, scores, path))
    return Evaluated(path, backend, dataset.name, half, split, measured, scores)


def _chosen(dataset: "DataSet", samples: int | None, seed: int) -> "tuple[Split, NDArray[np.int64] | None]":
    """The test samples asked for, numbered within the test split as ``rows``; and their rows in the file."""
    from dataclasses import replace

    import numpy as np

    from ..data.fit import some

    own = dataset.test.rows
    numbered = replace(dataset, test=replace(dataset.test, rows=np.arange(len(dataset.test))))
    split = some(numbered, "test", samples, seed)
    return split, None if own is None else own[split.rows]


def _show(found: Evaluated, predictions: Path | None) -> None:
    """Print what was measured, for people."""
    from ..backends.windows import rows_of
    from ..runs.held_out import WORDS

    split, scores, measured = found.split, found.scores, found.measured
    differences, (low, high), count = measured.differences, scores.interval, scores.samples
    print_table(f"Evaluated {found.path}", ("what", "measured"), [
        ("backend", found.backend), ("data", f"{found.data}, {len(split)} {WORDS[found.half]}"),
        *(rows_of(measured.windows, measured.sample_accuracy(split), count) if measured.windows is not None else (
            ("accuracy", percent(scores.accuracy, count)),
            ("  95 % interval", f"{percent(low, count)} .. {percent(high, count)}"),
            ("  balanced over the classes", percent(scores.balanced_accuracy, count)))),
        *((f"{name} that differ from torch", f"{differences.differing[name]} of {differences.compared[name]}")
          for name in differences.compared if found.backend != "torch"),
        *(("first of them", line) for line in differences.described[:1]),
        *([("predictions", predictions)] if predictions is not None else [])])
    _show_classes(scores)


def _show_classes(scores: "Scores") -> None:
    """Print how each class did, and what was taken for what."""
    from ..runs.scores import CLASS_HEADER, class_rows

    print_table("By class", CLASS_HEADER, class_rows(scores, percent))
    classes = len(scores.confusion)
    if classes <= MATRIX:
        print_table("Confusion", ("class, taken for", *map(str, range(classes))), [
            (label, *(count or "" for count in row)) for label, row in enumerate(scores.confusion.tolist())])
