"""Charge, fire, reset: the spikes of a layer over some steps of a sample. Integers only."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rtl_gen.spec import LayerSpec

NO_LEAK = -1


class Neuron(NamedTuple):
    """What of a :class:`~rtl_gen.spec.LayerSpec` the forward pass needs, as plain integers."""

    shadow_bits: int
    bias: int
    leak_shift: int         # NO_LEAK for the IF neuron
    threshold: int
    membrane_min: int
    membrane_max: int
    zero: int               # 1: reset to zero, 0: subtract the threshold
    triangle: int
    surrogate_width: int
    surrogate_height: int

    @classmethod
    def of(cls, spec: LayerSpec) -> "Neuron":
        return cls(
            shadow_bits=spec.shadow_bits, bias=int(spec.bias),
            leak_shift=NO_LEAK if spec.leak_shift is None else spec.leak_shift, threshold=spec.threshold,
            membrane_min=spec.membrane_min, membrane_max=spec.membrane_max, zero=int(spec.reset == "zero"),
            triangle=int(spec.surrogate == "triangle"), surrogate_width=spec.surrogate_width,
            surrogate_height=spec.surrogate_height)


@njit(cache=True, nogil=True)
def forward(neuron: Neuron, stored: NDArray[np.int32], events: NDArray[np.uint8], membrane: NDArray[np.int32],
            spikes: NDArray[np.uint8], gates: NDArray[np.uint8], membranes: NDArray[np.int32]) -> tuple[int, int, int]:
    """Advance a layer by R steps, in each: leak, integrate, saturate, fire (``>=``), gate, reset.

    Parameters
    ----------
    stored
        (rows, outputs); the weight read is ``stored >> shadow_bits``. The bias is the last row.
    events
        (R, inputs), 1 where an event came.
    membrane
        (outputs,), carried from step to step; updated in place.
    spikes, gates, membranes
        (R, outputs), written: the membrane is the one after the reset.

    Returns
    -------
    tuple
        Events read, spikes fired, membranes saturated.
    """
    steps, inputs = events.shape
    outputs = membrane.shape[0]
    current = np.empty(outputs, np.int64)
    read = 0
    fired = 0
    saturated = 0
    for p in range(steps):
        current[:] = 0
        if neuron.bias:
            for j in range(outputs):
                current[j] = stored[inputs, j] >> neuron.shadow_bits
        for i in range(inputs):
            if events[p, i]:
                read += 1
                for j in range(outputs):
                    current[j] += stored[i, j] >> neuron.shadow_bits
        for j in range(outputs):
            u = np.int64(membrane[j])
            leak = u >> neuron.leak_shift if neuron.leak_shift != NO_LEAK else 0
            charged = u - leak + current[j]
            v = min(max(charged, neuron.membrane_min), neuron.membrane_max)
            saturated += v != charged
            spike = v >= neuron.threshold
            fired += spike
            distance = abs(v - neuron.threshold)
            if neuron.triangle:
                gate = max(0, neuron.surrogate_height - (distance >> neuron.surrogate_width))
            else:
                gate = int(distance < neuron.surrogate_width)
            if spike:
                v = 0 if neuron.zero else v - neuron.threshold
            membrane[j] = v
            spikes[p, j] = spike
            gates[p, j] = gate
            membranes[p, j] = v
    return read, fired, saturated
