"""From spikes to answer, logit, error and feedback. Integers only."""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.arithmetic import FEEDBACK_BITS

from .compiled import compiled
from .grid import Counts
from .weight import weight_read

Int64Array = NDArray[np.int64]
Readout = NDArray[np.int32]     # (neurons, classes), stored


@compiled(nogil=True)
def read_out(stored: Readout, bits: int, shadow_bits: int, spikes: Counts, loss_start: int, answer: Int64Array,
             logit: Int64Array) -> None:
    """Add R steps of spikes, (R, rows) of them, to ``answer``, (classes,), those from ``loss_start`` on to ``logit``.
    """
    steps, neurons = spikes.shape
    for p in range(steps):
        for j in range(neurons):
            count = np.int64(spikes[p, j])
            if count:
                for c in range(answer.shape[0]):
                    weight = count * weight_read(stored[j, c], bits, shadow_bits)
                    answer[c] += weight
                    if p >= loss_start:
                        logit[c] += weight


@compiled(nogil=True)
def errors(logit: Int64Array, label: int, logit_shift: int, table: Int64Array, dead_zone: int) -> Int64Array:
    """Error of each class, (classes,): the probability of its logit less 127 for the label; 0 within the dead zone."""
    error = np.empty_like(logit)
    for c in range(logit.shape[0]):
        shifted = logit[c] >> logit_shift if logit_shift >= 0 else logit[c] << -logit_shift
        error[c] = table[min(max(shifted + 64, 0), 127)] - (127 if c == label else 0)
        if abs(error[c]) <= dead_zone:
            error[c] = 0
    return error


@compiled(nogil=True)
def feedback(stored: Readout, bits: int, shadow_bits: int, error: Int64Array, steps: int,
             loss_start: int) -> Int64Array:
    """Feedback of each row, (steps, rows): ``sum_c B[j, c] * error_c`` from ``loss_start`` on, else 0.

    ``bits`` and ``shadow_bits`` say how ``stored``, (rows, classes), is read; see :func:`.weight.weight_read`.
    """
    neurons, classes = stored.shape
    found = np.zeros((steps, neurons), np.int64)
    for j in range(neurons):
        total = 0
        for c in range(classes):
            total += weight_read(stored[j, c], bits, shadow_bits) * error[c]
        for p in range(loss_start, steps):
            found[p, j] = total
    return found


def divided(found: Int64Array, feedback_shift: int | None) -> Int64Array:
    """Exact feedback, of any shape, divided by ``2**feedback_shift``, to nearest, and saturated to 16 bits.

    Without a shift it stays as it is.
    """
    if feedback_shift is None:
        return found
    high = (1 << (FEEDBACK_BITS - 1)) - 1
    return np.clip((found + (1 << feedback_shift >> 1)) >> feedback_shift, -high - 1, high)
