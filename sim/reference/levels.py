"""A leaky readout: levels that leak each step, and how they are read. Integers only."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.readout import READINGS, ReadoutSpec

from .compiled import compiled
from .grid import Counts
from .readout import read_out
from .weight import weight_read

SUM, LAST, MAXIMUM = range(len(READINGS))
Int64Array = NDArray[np.int64]


class Levels(NamedTuple):
    """What a leaky readout keeps from step to step.

    Attributes
    ----------
    level
        (classes,).
    steps
        (1,): the steps of the sample so far.
    largest_at
        (classes,): the step of the sample whose level was the largest so far, of several the last.
    """

    level: Int64Array
    steps: Int64Array
    largest_at: Int64Array

    @classmethod
    def at_rest(cls, classes: int) -> "Levels":
        """Those at a sample's start."""
        return cls(np.zeros(classes, np.int64), np.zeros(1, np.int64), np.zeros(classes, np.int64))


def read_steps(readout: ReadoutSpec, stored: NDArray[np.int32], spikes: Counts, loss_start: int, levels: Levels,
               answer: Int64Array, logit: Int64Array) -> None:
    """As :func:`sim.reference.readout.read_out`, of a readout that leaks or does not.

    Parameters
    ----------
    levels
        Updated in place; of a readout that does not leak they stay at rest.
    """
    if readout.leak_shift is None:
        read_out(stored, readout.weight_bits, readout.shadow_bits, spikes, loss_start, answer, logit)
    else:
        _read_levels(stored, readout.weight_bits, readout.shadow_bits, readout.leak_shift,
                     READINGS.index(readout.reading), spikes, loss_start, *levels, answer, logit)


@compiled(nogil=True)
def _read_levels(stored: NDArray[np.int32], bits: int, shadow_bits: int, leak_shift: int, reading: int,
                 spikes: Counts, loss_start: int, level: Int64Array, so_far: Int64Array, largest_at: Int64Array,
                 answer: Int64Array, logit: Int64Array) -> None:
    steps, neurons = spikes.shape
    for p in range(steps):
        level -= level >> leak_shift
        for j in range(neurons):
            count = np.int64(spikes[p, j])
            if count:
                for c in range(level.shape[0]):
                    level[c] += count * weight_read(stored[j, c], bits, shadow_bits)
        if reading == SUM:
            answer += level
            if p >= loss_start:
                logit += level
        else:
            for c in range(level.shape[0]):
                if reading == LAST or so_far[0] == 0 or level[c] >= answer[c]:
                    answer[c] = level[c]
                    largest_at[c] = so_far[0]
            logit[:] = answer
        so_far[0] += 1
