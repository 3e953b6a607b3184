"""A network's accuracy on a backend, and how far that is from PyTorch."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtl_gen.contract.errors import FAILED, SnnfpgaError

from ..backends.registry import check_name, check_simulator
from ..console import percent, progress
from .arguments import Count, OnLine, OnProgress, Place, Seed, checked
from .data import Given, named
from .network import located
from .scope import verb
from .shown import Shown, Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..backends.evaluation import Measured
    from ..data.dataset import DataSet, Split
    from ..runs.scores import Scores

MATRIX = 16     # classes up to which the whole confusion matrix fits a terminal


@dataclass(frozen=True, repr=False)
class Evaluated(Shown):
    """What was measured.

    Attributes
    ----------
    path
        Of the network's file.
    data, half, split
        The data's name, which samples of it, and these.
    measured
        On ``backend``.
    sample_scores
        How samples did as a whole, where steps have labels by their most frequent or own label.
    table
        The file of predictions that was written; None where none was.
    """

    path: Path
    backend: str
    data: str
    half: str
    split: "Split"
    measured: "Measured"
    sample_scores: "Scores"
    table: Path | None = None

    @property
    def scores(self) -> "Scores":
        """How the samples did, or where steps have labels the labelled windows; ``unit`` says which."""
        return self.sample_scores if self.measured.windows is None else self.measured.windows.scores

    @property
    def accuracy(self) -> float:
        """The share that is right: of samples, or where steps have labels of labelled windows."""
        return self.measured.accuracy(self.split)

    @property
    def predictions(self) -> "NDArray[np.int64]":
        """(N,): the class that each sample was taken for."""
        return self.measured.predictions

    @property
    def answers(self) -> "NDArray[np.int64]":
        """(N, classes): what the last block's readout holds for each class."""
        return self.measured.answers

    @property
    def labels(self) -> "NDArray[np.int64]":
        """(N,): the class that each sample is of, -1 where it has none."""
        return self.split.labels

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as ``snnfpga evaluate --json`` prints them (docs/commands.md)."""
        differences, windows = self.measured.differences, self.measured.windows
        return {"backend": self.backend, "half": self.half, "samples": len(self.split), "unit": self.scores.unit,
                **self.scores.facts(), "accuracy": self.accuracy, "differences": differences.total,
                "differing": differences.differing, "compared": differences.compared, "data": self.data,
                "network": str(self.path),
                **({} if windows is None else windows.facts(self.sample_scores))}

    def tables(self) -> list[Table]:
        """What was measured, how each class did, and what was taken for what."""
        from ..runs.held_out import WORDS
        from ..runs.scores import CLASS_HEADER, class_rows

        split, scores, measured = self.split, self.scores, self.measured
        differences, (low, high), count, of = measured.differences, scores.interval, scores.samples, self.sample_scores
        windows = measured.windows is not None
        measurements = Table(f"Evaluated {self.path}", ("what", "measured"), [
            ("backend", self.backend), ("data", f"{self.data}, {len(split)} {WORDS[self.half]}"),
            ("accuracy of labelled windows", f"{percent(scores.accuracy, count)}, {scores.right} of {count}")
            if windows else ("accuracy", percent(scores.accuracy, count)),
            ("  95 % interval", f"{percent(low, count)} .. {percent(high, count)}"),
            ("  balanced over the classes", percent(scores.balanced_accuracy, count)),
            *([("accuracy of samples, by their most frequent or own label", percent(of.accuracy, of.samples))]
              if windows else []),
            *((f"{name} that differ from torch", f"{differences.differing[name]} of {differences.compared[name]}")
              for name in differences.compared if self.backend != "torch"),
            *(("first of them", line) for line in differences.described[:1]),
            *([("predictions", self.table)] if self.table is not None else [])])
        classes = len(scores.confusion)
        by_class = Table("By class", ("class", scores.unit, *CLASS_HEADER[2:]), class_rows(scores, percent))
        return [measurements, by_class, *([
            Table("Confusion", ("class, taken for", *map(str, range(classes))), [
                (label, *(count or "" for count in row)) for label, row in enumerate(scores.confusion.tolist())])]
            if classes <= MATRIX else [])]

    def refuse_differences(self) -> None:
        """Raise where any value differs from PyTorch's: the backend does not compute this network."""
        differences = self.measured.differences
        if differences.total:
            raise SnnfpgaError(
                f"Backend {self.backend} must equal torch, and {differences.summary()} differ of "
                f"{sum(differences.compared.values())} values compared; do not build this network, report it", FAILED)


@checked
def evaluate(network: Any, *, backend: str = "torch", simulator: str | None = None, data: Given = None,
             samples: Count | None = None, seed: Seed = 0, predictions: Place | None = None,
             data_root: Place | None = None, on_progress: OnProgress = None,
             on_line: OnLine = None) -> Evaluated:
    """Measure a network on test samples, as ``snnfpga evaluate`` does.

    Parameters
    ----------
    network
        A :class:`snnfpga.Network`, what a verb gave back with one, a run's folder, or the path of a network file.
    backend
        ``torch``, ``reference``, or ``rtl``: the hardware in a simulator. Spikes, membranes, answers and predictions of
        the last two are compared with PyTorch's.
    simulator
        Of ``rtl``: ``icarus`` or ``verilator``; None for Verilator where it is installed.
    data
        As :func:`snnfpga.train` takes it; None for what the network was trained on. Samples in memory without a split
        are all test samples; of a file a fifth are.
    samples, seed
        So many test samples, drawn class by class; None for all.
    predictions
        A file to write, with each sample's label, prediction and answers as comma-separated values.
    data_root
        Folder of the data sets that are not embedded.
    on_progress, on_line
        As :func:`snnfpga.train`.

    Raises
    ------
    SnnfpgaError
        What the command line says in one line; and if any value differs from PyTorch's.
    """
    with verb(on_progress, on_line), located(network) as path, named(data, half="test") as name:
        found = run(path, backend, simulator, name, samples, seed, None if predictions is None else Path(predictions),
                    None if data_root is None else Path(data_root))
        found.refuse_differences()
        return found


def run(path: Path, backend: str, simulator: str | None, data: str | None, samples: int | None, seed: int,
        predictions: Path | None, data_root: Path | None) -> Evaluated:
    """Measure the network at ``path``; write the table of predictions and, of all of a run's own test samples, its
    record.
    """
    from rtl_gen.contract.atomic import write_atomically
    from rtl_gen.contract.network_file import read

    from ..backends.evaluation import measure
    from ..backends.predictions import is_table, table
    from ..backends.registry import make
    from ..backends.windows import check_windows
    from ..data.fit import check_fit
    from ..data.source import load_data
    from ..runs.evaluation_record import facts, record_place, write_record
    from ..runs.held_out import with_unseen
    from ..runs.network_data import data_of
    from ..runs.out_file import check_out
    from ..runs.scores import Scores

    check_name(backend)
    check_simulator(simulator, backend)
    network = read(path)
    if predictions is not None:
        check_out(predictions, is_table, "a table that snnfpga evaluate wrote", "name another file")
    make(backend, network, simulator)              # refuses what it has no place for
    dataset = load_data(data_of(path, network.spec, data, data_root), labelled=("test",))
    check_fit(dataset, network.spec)
    dataset, half = (dataset, "test") if data is not None else with_unseen(dataset, path)
    split, rows = _chosen(dataset, samples, seed)
    check_windows(network.spec.blocks[-1], split, f"data {dataset.name}, its test samples,")
    with progress(f"evaluating on {backend}", len(split)) as advance:
        measured = measure(network, split, backend, advance, simulator)
    scores = Scores.of(split.labels, measured.predictions, network.spec.classes)
    if predictions is not None:
        write_atomically(predictions, table(split, rows, measured.predictions, measured.answers))
    record = record_place(path)
    whole = data is None and samples is None and measured.windows is None
    if record is not None and whole and not measured.differences.total:
        write_record(record, facts(dataset.name, half, scores, path))
    return Evaluated(path, backend, dataset.name, half, split, measured, scores, predictions)


def _chosen(dataset: "DataSet", samples: int | None, seed: int) -> "tuple[Split, NDArray[np.int64] | None]":
    """The test samples asked for, numbered within the test split as ``rows``; and their rows in the file."""
    from dataclasses import replace

    import numpy as np

    from ..data.fit import some

    own = dataset.test.rows
    numbered = replace(dataset, test=replace(dataset.test, rows=np.arange(len(dataset.test))))
    split = some(numbered, "test", samples, seed)
    return split, None if own is None else own[split.rows]
