"""Answers to labelled windows, where steps have labels: how many are right, what is taken for what, and when."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.spec import NetworkSpec

from ..data.dataset import DataError, Split
from ..data.step_labels import of_windows, windows_there
from ..runs.scores import Scores, independent
from .backend import Trace


class WindowScore:
    """What the last block answered to the labelled windows of samples: docs/arithmetic.md, End of a window.

    Parameters
    ----------
    block
        The block that answers.
    split
        Samples whose steps have labels.

    Attributes
    ----------
    confusion
        (classes, classes): windows with the label of the row that were answered with the class of the column.
    by_window
        (W, 2): of the first window of samples, of the second and so on, those answered right, and all labelled ones.
    by_sample
        (N, 2): the same of each sample.
    """

    def __init__(self, block: BlockSpec, split: Split) -> None:
        self.labels = of_windows(split.step_labels, block.window, block.loss_steps, split.lengths)
        classes = block.readout.classes
        self.confusion = np.zeros((classes, classes), np.int64)
        self.by_window = np.zeros((self.labels.shape[1], 2), np.int64)
        self.by_sample = np.zeros((len(self.labels), 2), np.int64)

    def add(self, sample: int, trace: Trace) -> None:
        """Take what a sample, by number, left."""
        assert trace.windows is not None
        answers = trace.windows[-1].argmax(1)       # argmax takes the lowest of equal ones
        labels = self.labels[sample, :len(answers)]
        known = labels >= 0
        np.add.at(self.confusion, (labels[known], answers[known]), 1)
        self.by_window[:len(answers), 0] += known & (labels == answers)
        self.by_window[:len(answers), 1] += known
        self.by_sample[sample] = np.sum(known & (labels == answers)), np.sum(known)

    @property
    def right(self) -> int:
        """Windows answered right."""
        return int(self.confusion.trace())

    @property
    def labelled(self) -> int:
        """Labelled windows."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share of labelled windows that are answered right."""
        return self.right / self.labelled

    @property
    def scores(self) -> Scores:
        """The windows as scores, whose interval takes those of a sample for as alike as they are."""
        return Scores(self.confusion, "windows", independent(*self.by_sample.T))

    def facts(self, samples: Scores) -> dict[str, Any]:
        """What ``--json`` says beside the scores of windows; ``samples`` are those of whole samples."""
        return {"labelled_windows": self.labelled, "of_samples": samples.facts(),
                "by_window": [{"right": right, "labelled": labelled} for right, labelled in self.by_window.tolist()]}


def check_windows(block: BlockSpec, split: Split, thing: str) -> None:
    """Refuse samples of which no window can be answered right.

    Raises
    ------
    DataError
        If steps have labels, and no window has one.
    """
    if split.step_labels is None:
        return
    if not (of_windows(split.step_labels, block.window, block.loss_steps, split.lengths) >= 0).any():
        raise DataError(f"There must be a labelled window among those of {thing} and none of {block.window} steps has "
                        "a label; take more samples, or label more steps")


def unlabelled(spec: NetworkSpec, split: Split) -> int:
    """Windows, of all blocks that learn, that are not learned from as they, or their samples, have no label."""
    return sum(_unlabelled(block, split) for block in spec.blocks if block.directives.learns)


def _unlabelled(block: BlockSpec, split: Split) -> int:
    shape = len(split), split.spikes.shape[1]
    there = windows_there(shape, block.window, block.loss_steps, split.lengths)
    there &= np.arange(there.shape[1]) % block.update_interval == block.update_interval - 1
    labels: NDArray[np.int64] = split.labels[:, None]
    if split.step_labels is not None:
        labels = of_windows(split.step_labels, block.window, block.loss_steps, split.lengths)
    return int((there & (labels < 0)).sum())
