"""A layer's way through a window, as compiled loops; for :mod:`layered_loop`. Integers only.

Lists of events are as of :func:`listed`; weights of a convolution lie as :func:`flipped` puts them, so that what one
event adds to a row of places is one run of numbers.
"""

import numpy as np
from numpy.typing import NDArray

from sim.reference.compiled import compiled

Integers = tuple[int, ...]
Array = NDArray[np.int64]
Narrow = NDArray[np.int32]
Bytes = NDArray[np.uint8]


@compiled()
def pooled(square: Array, spikes: Bytes, counts: bool, seen: Bytes) -> None:
    """Spikes (R, inputs), none more than 1, in each square, (R, outputs): how many, or whether any; written."""
    found = np.empty(spikes.shape[1] + 1, np.int32)
    for p in range(len(spikes)):
        seen[p] = 0
        number = 0
        for i in range(spikes.shape[1]):        # without a branch, which a processor would guess wrong
            found[number] = i
            number += spikes[p, i]
        for e in range(number):
            at = square[found[e]]
            if at >= 0:
                seen[p, at] = seen[p, at] + 1 if counts else 1


@compiled()
def listed(seen: Bytes, first: Array, index: Narrow) -> None:
    """Events of step p are those of ``index[first[p]:first[p + 1]]``; both written."""
    number = 0
    for p in range(len(seen)):
        first[p] = number
        for i in range(seen.shape[1]):
            index[number] = i
            number += seen[p, i] != 0
    first[len(seen)] = number


@compiled()
def flipped(weights: Narrow, channels: int, size: int, found: Narrow) -> None:
    """Weights (size * size * channels, filters) as (channels, size, size, filters), each row of a kernel backwards."""
    for ky in range(size):
        for kx in range(size):
            for c in range(channels):
                found[c, ky, size - 1 - kx] = weights[(ky * size + kx) * channels + c]


@compiled()
def of_conv(kernel: Integers, first: Array, index: Narrow, seen: Bytes, weights: Narrow, current: Narrow) -> None:
    """Currents (R, outputs) of a convolution of stride 1, written; ``weights`` flat."""
    width, channels, out_height, out_width, size, padding, filters = kernel
    for p in range(len(seen)):
        current[p] = 0
        for e in range(first[p], first[p + 1]):
            count, (pixel, c) = np.int32(seen[p, index[e]]), divmod(index[e], channels)
            y, x = divmod(pixel, width)
            begin = x + padding - size + 1          # the place that the first of a row flipped is of
            left, right = max(0, begin), min(out_width, x + padding + 1)
            for ky in range(size):
                up = y + padding - ky
                if 0 <= up < out_height and left < right:
                    to = current[p, (up * out_width + left) * filters:(up * out_width + right) * filters]
                    start = ((c * size + ky) * size + left - begin) * filters
                    of = weights[start:start + len(to)]
                    if count == 1:
                        for z in range(len(to)):
                            to[z] += of[z]
                    else:
                        for z in range(len(to)):
                            to[z] += np.int32(count * of[z])


@compiled()
def of_dense(first: Array, index: Narrow, seen: Bytes, weights: Narrow, current: Narrow) -> None:
    """Currents (R, outputs) of dense synapses, written."""
    for p in range(len(seen)):
        here = current[p]
        here[:] = 0
        for e in range(first[p], first[p + 1]):
            count, of = np.int32(seen[p, index[e]]), weights[index[e]]
            if count == 1:
                for j in range(len(here)):
                    here[j] += of[j]
            else:
                for j in range(len(here)):
                    here[j] += np.int32(count * of[j])


@compiled()
def fire(current: Narrow, membrane: Narrow, neuron: Integers, surrogate: Integers, spikes: Bytes,
         gates: Bytes) -> int:
    """R steps of neurons; ``membrane``, ``spikes`` and ``gates`` are written. How often they fired."""
    leak, fired = neuron[0], 0
    for p in range(len(current)):
        if leak >= 0:
            for j in range(len(membrane)):
                membrane[j] -= membrane[j] >> leak
        fired += _settle(current[p], membrane, neuron, surrogate, spikes[p], gates[p])
    return fired


@compiled()
def _settle(current: Narrow, membrane: Narrow, neuron: Integers, surrogate: Integers, spikes: Bytes,
            gates: Bytes) -> int:
    _, threshold, zero, lowest, highest = neuron
    triangle, width, height = surrogate
    fired = 0
    for j in range(len(membrane)):
        v = min(max(membrane[j] + current[j], lowest), highest)
        spike, distance = v >= threshold, abs(v - threshold)
        spikes[j] = spike
        gates[j] = max(0, height - (distance >> width)) if triangle else distance < width
        membrane[j] = (0 if zero else v - threshold) if spike else v
        fired += spike
    return fired


@compiled()
def read_out(read: Bytes, loss_start: int, weights: Narrow, counts: Array, answer: Array, logit: Array) -> None:
    """Add R steps of what the readout reads to ``answer``, those of the loss to ``logit``; ``counts`` are these rows'.
    """
    for j in range(read.shape[1]):
        early = late = 0
        for p in range(len(read)):
            if p < loss_start:
                early += read[p, j]
            else:
                late += read[p, j]
        counts[j] = late
        if early or late:
            for c in range(len(answer)):
                answer[c] += (early + late) * weights[j, c]
                logit[c] += late * weights[j, c]


@compiled()
def errors(logit: Array, label: int, logit_shift: int, table: Array, dead_zone: int, error: Array) -> bool:
    """Errors of the classes, written; whether there are any."""
    some = False
    for c in range(len(logit)):
        shifted = logit[c] >> logit_shift if logit_shift >= 0 else logit[c] << -logit_shift
        value = table[min(max(shifted + 64, 0), 127)] - (127 if c == label else 0)
        error[c] = value if abs(value) > dead_zone else 0
        some |= error[c] != 0
    return some
