"""How wide membranes need be: by what they reach on samples, or by a bound."""

import torch
from torch import Tensor

from rtl_gen.contract.layer import LayerSpec

from ..network.network import SpikingNetwork
from ..network.window import Flows, layer_rest, layer_run

WIDEST, NARROWEST = 24, 8       # bits of a membrane
ROOM = 1                        # bit more than what was reached


@torch.no_grad()
def wanted_bits(network: SpikingNetwork, events: Tensor | None) -> list[int]:
    """For each layer the bits of membranes that hold twice what they reach.

    Parameters
    ----------
    events
        (T, B, inputs): samples that are run; None takes a bound of what any samples could make them reach.
    """
    found = []
    for block, weights in zip(network.spec.blocks, network.integers(), strict=True):
        flows = Flows(block.sources)
        for layer, matrix in zip(block.layers, weights.layers, strict=True):
            if events is None:
                reached = _bound(layer, matrix, network.spec.max_steps)
            else:
                events, charged = layer_run(layer, matrix, events, layer_rest(layer, events.shape[1], events), flows)
                reached = float(charged.abs().max())
            neuron = layer.neuron
            largest = max(int(min(reached, 2 ** WIDEST)), neuron.threshold, neuron.reset_amount or 0)
            found.append(max(NARROWEST, min(WIDEST, largest.bit_length() + 1 + ROOM)))
    return found


def _bound(layer: LayerSpec, matrix: Tensor, steps: int) -> float:
    """About the largest magnitude of a charged membrane: all inputs of one sign in every step."""
    weights = matrix.double()
    rows = layer.synapses.rows
    scale = torch.ones(len(weights), 1, dtype=torch.float64)
    scale[:rows] = layer.largest_event
    sides = [float((weights * scale).clamp(min=low, max=high).abs().sum(0).max()) for low, high in (
        (0.0, None), (None, 0.0))]
    if layer.current is not None:
        sides = [side / (1.0 - layer.current.keep) for side in sides]
    keep, neuron = layer.neuron.keep, layer.neuron
    below = min(steps, 1.0 / (1.0 - keep)) if keep < 1.0 else steps
    return max(neuron.threshold + sides[0], sides[1] * below + (neuron.reset_amount or 0))
