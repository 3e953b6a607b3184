"""A sample's way through a dense block that learns, compiled as one loop; for :mod:`dense_loop`. Integers only."""

import numpy as np
from numpy.typing import NDArray

from sim.reference.compiled import compiled
from sim.reference.rounding import mix_draws

FIRED, SKIPPED, LEARNED, SATURATED = range(4)
LARGEST = (1 << 31) - 1
Integers = tuple[int, ...]
Array = NDArray[np.int64]
Narrow = NDArray[np.int32]
Bytes = NDArray[np.uint8]


@compiled()
def run(events: Bytes, label: int, learn: bool, stored: Narrow, readout: Narrow, key: Integers, number: Array,
        counts: Array, table: Array, weights: Integers, of_readout: Integers, neuron: Integers, surrogate: Integers,
        course: Integers, spikes: Bytes, gates: Bytes, answer: Array) -> None:
    """A sample through a block; ``stored``, ``readout``, ``number``, ``counts`` and what is last are written."""
    steps, classes, neurons = len(events), len(answer), stored.shape[1]
    leak, threshold, zero, lowest, highest = neuron
    triangle, width, height = surrogate
    window, loss_start, fresh, logit_shift, dead_zone = course
    if not learn:
        window = steps
    membrane, logit, error = np.zeros(neurons, np.int64), np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    current, credit = np.empty((window, neurons), np.int32), np.empty((window, neurons), np.int32)
    answer[:] = 0
    for start in range(0, steps, window):
        seen = events[start:start + window]
        _currents(stored, seen, weights[0], weights[4], current)
        if fresh:
            logit[:] = 0
        for p in range(len(seen)):
            for j in range(neurons):
                u = membrane[j]
                if leak >= 0:
                    u -= u >> leak
                v = min(max(u + current[p, j], lowest), highest)
                spike, distance = v >= threshold, abs(v - threshold)
                gates[start + p, j] = max(0, height - (distance >> width)) if triangle else distance < width
                spikes[start + p, j] = spike
                membrane[j] = (0 if zero else v - threshold) if spike else v
                if spike:
                    counts[FIRED] += 1
                    for c in range(classes):
                        weight = readout[j, c] >> of_readout[0]
                        answer[c] += weight
                        logit[c] += weight if p >= loss_start else 0
        if not learn or len(seen) <= loss_start:
            continue
        for c in range(classes):
            shifted = logit[c] >> logit_shift if logit_shift >= 0 else logit[c] << -logit_shift
            value = table[min(max(shifted + 64, 0), 127)] - (127 if c == label else 0)
            error[c] = value if abs(value) > dead_zone else 0
        if error.any():
            counts[LEARNED] += 1
            largest = _credits(readout, of_readout[0], error, loss_start, leak, zero, spikes[start:start + len(seen)],
                               gates[start:start + len(seen)], credit)
            if largest * max(1, seen.max()) * len(seen) > LARGEST:
                raise OverflowError("sums of the loop need more than 32 bits; take the reference")
            counts[SATURATED] += _write(stored, weights, _addends(key, key[1], number[0], weights, len(stored)), seen,
                                        credit)
            counts[SATURATED] += _write_readout(readout, of_readout,
                                                _addends(key, key[2], number[0], of_readout, neurons),
                                                spikes[start + loss_start:start + len(seen)], error)
        else:
            counts[SKIPPED] += 1
        number[0] = (number[0] + 1) & 0xFFFFFFFF


@compiled()
def _addends(key: Integers, layer: int, number: int, weights: Integers, rows: int) -> Array:
    if weights[3]:
        return np.full(rows, (1 << weights[2]) >> 1, np.int64)
    return mix_draws(key[0], number, layer, rows) & ((1 << weights[2]) - 1)


@compiled()
def _currents(stored: Narrow, events: Bytes, shadow_bits: int, bias: bool, current: Narrow) -> None:
    for p in range(len(events)):
        here = current[p]
        if bias:
            here[:] = stored[-1] >> shadow_bits
        else:
            here[:] = 0
        for i in range(events.shape[1]):
            count = np.int32(events[p, i])
            if count == 1:
                for j in range(len(here)):
                    here[j] += stored[i, j] >> shadow_bits
            elif count:
                for j in range(len(here)):
                    here[j] += np.int32(count * (stored[i, j] >> shadow_bits))


@compiled()
def _credits(readout: Narrow, shadow_bits: int, error: Array, loss_start: int, leak: int, zero: bool, spikes: Bytes,
             gates: Bytes, credit: Narrow) -> int:
    """Credits of a window, written; the largest of them."""
    largest = 0
    for j in range(spikes.shape[1]):
        feedback = 0
        for c in range(len(error)):
            feedback += (readout[j, c] >> shadow_bits) * error[c]
        carry = 0
        for p in range(len(spikes) - 1, -1, -1):
            if zero and spikes[p, j]:
                carry = 0
            here = gates[p, j] * (feedback if p >= loss_start else 0) + carry
            credit[p, j] = here
            largest = max(largest, abs(here))
            carry = here
            if leak >= 0:
                carry -= here >> leak if here >= 0 else -(-here >> leak)
    return largest


@compiled()
def _write(stored: Narrow, weights: Integers, addend: Array, events: Bytes, credit: Narrow) -> int:
    """Write the rows of inputs that were active, and of the bias; how many weights were saturated."""
    low, high, shift = np.int32(-(1 << (weights[1] - 1))), np.int32((1 << (weights[1] - 1)) - 1), weights[2]
    inputs, saturated = events.shape[1], 0
    delta = np.empty(stored.shape[1], np.int32)
    for i in range(len(stored)):
        reached = False
        for p in range(len(events)):
            count = np.int32(events[p, i]) if i < inputs else np.int32(1)
            if count and not reached:
                delta[:] = 0
                reached = True
            if count == 1:
                for j in range(len(delta)):
                    delta[j] += credit[p, j]
            elif count:
                for j in range(len(delta)):
                    delta[j] += np.int32(count * credit[p, j])
        if reached:
            add = np.int32(addend[i])
            for j in range(len(delta)):
                wanted = np.int32(stored[i, j] - (np.int32(delta[j] + add) >> shift))
                value = min(max(wanted, low), high)
                saturated += value != wanted
                stored[i, j] = value
    return saturated


@compiled()
def _write_readout(readout: Narrow, of_readout: Integers, addend: Array, spikes: Bytes, error: Array) -> int:
    low, high, shift = -(1 << (of_readout[1] - 1)), (1 << (of_readout[1] - 1)) - 1, of_readout[2]
    saturated = 0
    for j in range(len(readout)):
        count = 0
        for p in range(len(spikes)):
            count += spikes[p, j]
        if count:
            for c in range(len(error)):
                wanted = readout[j, c] - ((count * error[c] + addend[j]) >> shift)
                value = min(max(wanted, low), high)
                saturated += value != wanted
                readout[j, c] = value
    return saturated
