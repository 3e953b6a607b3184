"""A trial: a network learns some lessons as ``snnfpga learn`` would, and is scored on samples it did not learn from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from board.host.schedule import DEFAULT, Schedule
from rtl_gen.contract.network import Network
from rtl_gen.contract.protocol import BLOCK_COUNTERS
from sim.reference.network import Reference

from ..data.dataset import Split

Spikes = NDArray[np.uint8]


@dataclass(frozen=True)
class Lessons:
    """Samples as the reference takes them: dense, each with its own steps.

    Attributes
    ----------
    spikes
        (N, T, inputs) uint8.
    labels
        (N,).
    lengths
        (N,) steps of each sample; None where all have T.
    """

    spikes: Spikes
    labels: NDArray[np.int64]
    lengths: NDArray[np.int64] | None

    @classmethod
    def of(cls, split: Split, chosen: NDArray[np.int64]) -> "Lessons":
        """The samples of ``split`` with the numbers ``chosen``, in that order."""
        part = split.select(chosen)
        return cls(np.ascontiguousarray(part.spikes[:]), part.labels, part.lengths)

    def __len__(self) -> int:
        return len(self.labels)

    def with_spikes(self, spikes: Spikes) -> "Lessons":
        """The same samples with other events; after a sample's end there are none."""
        return replace(self, spikes=spikes)

    def select(self, index: NDArray) -> "Lessons":
        return Lessons(self.spikes[index], self.labels[index], None if self.lengths is None else self.lengths[index])

    def joined(self, other: "Lessons") -> "Lessons":
        """These and then those of ``other``."""
        lengths = None if self.lengths is None or other.lengths is None else np.concatenate(
            (self.lengths, other.lengths))
        return Lessons(np.concatenate((self.spikes, other.spikes)), np.concatenate((self.labels, other.labels)),
                       lengths)

    def samples(self, count: int | None = None) -> list[tuple[Spikes, int]]:
        """The first ``count`` samples, or all, each with its label."""
        return [(self.spikes[i] if self.lengths is None else self.spikes[i, :self.lengths[i]], int(self.labels[i]))
                for i in range(len(self) if count is None else min(count, len(self)))]


def learned(network: Network, lessons: Lessons, order: NDArray[np.int64], expected: float,
            counters: dict[str, int] | None = None, schedule: str = DEFAULT) -> Network:
    """What ``network`` becomes by ``lessons`` in this order, where a share ``expected`` of wrong answers is usual.

    Counts are added to ``counters``.
    """
    reference, course = Reference(network), Schedule(schedule, network.rates, len(order), expected)
    for spikes, label in lessons.select(order).samples():
        reference.rates = list(course.rates(label))
        course.answered(label, reference.run(spikes, label, learn=True).prediction == label)
    if counters is not None:
        for block in reference.counters:
            for name in BLOCK_COUNTERS:
                counters[name] = counters.get(name, 0) + block[name]
    return replace(reference.network(), rates=network.rates)


def accuracy(network: Network, scores: Lessons) -> float:
    """Share of ``scores`` that ``network`` answers right."""
    reference = Reference(network)
    right = sum(reference.run(spikes, 0, learn=False).prediction == label for spikes, label in scores.samples())
    return right / max(len(scores), 1)


def orders(lessons: int, count: int, seed: int) -> Sequence[NDArray[np.int64]]:
    """``count`` orders of so many lessons."""
    return [np.random.default_rng([seed, number]).permutation(lessons) for number in range(count)]
