"""A block over a window of steps, on integer-valued weights."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rtl_gen.spec import BlockSpec, LayerSpec

from .neuron import lif
from .sparse import currents


@dataclass(frozen=True)
class BlockWeights:
    """Integer-valued float32 weights of a block: a matrix (rows, outputs) a layer, and the readout (N, classes)."""

    layers: list[Tensor]
    readout: Tensor


def rest(block: BlockSpec, batch: int, device: torch.device) -> list[Tensor]:
    """Membranes at a sample's start, (B, outputs) a layer."""
    return [torch.zeros(batch, layer.outputs, device=device) for layer in block.layers]


def synapses(events: Tensor, weights: Tensor, layer: LayerSpec) -> Tensor:
    """Currents (K, B, outputs) of events (K, B, inputs)."""
    return currents(events, weights, layer)


def block_window(block: BlockSpec, weights: BlockWeights, events: Tensor,
                 membranes: list[Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Run a block over the steps of a window.

    Parameters
    ----------
    events
        (K, B, inputs), 0 or 1, of any type.
    membranes
        As the window before left them, (B, outputs) a layer.

    Returns
    -------
    Spikes of the last layer (K, B, N), what each step adds to the logits (K, B, classes), and the membranes.
    """
    after = []
    for layer, matrix, membrane in zip(block.layers, weights.layers, membranes, strict=True):
        events, left = lif(synapses(events, matrix, layer), membrane, layer)
        after.append(left)
    return events, events @ weights.readout, after
