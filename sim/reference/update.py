"""One read, one exact sum, one rounding, one write for each weight and window. Integers only."""

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

Int64Array = NDArray[np.int64]


@compiled(nogil=True)
def update(stored: NDArray[np.int32], stored_bits: int, rate_shift: int, addend: Int64Array,
           active: NDArray[np.uint8], bias: int, credit: Int64Array) -> tuple[int, int, int, int]:
    """Learn from a window: ``stored = saturate(stored - ((delta + addend) >> rate_shift), stored_bits)`` in place.

    ``delta[i, j]`` is the sum of ``credit[p, j]`` over the positions p at which row i was active, exact.

    Parameters
    ----------
    stored
        (rows, columns), updated in place.
    addend
        (rows,), what makes the shift round; see :func:`sim.reference.rounding.addends`.
    active
        (R, inputs), the presynaptic spikes; with a bias, row ``inputs`` is active throughout.
    credit
        (R, columns).

    Returns
    -------
    tuple
        Updates (active rows times columns with a credit), values changed, non-zero deltas rounded to 0, saturations.
    """
    steps, inputs = active.shape
    rows, columns = stored.shape
    low, high = -(1 << (stored_bits - 1)), (1 << (stored_bits - 1)) - 1
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
            if (i == inputs and bias) or (i < inputs and active[p, i]):
                if not reached:
                    delta[:] = 0
                    reached = True
                for j in range(columns):
                    delta[j] += credit[p, j]
        if not reached:
            continue
        updates += live
        for j in range(columns):
            # A delta of 0 rounds to 0 under either rounding, so columns without credit need no branch.
            change = (delta[j] + addend[i]) >> rate_shift
            wanted = stored[i, j] - change
            value = min(max(wanted, low), high)
            written += value != stored[i, j]
            underflows += (delta[j] != 0) & (change == 0)
            saturations += value != wanted
            stored[i, j] = value
    return updates, written, underflows, saturations
