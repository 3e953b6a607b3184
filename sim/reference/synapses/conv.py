"""A convolution's neurons: currents, what is learned of them, feedback to the inputs. Integers only."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.arithmetic import FEEDBACK_BITS
from rtl_gen.contract.layer import LayerSpec

from ..compiled import compiled
from ..grid import Counts
from ..update import Writes, write_row
from ..weight import weight_read

Int64Array = NDArray[np.int64]
FEEDBACK_MAX = (1 << (FEEDBACK_BITS - 1)) - 1


class Kernel(NamedTuple):
    """A convolution as plain integers; ``part`` channels are seen by ``each`` filters."""

    width: int
    channels: int
    out_height: int
    out_width: int
    size: int
    stride: int
    padding: int
    part: int
    each: int

    @classmethod
    def of(cls, layer: LayerSpec) -> "Kernel":
        """The integers of ``layer``."""
        conv = layer.synapses
        return cls(conv.width, conv.channels, conv.out_height, conv.out_width, conv.kernel, conv.stride,
                   conv.padding, conv.channels // conv.groups, conv.filters // conv.groups)


class Taps(NamedTuple):
    """Where the kernels of a convolution see each pixel.

    Those of pixel q are ``place[first[q]:first[q + 1]]``, the places whose kernel sees it, and of ``row`` the rows that
    weigh its first channel there.
    """

    first: Int64Array
    place: Int64Array
    row: Int64Array


@lru_cache(maxsize=64)
def taps_of(kernel: Kernel, inputs: int) -> Taps:
    """The taps of ``kernel`` over all pixels of its grid, in the order of the kernel's rows."""
    return Taps(*_taps(kernel, inputs // kernel.channels))


def currents(layer: LayerSpec, stored: NDArray[np.int32], events: Counts,
             own: NDArray[np.uint8]) -> tuple[Int64Array, int]:
    """Currents of R steps (R, outputs), and the synaptic operations they took; as :func:`.dense.currents`."""
    weights = _weights(layer, stored)
    bias = weights[-1] if layer.weights.bias else np.zeros(layer.columns, np.int32)
    found = np.tile(bias.astype(np.int64), (len(events), layer.outputs // layer.columns))
    return found, _touch(*_seen(layer), weights, events, found)


def feedback(layer: LayerSpec, stored: NDArray[np.int32], credit: Int64Array,
             wanted: Counts) -> tuple[Int64Array, int]:
    """Feedback of the inputs, (R, inputs), and the products it took; as :func:`.dense.feedback`."""
    return _feedback(*_seen(layer), _weights(layer, stored), layer.update.feedback_shift, _by_place(layer, credit),
                     wanted)


def update(layer: LayerSpec, stored: NDArray[np.int32], stored_bits: int, rate_shift: int, addend: Int64Array,
           events: Counts, own: NDArray[np.uint8], credit: Int64Array) -> Writes:
    """Learn the rows of inputs and bias from a window; as :func:`.dense.update`.

    A weight's delta is summed over all places too, exactly, and rounded once. Updates are the pairs (row, filter) for
    which some place has an input of the row that was active and a credit of the filter, whatever their steps; of the
    bias the filters that have a credit anywhere.
    """
    return _update(*_seen(layer), stored, stored_bits, rate_shift, addend, events, layer.weights.bias,
                   _by_place(layer, credit))


def _seen(layer: LayerSpec) -> tuple[Kernel, Taps]:
    kernel = Kernel.of(layer)
    return kernel, taps_of(kernel, layer.synapses.inputs)


def _weights(layer: LayerSpec, stored: NDArray[np.int32]) -> NDArray[np.int32]:
    return _read(stored, layer.weights.bits, layer.weights.shadow_bits)


def _by_place(layer: LayerSpec, credit: Int64Array) -> Int64Array:
    return credit.reshape(len(credit), -1, layer.columns)


@compiled(nogil=True)
def _read(stored: NDArray[np.int32], bits: int, shadow_bits: int) -> NDArray[np.int32]:
    found = np.empty_like(stored)
    for i in range(stored.shape[0]):
        for j in range(stored.shape[1]):
            found[i, j] = weight_read(stored[i, j], bits, shadow_bits)
    return found


@compiled(nogil=True)
def _taps(kernel: Kernel, pixels: int) -> tuple[Int64Array, Int64Array, Int64Array]:
    first = np.zeros(pixels + 1, np.int64)
    place, row = np.empty(pixels * kernel.size ** 2, np.int64), np.empty(pixels * kernel.size ** 2, np.int64)
    found = 0
    for pixel in range(pixels):
        y, x = pixel // kernel.width, pixel % kernel.width
        for ky in range(kernel.size):
            up = y + kernel.padding - ky
            if up < 0 or up % kernel.stride or up // kernel.stride >= kernel.out_height:
                continue
            for kx in range(kernel.size):
                left = x + kernel.padding - kx
                if left < 0 or left % kernel.stride or left // kernel.stride >= kernel.out_width:
                    continue
                place[found] = up // kernel.stride * kernel.out_width + left // kernel.stride
                row[found] = (ky * kernel.size + kx) * kernel.part
                found += 1
        first[pixel + 1] = found
    return first, place[:found].copy(), row[:found].copy()


@compiled(nogil=True)
def _touch(kernel: Kernel, taps: Taps, weights: NDArray[np.int32], events: Counts, current: Int64Array) -> int:
    """Each event adds its weights to the neurons whose kernel sees it, and counts them."""
    filters = weights.shape[1]
    operations = 0
    for p in range(events.shape[0]):
        for index in range(events.shape[1]):
            count = np.int64(events[p, index])
            if count == 0:
                continue
            pixel, channel = index // kernel.channels, index % kernel.channels
            first = channel // kernel.part * kernel.each
            start, stop = taps.first[pixel], taps.first[pixel + 1]
            for tap in range(start, stop):
                base, row = taps.place[tap] * filters, taps.row[tap] + channel % kernel.part
                if count == 1:      # no product of 64 bits, which vectors of a processor lack
                    for f in range(first, first + kernel.each):
                        current[p, base + f] += weights[row, f]
                else:
                    for f in range(first, first + kernel.each):
                        current[p, base + f] += count * weights[row, f]
            operations += count * (stop - start) * kernel.each
    return operations


@compiled(nogil=True)
def _feedback(kernel: Kernel, taps: Taps, weights: NDArray[np.int32], feedback_shift: int, credit: Int64Array,
              wanted: Counts) -> tuple[Int64Array, int]:
    steps, inputs = wanted.shape
    alive = np.empty((credit.shape[1], kernel.channels // kernel.part), np.int64)       # of a place and group
    found = np.zeros((steps, inputs), np.int64)
    half = (1 << feedback_shift) >> 1
    multiplies = 0
    for p in range(steps):
        alive[:] = 0
        for o in range(credit.shape[1]):
            for f in range(credit.shape[2]):
                alive[o, f // kernel.each] += credit[p, o, f] != 0
        for index in range(inputs):
            if wanted[p, index] == 0:
                continue
            pixel, channel = index // kernel.channels, index % kernel.channels
            group = channel // kernel.part
            total = 0
            for tap in range(taps.first[pixel], taps.first[pixel + 1]):
                o, row = taps.place[tap], taps.row[tap] + channel % kernel.part
                if alive[o, group]:
                    multiplies += alive[o, group] * np.int64(wanted[p, index])
                    for f in range(group * kernel.each, (group + 1) * kernel.each):
                        total += weights[row, f] * credit[p, o, f]
            rounded = (total + half) >> feedback_shift
            found[p, index] = min(max(rounded, -FEEDBACK_MAX - 1), FEEDBACK_MAX)
    return found, multiplies


@compiled(nogil=True)
def _update(kernel: Kernel, taps: Taps, stored: NDArray[np.int32], stored_bits: int, rate_shift: int,
            addend: Int64Array, events: Counts, bias: bool, credit: Int64Array) -> Writes:
    steps, places, filters = credit.shape
    alive = np.zeros((places, filters), np.uint8)       # whether a filter has any credit at a place
    for p in range(steps):
        for o in range(places):
            for f in range(filters):
                alive[o, f] |= credit[p, o, f] != 0
    delta = np.zeros(stored.shape, np.int64)
    touched = np.zeros(stored.shape, np.uint8)
    _sum(kernel, taps, events, credit, alive, delta, touched)
    if bias:
        for o in range(places):
            for f in range(filters):
                touched[-1, f] |= alive[o, f]
                for p in range(steps):
                    delta[-1, f] += credit[p, o, f]
    formed = 0
    written = 0
    underflows = 0
    saturations = 0
    for i in range(stored.shape[0]):
        pairs = 0
        for f in range(filters):
            pairs += np.int64(touched[i, f])
        if pairs:
            found = write_row(stored, i, stored_bits, rate_shift, addend[i], delta[i])
            formed += pairs
            written += found[0]
            underflows += found[1]
            saturations += found[2]
    return formed, written, underflows, saturations


@compiled(nogil=True)
def _sum(kernel: Kernel, taps: Taps, events: Counts, credit: Int64Array, alive: NDArray[np.uint8], delta: Int64Array,
         touched: NDArray[np.uint8]) -> None:
    """Sums over places and steps of the rows of inputs, and which of them are formed; both begin as 0."""
    for index in range(events.shape[1]):
        active = False
        for p in range(events.shape[0]):
            active |= events[p, index] != 0
        if not active:
            continue
        pixel, channel = index // kernel.channels, index % kernel.channels
        first = channel // kernel.part * kernel.each
        for tap in range(taps.first[pixel], taps.first[pixel + 1]):
            o, i = taps.place[tap], taps.row[tap] + channel % kernel.part
            for f in range(first, first + kernel.each):
                touched[i, f] |= alive[o, f]
            for p in range(events.shape[0]):
                count = np.int64(events[p, index])
                if count == 1:
                    for f in range(first, first + kernel.each):
                        delta[i, f] += credit[p, o, f]
                elif count:
                    for f in range(first, first + kernel.each):
                        delta[i, f] += count * credit[p, o, f]
