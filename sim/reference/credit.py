"""Credits of a window: carried back through its steps, and down to the layer below. Integers only."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rtl_gen.contract.arithmetic import FEEDBACK_BITS

from .forward import Neuron

Int64Array = NDArray[np.int64]
FEEDBACK_MAX = (1 << (FEEDBACK_BITS - 1)) - 1


@njit(cache=True, nogil=True)
def credits_of(neuron: Neuron, feedback: Int64Array, gates: NDArray[np.uint8],
               spikes: NDArray[np.uint8]) -> Int64Array:
    """Credits of a layer in a window of R steps, (R, neurons), from its feedback, gates and spikes, (R, neurons) each.

    Last step first: ``credit = gate * feedback + carry``; the carry decays towards zero, and with reset zero a neuron
    that fired passes none of what comes after.
    """
    steps, neurons = gates.shape
    found = np.empty((steps, neurons), np.int64)
    for j in range(neurons):
        carry = 0
        for p in range(steps - 1, -1, -1):
            if neuron.zero and spikes[p, j]:
                carry = 0
            credit = gates[p, j] * feedback[p, j] + carry
            found[p, j] = credit
            carry = credit
            if neuron.leak_shift >= 0:
                carry -= credit >> neuron.leak_shift if credit >= 0 else -(-credit >> neuron.leak_shift)
    return found


@njit(cache=True, nogil=True)
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
