"""Credits that go down to the layer below. Integers only."""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.arithmetic import FEEDBACK_BITS

from .compiled import compiled

Int64Array = NDArray[np.int64]
FEEDBACK_MAX = (1 << (FEEDBACK_BITS - 1)) - 1


@compiled(nogil=True)
def feedback_below(stored: NDArray[np.int32], shadow_bits: int, feedback_shift: int, credit: Int64Array,
                   gates: NDArray[np.uint8]) -> tuple[Int64Array, int]:
    """Feedback of the layer below, (R, inputs), from a layer's weights and its credits, (R, outputs).

    Rounded to nearest and saturated once. Computed only where ``gates``, (R, inputs), of the layer below are not 0:
    elsewhere it would be multiplied by 0.

    Returns
    -------
    tuple
        The feedback, and the number of products with a credit that is not 0.
    """
    steps, inputs = gates.shape
    outputs = credit.shape[1]
    found = np.zeros((steps, inputs), np.int64)
    half = (1 << feedback_shift) >> 1
    multiplies = 0
    for p in range(steps):
        alive = 0
        for k in range(outputs):
            alive += credit[p, k] != 0
        for i in range(inputs):
            if gates[p, i]:
                multiplies += alive
                total = 0
                for k in range(outputs):
                    total += (stored[i, k] >> shadow_bits) * credit[p, k]
                rounded = (total + half) >> feedback_shift
                found[p, i] = min(max(rounded, -FEEDBACK_MAX - 1), FEEDBACK_MAX)
    return found, multiplies
