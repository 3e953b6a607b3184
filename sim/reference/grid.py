"""Pooling and convolution, as :mod:`rtl_gen.contract.synapses` says. Integers only."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rtl_gen.contract.synapses import ConvSpec, PoolSpec

from .forward import Counts, Neuron, fire, join


def pooled(pool: PoolSpec | None, events: NDArray[np.uint8]) -> Counts:
    """Events (R, inputs) after a pooling, (R, outputs): how many came in each square, or whether any came."""
    if pool is None:
        return events
    grid = events.reshape(len(events), pool.height, pool.width, pool.channels)
    counts = np.zeros((len(events), pool.out_height, pool.out_width, pool.channels), np.uint16)
    for y in range(min(pool.height, pool.out_height * pool.size)):
        for x in range(min(pool.width, pool.out_width * pool.size)):
            counts[:, y // pool.size, x // pool.size] += grid[:, y, x]
    flat = counts.reshape(len(events), -1)
    return flat if pool.kind == "sum" else np.minimum(flat, 1)


def forward_conv(neuron: Neuron, conv: ConvSpec, thresholds: NDArray[np.int64], stored: NDArray[np.int32],
                 events: Counts, membrane: NDArray[np.int32], spikes: NDArray[np.uint8], gates: NDArray[np.uint8],
                 membranes: NDArray[np.int32], flow: NDArray[np.int64]) -> tuple[int, int, int]:
    """As :func:`sim.reference.forward.forward`; what comes first of the three is synaptic operations, not events."""
    weights = np.ascontiguousarray(stored[:conv.rows] >> neuron.shadow_bits)
    bias = stored[-1] >> neuron.shadow_bits if neuron.bias else np.zeros(conv.filters, np.int32)
    operations = fired = saturated = 0
    for p, counts in enumerate(events):
        current = np.tile(bias.astype(np.int64), conv.out_height * conv.out_width)
        operations += _touch(current, counts, weights, conv.height, conv.width, conv.channels, conv.out_height,
                             conv.out_width, conv.kernel, conv.stride, conv.padding, conv.groups)
        if len(flow):
            join(neuron, current, flow[p])
        now = fire(neuron, thresholds, current, membrane, spikes[p], gates[p], membranes[p])
        fired, saturated = fired + now[0], saturated + now[1]
    return operations, fired, saturated


@njit(cache=True, nogil=True)
def _touch(current: NDArray[np.int64], counts: Counts, weights: NDArray[np.int32], height: int, width: int,
           channels: int, out_height: int, out_width: int, kernel: int, stride: int, padding: int, groups: int) -> int:
    """Each event adds its weights to the neurons whose kernel sees it."""
    filters = weights.shape[1]
    part, each = channels // groups, filters // groups
    operations = 0
    for index in range(counts.shape[0]):
        count = np.int64(counts[index])
        if count == 0:
            continue
        y, x, c = index // (width * channels), index // channels % width, index % channels
        group = c // part
        for ky in range(kernel):
            up = y + padding - ky
            if up < 0 or up % stride or up // stride >= out_height:
                continue
            for kx in range(kernel):
                left = x + padding - kx
                if left < 0 or left % stride or left // stride >= out_width:
                    continue
                place = (up // stride * out_width + left // stride) * filters
                row = (ky * kernel + kx) * part + c % part
                for f in range(group * each, (group + 1) * each):
                    current[place + f] += count * weights[row, f]
                operations += count * each
    return operations
