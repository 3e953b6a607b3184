"""What a layer learns from a window, as compiled loops; for :mod:`layered_loop`. Integers only.

Events and weights of a convolution lie as in :mod:`layer_sample`. Sums are of 32 bits: who calls sees to it.
"""

import numpy as np
from numpy.typing import NDArray

from sim.reference.compiled import compiled

HALF = 1 << 15          # feedback saturates there
Integers = tuple[int, ...]
Array = NDArray[np.int64]
Narrow = NDArray[np.int32]
Bytes = NDArray[np.uint8]


@compiled()
def spread(square: Array, found: Narrow, values: Narrow) -> None:
    """``found`` of squares, (R, rows), at each of their neurons, (R, outputs), written; 0 where one has none."""
    for p in range(len(found)):
        for j in range(len(square)):
            values[p, j] = found[p, square[j]] if square[j] >= 0 else 0


@compiled()
def credits(feedback: Narrow, loss_start: int, leak: int, zero: bool, spikes: Bytes, gates: Bytes,
            credit: Narrow) -> int:
    """Credits of a window, (R, outputs), written; a bound of the largest.

    ``feedback`` is that of each step, or one of all from ``loss_start`` on.
    """
    bits = np.int32(0)
    carry, none = np.zeros(credit.shape[1], np.int32), np.zeros(credit.shape[1], np.int32)
    for p in range(len(spikes) - 1, -1, -1):
        of = feedback[min(p, len(feedback) - 1)] if p >= loss_start else none
        if zero:
            _silence(spikes[p], carry)
        bits |= _credit(of, gates[p], carry, credit[p])
        if leak >= 0:
            size = np.abs(carry) >> np.int32(leak)
            for j in range(len(carry)):
                carry[j] -= -size[j] if carry[j] < 0 else size[j]
    return np.int64(bits)


@compiled()
def _silence(spikes: Bytes, carry: Narrow) -> None:
    for j in range(len(carry)):
        carry[j] = 0 if spikes[j] else carry[j]


@compiled()
def _credit(feedback: Narrow, gates: Bytes, carry: Narrow, credit: Narrow) -> int:
    """One step's credits, which ``carry`` becomes too; the bits that any of them has."""
    bits = np.int32(0)
    for j in range(len(carry)):
        here = np.int32(np.int32(gates[j]) * feedback[j] + carry[j])
        credit[j] = here
        carry[j] = here
        bits |= abs(here)
    return bits


@compiled()
def back_through(weights: Narrow, shift: int, credit: Narrow, wanted: Bytes, found: Narrow) -> None:
    """Feedback (R, inputs) of the inputs of dense synapses that ``wanted`` has, rounded and saturated; written."""
    half = (1 << shift) >> 1
    for p in range(len(wanted)):
        of = credit[p]
        for i in range(wanted.shape[1]):
            found[p, i] = 0
            if wanted[p, i]:
                total = 0
                for k in range(len(of)):
                    total += np.int64(weights[i, k]) * of[k]
                found[p, i] = min(max((total + half) >> shift, -HALF), HALF - 1)


@compiled()
def sums_of_conv(kernel: Integers, first: Array, index: Narrow, seen: Bytes, credit: Narrow, delta: Narrow) -> None:
    """What the weights of a convolution change by, exact, written; flat, and in their order."""
    width, channels, out_height, out_width, size, padding, filters = kernel
    delta[:] = 0
    for p in range(len(seen)):
        for e in range(first[p], first[p + 1]):
            count, (pixel, c) = np.int32(seen[p, index[e]]), divmod(index[e], channels)
            y, x = divmod(pixel, width)
            begin = x + padding - size + 1
            left, right = max(0, begin), min(out_width, x + padding + 1)
            for ky in range(size):
                up = y + padding - ky
                if 0 <= up < out_height and left < right:
                    of = credit[p, (up * out_width + left) * filters:(up * out_width + right) * filters]
                    start = ((c * size + ky) * size + left - begin) * filters
                    to = delta[start:start + len(of)]
                    for z in range(len(of)):
                        to[z] += np.int32(count * of[z])


@compiled()
def sums_of_dense(first: Array, index: Narrow, seen: Bytes, credit: Narrow, delta: Narrow) -> None:
    """What the weights of dense synapses change by, exact, written."""
    delta[:] = 0
    for p in range(len(seen)):
        of = credit[p]
        for e in range(first[p], first[p + 1]):
            count, to = np.int32(seen[p, index[e]]), delta[index[e]]
            if count == 1:
                for j in range(len(of)):
                    to[j] += of[j]
            else:
                for j in range(len(of)):
                    to[j] += np.int32(count * of[j])


@compiled()
def write(stored: Narrow, weights: Narrow, shadow_bits: int, stored_bits: int, shift: int, addend: Array,
          delta: Narrow, reached: Bytes) -> int:
    """Write the rows that were ``reached``, and what is read of them; how many weights were saturated."""
    low, high = -(1 << (stored_bits - 1)), (1 << (stored_bits - 1)) - 1
    saturated = 0
    for i in range(len(stored)):
        if reached[i]:
            row, read, of, add = stored[i], weights[i], delta[i], addend[i]
            for j in range(len(row)):
                wanted = row[j] - ((of[j] + add) >> shift)
                value = min(max(wanted, low), high)
                saturated += value != wanted
                row[j] = value
                read[j] = value >> shadow_bits
    return saturated
