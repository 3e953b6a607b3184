"""What the levels of a leaky readout tell the steps before them: feedback, and what its rows count. Integers only."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.arithmetic import is_read, level_factors
from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.readout import ReadoutSpec

from .grid import Counts
from .levels import Levels

Int64Array = NDArray[np.int64]


def steps_read(readout: ReadoutSpec, levels: Levels, start: int, steps: int) -> Int64Array:
    """Steps of a window of ``steps``, for each class, (classes,), up to the last level that is read.

    That is all of them; where the largest level is read those up to its step, and 0 where that was before the
    window's ``start`` in the sample.
    """
    if readout.reading != "maximum":
        return np.full(readout.classes, steps, np.int64)
    return np.maximum(levels.largest_at - start + 1, 0)


def by_steps(error: Int64Array, until: Int64Array) -> Iterator[tuple[int, Int64Array]]:
    """The classes of as many steps together: that number, and the errors (classes,) of them, 0 of the others."""
    for steps in np.unique(until[error != 0]):
        yield int(steps), np.where(until == steps, error, 0)


def taken(block: BlockSpec, rows: Int64Array, until: int, steps: int) -> Int64Array:
    """Feedback of ``rows``, (rows,), at the positions of a window, (steps, rows), whose levels are read.

    ``until`` is how many steps the last of them has behind it.
    """
    read = np.array([p < until and is_read(block, p, until) for p in range(steps)])
    return np.where(read[:, None], rows, 0)


def carried_back(leak_shift: int, found: Int64Array) -> Int64Array:
    """Feedback of all positions, (steps, rows), from what each has of its own level: it leaks as levels do."""
    found = found.copy()
    for p in range(len(found) - 2, -1, -1):
        later = found[p + 1]
        found[p] += later - np.sign(later) * (np.abs(later) >> leak_shift)
    return found


def of_positions(block: BlockSpec, rows: Int64Array, steps: int) -> Int64Array:
    """Feedback (steps, rows) at all positions of a window from that of ``rows``, (rows,), whose errors are all read to
    its end: of a readout that does not leak, or is read by its sum or its last level.
    """
    found = taken(block, rows, steps, steps)
    return found if block.readout.leak_shift is None else carried_back(block.readout.leak_shift, found)


def counted(block: BlockSpec, read: Counts, error: Int64Array, until: int) -> tuple[Counts, Int64Array]:
    """What a readout's update sums over the window: what came (until, rows), and errors (until, classes) as they count.

    What counts nothing any more has not come.
    """
    factors = np.array(level_factors(block, until), np.int64)[:, None]
    return np.where(factors > 0, read[:until], 0).astype(read.dtype), factors * error
