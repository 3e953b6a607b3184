"""Neurons that leak by one shift, or by none. Integers only."""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.layer import LayerSpec

from . import share


def fire(layer: LayerSpec, thresholds: NDArray[np.int64], currents: NDArray[np.int64], membrane: NDArray[np.int32],
         spikes: NDArray[np.uint8], gates: NDArray[np.uint8], membranes: NDArray[np.int32]) -> tuple[int, int]:
    """R steps of neurons, as :func:`.share.fire`."""
    return share.fire(layer, *_leak(layer), thresholds, currents, membrane, spikes, gates, membranes)


def credits_of(layer: LayerSpec, feedback: NDArray[np.int64], gates: NDArray[np.uint8],
               spikes: NDArray[np.uint8], carry: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Credits of a layer in a window, as :func:`.share.credits_of`."""
    return share.credits_of(layer, *_leak(layer), feedback, gates, spikes, carry)


def _leak(layer: LayerSpec) -> tuple[int, int]:
    """Factor and bits of the share that is lost."""
    shift = layer.neuron.leak_shift
    return (0, 0) if shift is None else (1, shift)
