"""One read, one exact sum, one rounding, one write for each weight and window. Integers only."""

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .grid import Counts

Int64Array = NDArray[np.int64]
Writes = tuple[int, int, int, int]      # updates, values changed, non-zero deltas rounded to 0, saturations


@compiled(nogil=True)
def write_row(stored: NDArray[np.int32], row: int, stored_bits: int, rate_shift: int, addend: int,
              delta: Int64Array) -> tuple[int, int, int]:
    """Write one row of ``stored``, (rows, columns), by its sums ``delta``, (columns,), as :func:`update` does.

    Returns
    -------
    tuple
        Values changed, non-zero deltas rounded to 0, saturations.
    """
    low, high = -(1 << (stored_bits - 1)), (1 << (stored_bits - 1)) - 1
    written = 0
    underflows = 0
    saturations = 0
    for j in range(delta.shape[0]):
        # A delta of 0 rounds to 0 under either rounding, so columns without credit need no branch.
        change = (delta[j] + addend) >> rate_shift
        wanted = stored[row, j] - change
        value = min(max(wanted, low), high)
        written += value != stored[row, j]
        underflows += (delta[j] != 0) & (change == 0)
        saturations += value != wanted
        stored[row, j] = value
    return written, underflows, saturations


@compiled(nogil=True)
def update(stored: NDArray[np.int32], stored_bits: int, rate_shift: int, addend: Int64Array,
           active: Counts, bias: int, credit: Int64Array) -> Writes:
    """Learn from a window: ``stored = saturate(stored - ((delta + addend) >> rate_shift), stored_bits)`` in place.

    ``delta[i, j]`` is the sum of ``active[p, i] * credit[p, j]`` over the positions p, exact.

    Parameters
    ----------
    stored
        (rows, columns), updated in place.
    addend
        (rows,), what makes the shift round; see :func:`sim.reference.rounding.addends`.
    active
        (R, inputs), how many events came; with a bias, the last row is active throughout. Rows between them stay.
    credit
        (R, columns).

    Returns
    -------
    tuple
        Updates (active rows times columns with a credit), values changed, non-zero deltas rounded to 0, saturations.
    """
    steps, inputs = active.shape
    rows, columns = stored.shape
    live = 0
    for j in range(columns):
        for p in range(steps):
            if credit[p, j]:
                live += 1
                break
    updates = 0
    written = 0
    underflows = 0
    saturations = 0
    delta = np.empty(columns, np.int64)
    for i in range(rows):
        reached = False
        for p in range(steps):
            count = np.int64(active[p, i]) if i < inputs else bias * (i == rows - 1)
            if count:
                if not reached:
                    delta[:] = 0
                    reached = True
                if count == 1:
                    for j in range(columns):
                        delta[j] += credit[p, j]
                else:
                    for j in range(columns):
                        delta[j] += count * credit[p, j]
        if reached:
            found = write_row(stored, i, stored_bits, rate_shift, addend[i], delta)
            updates += live
            written += found[0]
            underflows += found[1]
            saturations += found[2]
    return updates, written, underflows, saturations
