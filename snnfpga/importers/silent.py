"""Layers that never fire, whatever comes in."""

import math

import torch

from rtl_gen.contract.layer import LayerSpec

from ..network.network import SpikingNetwork


@torch.no_grad()
def silent_layers(network: SpikingNetwork) -> list[int]:
    """The numbers of the layers none of whose neurons can reach its threshold."""
    layers = [(layer, matrix.double()) for block, weights in zip(network.spec.blocks, network.integers(), strict=True)
              for layer, matrix in zip(block.layers, weights.layers, strict=True)]
    return [number for number, (layer, matrix) in enumerate(layers)
            if _highest(layer, matrix, network.spec.max_steps) < layer.neuron.threshold]


def _highest(layer: LayerSpec, matrix: torch.Tensor, steps: int) -> float:
    """A bound of charged membranes: all that excites comes in every step, and nothing else."""
    events = layer.event_rows
    scale = torch.ones(events, 1, dtype=torch.float64)
    scale[:layer.synapses.rows] = layer.largest_event
    drive = (matrix[:events].clamp(min=0.0) * scale).sum(0)
    if layer.weights.bias:
        drive = drive + matrix[-1]
    if layer.neuron.threshold_shift is not None:
        return math.inf         # a row lowers the threshold of each neuron by what this does not look at
    reached = max(0.0, float(drive.max()))
    # Leaks are rounded down: what is lost falls short of its share by less than a unit.
    if layer.current is not None:
        reached = min(steps * reached, (reached + 1.0) / (1.0 - layer.current.keep)) if reached else 0.0
    keep = layer.neuron.keep
    below = min(steps * reached, (reached + 1.0) / (1.0 - keep)) if keep < 1.0 else steps * reached
    return below if reached else 0.0
