"""Currents of a convolution's neurons. Integers only."""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.layer import LayerSpec

from ..compiled import compiled
from ..grid import Counts


def currents(layer: LayerSpec, stored: NDArray[np.int32], events: Counts,
             own: NDArray[np.uint8]) -> tuple[NDArray[np.int64], int]:
    """Currents of R steps (R, outputs), and the synaptic operations they took; as :func:`.dense.currents`."""
    conv, shadow_bits = layer.synapses, layer.weights.shadow_bits
    weights = np.ascontiguousarray(stored[:conv.rows] >> shadow_bits)
    bias = stored[-1] >> shadow_bits if layer.weights.bias else np.zeros(conv.filters, np.int32)
    found = np.tile(bias.astype(np.int64), (len(events), conv.out_height * conv.out_width))
    operations = 0
    for current, counts in zip(found, events, strict=True):
        operations += _touch(current, counts, weights, conv.width, conv.channels, conv.out_height,
                             conv.out_width, conv.kernel, conv.stride, conv.padding, conv.groups)
    return found, operations


@compiled(nogil=True)
def _touch(current: NDArray[np.int64], counts: Counts, weights: NDArray[np.int32], width: int,
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
