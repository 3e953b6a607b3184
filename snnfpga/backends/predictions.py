"""``--predictions FILE``: what a network answered to each sample, as a table of comma-separated values."""

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Split

HEAD = ("sample", "row", "label", "prediction")


def table(split: Split, rows: NDArray[np.int64] | None, predictions: NDArray[np.int64],
          answers: NDArray[np.int64]) -> bytes:
    """The table of N samples, one a line.

    Parameters
    ----------
    split
        The samples; their ``rows`` number them within their half, as ``snnfpga report --sample`` does.
    rows
        (N,): the place of each in the file or set that was cut into halves; None where that is not known, and the
        column is empty.
    predictions, answers
        (N,) the classes, and (N, classes) the last block's answers.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*HEAD, *(f"answer_{label}" for label in range(answers.shape[1]))])
    places = [""] * len(split) if rows is None else rows.tolist()
    for number, place, label, prediction, own in zip(split.rows.tolist(), places, split.labels.tolist(),
                                                     predictions.tolist(), answers.tolist(), strict=True):
        writer.writerow([number, place, label, prediction, *own])
    return text.getvalue().encode()


def is_table(path: Path) -> bool:
    """Whether this file is such a table."""
    with path.open("rb") as file:
        return file.read(100).startswith(",".join(HEAD).encode() + b",")
