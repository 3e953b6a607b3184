"""Neurons that leak a fixed share of their membrane, ``factor / 2**bits``, rounded once: over some steps, both ways.

Each kind whose leak is such a share says which; integers only.
"""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.layer import LayerSpec

from ..compiled import compiled
from .threshold import Thresholded, settle


def fire(layer: LayerSpec, factor: int, bits: int, thresholds: NDArray[np.int64], currents: NDArray[np.int64],
         membrane: NDArray[np.int32], spikes: NDArray[np.uint8], gates: NDArray[np.uint8],
         membranes: NDArray[np.int32]) -> tuple[int, int]:
    """R steps of neurons: leak, integrate, saturate, fire, gate, reset.

    Parameters
    ----------
    thresholds, membrane
        (outputs,); the membrane is carried from step to step, and updated in place.
    currents
        (R, outputs).
    spikes, gates, membranes
        (R, outputs), written: the membrane is the one after the reset.

    Returns
    -------
    tuple
        Spikes fired, membranes saturated.
    """
    return _fire(factor, bits, Thresholded.of(layer), thresholds, currents, membrane, spikes, gates, membranes)


def credits_of(layer: LayerSpec, factor: int, bits: int, feedback: NDArray[np.int64], gates: NDArray[np.uint8],
               spikes: NDArray[np.uint8], carry: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Credits of a layer in R steps of a window, (R, neurons), from its feedback, gates and spikes, (R, neurons) each.

    Last step first: ``credit = gate * feedback + carry``; the carry decays towards zero, and with reset zero a neuron
    that fired passes none of what comes after. ``carry``, (neurons,), is what comes of the steps after, and is updated
    in place; without it these are a window's last.
    """
    if carry is None:
        carry = np.zeros(feedback.shape[1], np.int64)
    return _credits(factor, bits, layer.neuron.reset == "zero", feedback, gates, spikes, carry)


@compiled(nogil=True)
def _fire(factor: int, bits: int, after: Thresholded, thresholds: NDArray[np.int64], currents: NDArray[np.int64],
          membrane: NDArray[np.int32], spikes: NDArray[np.uint8], gates: NDArray[np.uint8],
          membranes: NDArray[np.int32]) -> tuple[int, int]:
    fired = 0
    saturated = 0
    for p in range(currents.shape[0]):
        for j in range(currents.shape[1]):
            u = np.int64(membrane[j])
            leak = (u * factor) >> bits
            rest, spike, gate, cut = settle(after, thresholds[j], u - leak + currents[p, j])
            fired += spike
            saturated += cut
            membrane[j] = rest
            spikes[p, j] = spike
            gates[p, j] = gate
            membranes[p, j] = rest
    return fired, saturated


@compiled(nogil=True)
def _credits(factor: int, bits: int, zero: bool, feedback: NDArray[np.int64], gates: NDArray[np.uint8],
             spikes: NDArray[np.uint8], carried: NDArray[np.int64]) -> NDArray[np.int64]:
    steps, neurons = gates.shape
    found = np.empty((steps, neurons), np.int64)
    for j in range(neurons):
        carry = carried[j]
        for p in range(steps - 1, -1, -1):
            if zero and spikes[p, j]:
                carry = 0
            credit = gates[p, j] * feedback[p, j] + carry
            found[p, j] = credit
            carry = credit - ((credit * factor) >> bits if credit >= 0 else -((-credit * factor) >> bits))
        carried[j] = carry
    return found
