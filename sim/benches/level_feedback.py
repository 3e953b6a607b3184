"""Feedback of rows as a bench gives it, position by position, and what neurons are told by it."""

from collections.abc import Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.block import BlockSpec

from ..reference.level_credit import carried_back, of_positions

__all__ = ["given", "of_each", "told"]


def of_each(block: BlockSpec) -> bool:
    """Whether the feedback of each position of a window is another, so that who reads it says of which."""
    return block.readout.reading == "maximum"


def given(block: BlockSpec, feedback: Sequence[int], steps: int, rng: Random) -> NDArray[np.int64]:
    """Feedback at each position, (steps, rows): the same at all, or of each the ``feedback`` of rows at some of them.

    Those are no more than the classes that are read at them, and at others no row has any; where nothing is divided
    what rows have at all positions is no more than the largest at one, and so they have it at one.
    """
    found = np.tile(np.asarray(feedback, np.int64), (steps, 1))
    if of_each(block):
        read = rng.sample(range(steps), rng.randint(1, min(steps, block.readout.classes)))
        for row in range(found.shape[1]):
            at = read if block.readout.feedback_shift is not None else [rng.choice(read)]
            found[[p for p in range(steps) if p not in at], row] = 0
    return found


def told(block: BlockSpec, feedback: NDArray[np.int64]) -> NDArray[np.int64]:
    """What rows are told by feedback that was :func:`given`, (steps, rows)."""
    if of_each(block):
        return carried_back(block.readout.leak_shift, feedback)
    return of_positions(block, feedback[0], len(feedback))
