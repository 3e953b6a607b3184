"""Currents of neurons that each input reaches. Integers only."""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.layer import LayerSpec

from ..compiled import compiled
from ..grid import Counts


def currents(layer: LayerSpec, stored: NDArray[np.int32], events: Counts,
             own: NDArray[np.uint8]) -> tuple[NDArray[np.int64], int]:
    """Currents of R steps, and the synaptic operations they took.

    Parameters
    ----------
    stored
        (rows, columns); the weight read is ``stored >> shadow_bits``. The bias is the last row.
    events
        (R, inputs of the synapses), how many events came.
    own
        (outputs,), the spikes of the step before, where the layer is recurrent, and then R is 1; else empty.

    Returns
    -------
    tuple
        (R, outputs), and how many weights of events were added.
    """
    found, read = _currents(layer.weights.shadow_bits, layer.weights.bias, stored, events, own)
    return found, read * layer.outputs


@compiled(nogil=True)
def _currents(shadow_bits: int, bias: bool, stored: NDArray[np.int32], events: Counts,
              own: NDArray[np.uint8]) -> tuple[NDArray[np.int64], int]:
    steps, inputs = events.shape
    outputs = stored.shape[1]
    found = np.zeros((steps, outputs), np.int64)
    read = 0
    for p in range(steps):
        current = found[p]
        if bias:
            for j in range(outputs):
                current[j] = stored[-1, j] >> shadow_bits
        for i in range(inputs):
            count = np.int64(events[p, i])
            if count:
                read += count
                for j in range(outputs):
                    current[j] += count * (stored[i, j] >> shadow_bits)
        for i in range(own.shape[0]):
            if own[i]:
                read += 1
                for j in range(outputs):
                    current[j] += stored[inputs + i, j] >> shadow_bits
    return found, read
