"""Rate shifts by scale: each layer is to move by about the same share of itself, whatever its size and its data.

What an update adds depends on how many inputs are active, how many windows a sample has, how large credits are and how
large weights. All of that is in one number that can be measured: how far the weights of a layer move in one sample
that is answered wrong, as a share of what they are.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.network import Network
from sim.reference.network import Reference

from .rates import BlockShifts, with_shifts
from .trials import Lessons

# Root mean square of a sample's change over that of the weights, at the fastest step of the schedule. Measured
# on digits-events, where larger steps forgot what was known; other sets are within a factor of two of it.
MOVE = 0.005
SAMPLES = 32


def scaled(network: Network, lessons: Lessons, shifts: Sequence[BlockShifts], interval: int) -> list[BlockShifts]:
    """Shifts by which the first lessons move each layer and readout by :data:`MOVE` of its weights.

    Parameters
    ----------
    shifts
        The shifts to measure with; what does not move at all keeps them.
    """
    reference = Reference(with_shifts(network, shifts, interval))
    squares: list[list[float]] = [[0.0] * (block.depth + 1) for block in network.spec.blocks]
    learned = lessons.samples(SAMPLES)
    for spikes, label in learned:
        before = reference.network()
        reference.run(spikes, label, learn=True)
        after = reference.network()
        for b in range(len(squares)):
            for index, (old, new) in enumerate(zip((*before.weights[b], before.readouts[b]),
                                                   (*after.weights[b], after.readouts[b]), strict=True)):
                squares[b][index] += _square(old, new)
    found = []
    for own, moves in zip(shifts, squares, strict=True):
        *layers, readout = (_nearest(math.sqrt(move / max(len(learned), 1))) for move in moves)
        found.append(BlockShifts(tuple(max(0, shift + by) for shift, by in zip(own.layers, layers, strict=True)),
                                 max(0, own.readout + readout)))
    return found


def _square(old: NDArray[np.int32], new: NDArray[np.int32]) -> float:
    """Mean square of the change over that of the weights."""
    change, size = new.astype(np.float64) - old, old.astype(np.float64)
    return float((change ** 2).mean() / max((size ** 2).mean(), 1.0))


def _nearest(move: float) -> int:
    """By how much the shift must grow for a move of :data:`MOVE`."""
    return round(math.log2(move / MOVE)) if move else 0
