"""What neurons of every kind do once charged: saturate, fire, gate, reset. Integers only."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.layer import LayerSpec

from ..compiled import compiled


class Thresholded(NamedTuple):
    """What of a layer decides after the charge, as plain integers."""

    membrane_min: int
    membrane_max: int
    zero: int               # 1: reset to zero, 0: subtract
    amount: int             # what is subtracted; 0: the threshold
    triangle: int
    width: int
    height: int

    @classmethod
    def of(cls, layer: LayerSpec) -> "Thresholded":
        """The integers of ``layer``."""
        neuron, surrogate = layer.neuron, layer.surrogate
        return cls(membrane_min=neuron.membrane_min, membrane_max=neuron.membrane_max,
                   zero=int(neuron.reset == "zero"), amount=neuron.reset_amount or 0,
                   triangle=int(surrogate.shape == "triangle"), width=surrogate.width,
                   height=surrogate.height)


def thresholds_of(layer: LayerSpec, stored: NDArray[np.int32]) -> NDArray[np.int64]:
    """Thresholds (outputs,): the layer's, and where they are learned what the weights' row adds to it."""
    neuron = layer.neuron
    if neuron.threshold_shift is None:
        return np.full(layer.outputs, neuron.threshold, np.int64)
    row = stored[layer.event_rows].astype(np.int64) >> layer.weights.shadow_bits
    found = neuron.threshold + (np.tile(row, layer.outputs // layer.columns) << neuron.threshold_shift)
    return np.clip(found, 1, neuron.membrane_max)


@compiled(nogil=True)
def settle(after: Thresholded, threshold: int, charged: int) -> tuple[int, int, int, int]:
    """The membrane after the reset, the spike (``>=``), the gate, and whether the charge was saturated."""
    v = min(max(charged, after.membrane_min), after.membrane_max)
    spike = v >= threshold
    distance = abs(v - threshold)
    if after.triangle:
        gate = max(0, after.height - (distance >> after.width))
    else:
        gate = int(distance < after.width)
    if spike:
        rest = 0 if after.zero else v - (after.amount or threshold)
    else:
        rest = v
    return rest, int(spike), gate, int(v != charged)
