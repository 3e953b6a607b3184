"""Charge, fire, reset: the spikes of a layer over some steps of a sample. Integers only."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rtl_gen.contract.spec import LayerSpec

NO_LEAK = -1
SILENT = np.zeros(0, np.uint8)      # the own spikes of a layer that is not recurrent
ALONE = np.zeros((0, 0), np.int64)  # the flow of a layer that adds no currents of another, and gives none

Counts = NDArray[np.uint8] | NDArray[np.uint16]


class Neuron(NamedTuple):
    """What of a :class:`~rtl_gen.contract.spec.LayerSpec` the forward pass needs, as plain integers."""

    shadow_bits: int
    bias: int
    leak_shift: int         # NO_LEAK for the IF neuron
    own_shift: int          # of currents that others are added to
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
            leak_shift=NO_LEAK if spec.leak_shift is None else spec.leak_shift,
            own_shift=0 if spec.residual is None else spec.residual.own_shift, membrane_min=spec.membrane_min,
            membrane_max=spec.membrane_max, zero=int(spec.reset == "zero"),
            triangle=int(spec.surrogate == "triangle"), surrogate_width=spec.surrogate_width,
            surrogate_height=spec.surrogate_height)


def thresholds_of(spec: LayerSpec, stored: NDArray[np.int32]) -> NDArray[np.int64]:
    """Of each neuron, (outputs,): the layer's, and where they are learned what the weights' row adds to it."""
    found = np.full(spec.outputs, spec.threshold, np.int64)
    if spec.threshold_shift is not None:
        row = stored[spec.event_rows].astype(np.int64) >> spec.shadow_bits
        found += np.tile(row, spec.outputs // spec.columns) << spec.threshold_shift
    return np.clip(found, 1, spec.membrane_max)


@njit(cache=True, nogil=True)
def fire(neuron: Neuron, thresholds: NDArray[np.int64], current: NDArray[np.int64], membrane: NDArray[np.int32],
         spikes: NDArray[np.uint8], gates: NDArray[np.uint8], membranes: NDArray[np.int32]) -> tuple[int, int]:
    """A step of neurons, all (outputs,): leak, integrate, saturate, fire (``>=``), gate, reset.

    Returns
    -------
    tuple
        Spikes fired, membranes saturated.
    """
    fired = 0
    saturated = 0
    for j in range(current.shape[0]):
        u = np.int64(membrane[j])
        leak = u >> neuron.leak_shift if neuron.leak_shift != NO_LEAK else 0
        charged = u - leak + current[j]
        v = min(max(charged, neuron.membrane_min), neuron.membrane_max)
        saturated += v != charged
        spike = v >= thresholds[j]
        fired += spike
        distance = abs(v - thresholds[j])
        if neuron.triangle:
            gate = max(0, neuron.surrogate_height - (distance >> neuron.surrogate_width))
        else:
            gate = int(distance < neuron.surrogate_width)
        if spike:
            v = 0 if neuron.zero else v - thresholds[j]
        membrane[j] = v
        spikes[j] = spike
        gates[j] = gate
        membranes[j] = v
    return fired, saturated


@njit(cache=True, nogil=True)
def join(neuron: Neuron, current: NDArray[np.int64], flow: NDArray[np.int64]) -> None:
    """Add to a step's currents what is in ``flow``, both (outputs,), and leave the sums in both."""
    for j in range(current.shape[0]):
        current[j] = (current[j] << neuron.own_shift) + flow[j]
        flow[j] = current[j]


@njit(cache=True, nogil=True)
def forward(neuron: Neuron, thresholds: NDArray[np.int64], stored: NDArray[np.int32], events: Counts,
            membrane: NDArray[np.int32], spikes: NDArray[np.uint8], gates: NDArray[np.uint8],
            membranes: NDArray[np.int32], own: NDArray[np.uint8] = SILENT,
            flow: NDArray[np.int64] = ALONE) -> tuple[int, int, int]:
    """Advance a layer by R steps, in each: sum the currents, then as :func:`fire`.

    Parameters
    ----------
    thresholds
        (outputs,).
    stored
        (rows, outputs); the weight read is ``stored >> shadow_bits``. The bias is the last row.
    events
        (R, inputs), how many events came.
    membrane
        (outputs,), carried from step to step; updated in place.
    own
        (outputs,), the spikes of the step before, where the layer is recurrent; updated in place.
    flow
        (R, outputs): what is added to the currents, and then the currents.
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
                current[j] = stored[-1, j] >> neuron.shadow_bits
        for i in range(inputs):
            count = np.int64(events[p, i])
            if count:
                read += count
                for j in range(outputs):
                    current[j] += count * (stored[i, j] >> neuron.shadow_bits)
        for i in range(own.shape[0]):
            if own[i]:
                read += 1
                for j in range(outputs):
                    current[j] += stored[inputs + i, j] >> neuron.shadow_bits
        if flow.shape[0]:
            join(neuron, current, flow[p])
        now = fire(neuron, thresholds, current, membrane, spikes[p], gates[p], membranes[p])
        fired += now[0]
        saturated += now[1]
        if own.shape[0]:
            own[:] = spikes[p]
    return read, fired, saturated
