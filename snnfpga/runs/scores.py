"""How well predictions meet the labels: accuracy and how sure it is, by class, and what was taken for what."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SURE = 0.95         # of the interval


def wilson(right: float, samples: float) -> tuple[float, float]:
    """The 95 % interval of an accuracy of ``right`` of ``samples``, as shares; (0, 1) of no sample.

    Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American Statistical
    Association 22, 1927: unlike the normal one it stays within 0 and 1, and is fit for few samples and for all right.
    """
    if not samples:
        return 0.0, 1.0
    z, share = NormalDist().inv_cdf((1 + SURE) / 2), right / samples
    scale = 1 + z * z / samples
    middle = (share + z * z / (2 * samples)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / samples + z * z / (4 * samples * samples))
    # At the ends the sums are exact but for rounding.
    return (0.0 if not right else middle - half), (1.0 if right == samples else middle + half)


def independent(right: ArrayLike, of: ArrayLike) -> float:
    """As how many things drawn one by one those of several samples tell of their accuracy: things of a sample are often
    right together.

    Korn and Graubard, Confidence intervals for proportions with small expected number of positive counts estimated
    from survey data, Survey Methodology 24, 1998: the variance of one such thing over that of the share.

    Parameters
    ----------
    right, of
        (N,) for each sample: the things that are right, and all of them.
    """
    right, of = np.asarray(right, np.float64), np.asarray(of, np.float64)
    total, samples = of.sum(), np.count_nonzero(of)
    share = right.sum() / total
    spread = ((right - share * of) ** 2).sum()
    if samples < 2 or not spread:       # nothing tells how alike those of a sample are: they count as one
        return float(samples)
    variance = samples / (samples - 1) * spread / total ** 2
    return float(min(total, share * (1 - share) / variance))


@dataclass(frozen=True)
class Scores:
    """What became of samples with a label, or of windows.

    Attributes
    ----------
    confusion
        (classes, classes): how many samples of the row's class were taken for the column's.
    unit
        What is counted, ``samples`` or ``windows``.
    independent
        So many that are drawn one by one leave as much open as these do; None for as many as there are.
    """

    confusion: NDArray[np.int64]
    unit: str = "samples"
    independent: float | None = None

    @classmethod
    def of(cls, labels: ArrayLike, predictions: ArrayLike, classes: int) -> "Scores":
        """The scores of ``predictions`` (N,) for ``labels`` (N,); samples without a label (-1) do not count."""
        labels, predictions = np.asarray(labels, np.int64), np.asarray(predictions, np.int64)
        known = labels >= 0
        pairs = labels[known] * classes + predictions[known]
        return cls(np.bincount(pairs, minlength=classes * classes).reshape(classes, classes))

    @property
    def samples(self) -> int:
        return int(self.confusion.sum())

    @property
    def class_samples(self) -> list[int]:
        """Samples of each class."""
        return self.confusion.sum(1).tolist()

    @property
    def right(self) -> int:
        return int(np.trace(self.confusion))

    @property
    def accuracy(self) -> float:
        """Share of the samples that are right; NaN of none."""
        return self.right / self.samples if self.samples else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The accuracy's 95 % interval: what samples drawn as these were leave open, not how runs differ."""
        if self.independent is None or not self.samples:
            return wilson(self.right, self.samples)
        return wilson(self.accuracy * self.independent, self.independent)

    @property
    def class_accuracies(self) -> list[float | None]:
        """Share of each class that is right; None of a class without samples."""
        return [row[c] / count if count else None
                for c, (row, count) in enumerate(zip(self.confusion.tolist(), self.class_samples, strict=True))]

    @property
    def balanced_accuracy(self) -> float:
        """The mean over the classes that have samples, each counting alike; NaN of no sample."""
        found = [share for share in self.class_accuracies if share is not None]
        return sum(found) / len(found) if found else math.nan

    def mistakes(self, label: int, most: int = 3) -> list[tuple[int, int]]:
        """What samples of a class were taken for, and how many: the most frequent first, of equals the lowest."""
        row = [(int(count), other) for other, count in enumerate(self.confusion[label]) if count and other != label]
        return [(other, count) for count, other in sorted(row, key=lambda pair: (-pair[0], pair[1]))[:most]]

    def facts(self) -> dict[str, Any]:
        """What ``--json`` prints and ``evaluate.json`` holds of them."""
        return {"accuracy": self.accuracy, "interval": list(self.interval),
                "balanced_accuracy": self.balanced_accuracy, f"class_{self.unit}": self.class_samples,
                "class_accuracies": self.class_accuracies, "confusion": self.confusion.tolist()}


def class_rows(scores: Scores, percent: Any) -> list[Sequence[object]]:
    """Rows for a table of classes: the class, its samples, its accuracy, and what it was taken for."""
    return [(label, count, "no sample" if share is None else percent(share, count),
             ", ".join(f"{other} ({times})" for other, times in scores.mistakes(label)) or "")
            for label, (count, share) in enumerate(zip(scores.class_samples, scores.class_accuracies, strict=True))]


CLASS_HEADER = ("class", "samples", "right", "taken for (how often)")
