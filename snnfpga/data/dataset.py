"""What every source of data becomes: binary spikes in steps, labels, and a split into train and test."""

import hashlib
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from .lazy import LazySpikes, content_of, selected, told

Spikes = NDArray[np.uint8]
Labels = NDArray[np.int64]


UNLABELLED = -1     # the label of a sample that has none


class DataError(SnnfpgaError, ValueError):
    """Data that cannot be used; one line names the thing, the rule, the offender and what to do."""

    exit_code = USAGE


@dataclass(frozen=True)
class Split:
    """Samples of one half of a data set.

    Attributes
    ----------
    spikes
        (N, T, inputs) uint8, 0 or 1, or where inputs count up to ``data.input_max``: an array, or what is indexed like
        one and makes it sample by sample.
    labels
        (N,) int64, 0 .. classes - 1; -1 for a sample that has none.
    lengths
        (N,) int64, 1 .. T: the steps that a sample has; those after them are silent. None: all have T.
    step_labels
        (N, T) int8, the label of each step, -1 where it has none; what is learned and measured goes by them then, and
        ``labels`` only says how samples are split and called. None: a sample has one label.
    rows
        (N,) int64: the place of each sample in the file or the set that was cut into halves, counted from 0. None where
        the halves came as such.
    """

    spikes: Spikes | LazySpikes
    labels: Labels
    lengths: NDArray[np.int64] | None = None
    step_labels: NDArray[np.int8] | None = None
    rows: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def draw(self, samples: int, seed: int) -> "Split":
        """``samples`` samples drawn by ``seed``, in the order they have here; all where there are no more.

        What is measured on a few must not be measured on the first few: a file may be sorted by class.
        """
        if samples >= len(self):
            return self
        return self.select(np.sort(np.random.default_rng(seed).permutation(len(self))[:samples]))

    def steps_of(self, sample: int) -> int:
        """Steps of one sample."""
        return self.spikes.shape[1] if self.lengths is None else int(self.lengths[sample])

    def select(self, index: slice | NDArray) -> "Split":
        """The samples at ``index``; lazy spikes stay so."""
        return Split(selected(self.spikes, index), self.labels[index],
                     *(None if values is None else values[index]
                       for values in (self.lengths, self.step_labels, self.rows)))


@dataclass(frozen=True)
class DataSet:
    """A named data set.

    Attributes
    ----------
    name
        As the registry or the file calls it.
    train, test
        The two halves. A file without a ``split`` of its own is cut 80/20, stratified.
    sensor
        (H, W, C): input ``(y * W + x) * C + c`` is pixel (y, x) of channel c.
    classes
        Labels are below this.
    """

    name: str
    train: Split
    test: Split
    sensor: tuple[int, int, int]
    classes: int

    @property
    def inputs(self) -> int:
        height, width, channels = self.sensor
        return height * width * channels

    @property
    def steps(self) -> int:
        return self.train.spikes.shape[1]

    def digest(self) -> str:
        """SHA-256, in hex, over the samples of both halves: other data gives another."""
        digest = hashlib.sha256()
        for split in (self.train, self.test):
            lengths = () if split.lengths is None else told(split.lengths)
            step_labels = () if split.step_labels is None else told(split.step_labels)
            for piece in chain(content_of(split.spikes), told(split.labels), lengths, step_labels):
                digest.update(piece)
        return digest.hexdigest()


def stratified(labels: Labels, seed: int, test_share: float = 0.2) -> NDArray[np.bool_]:
    """Mark ``test_share`` of each class as test, drawn by ``seed``.

    Returns
    -------
    (N,) bool, True where the sample is test.
    """
    rng = np.random.default_rng(seed)
    is_test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        is_test[members[:round(len(members) * test_share)]] = True
    return is_test


def assemble(name: str, spikes: Spikes | LazySpikes, labels: Labels, is_test: NDArray[np.bool_],
             sensor: tuple[int, int, int], classes: int, lengths: NDArray[np.int64] | None = None,
             step_labels: NDArray[np.int8] | None = None) -> DataSet:
    """Cut samples (N, T, inputs) into a :class:`DataSet`."""
    whole = Split(spikes, labels, lengths, step_labels, np.arange(len(labels)))
    return DataSet(name, whole.select(~is_test), whole.select(is_test), sensor, classes)
