"""What events make of a network: how many additions its spikes cause."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ...network.inference import run_block
from ...network.network import SpikingNetwork
from ...network.synapses import pooled
from .shapes import reached


@dataclass(frozen=True)
class Activity:
    """Additions that spikes of a batch cause in each step.

    Attributes
    ----------
    batch
        B.
    below
        For each block and layer, (T,): by what comes from below.
    own
        For each block and layer, (T,): by a recurrent layer's own spikes of the step before; 0 for others.
    readout
        For each block, (T,).
    """

    batch: int
    below: list[list[list[int]]]
    own: list[list[list[int]]]
    readout: list[list[int]]

    @property
    def steps(self) -> int:
        return len(self.readout[0])


@torch.no_grad()
def activity(network: SpikingNetwork, events: Tensor) -> Activity:
    """What ``events`` (T, B, inputs) make of a network."""
    below, own, readout, batch, passing = [], [], [], events.shape[1], events.float()
    for block, weights in zip(network.spec.blocks, network.integers(), strict=True):
        spikes = run_block(block, weights, passing).spikes
        below.append([[reached(layer)(pooled(step, layer.pool)) for step in came]
                      for layer, came in zip(block.layers, (passing, *spikes[:-1]), strict=True)])
        own.append([[0, *(int(step.sum()) * layer.outputs for step in fired[:-1])] if layer.synapses.recurrent
                    else [0] * len(events) for layer, fired in zip(block.layers, spikes, strict=True)])
        passing = spikes[-1]
        readout.append([int(pooled(step, block.readout.pool).sum()) * block.readout.classes for step in passing])
    return Activity(batch, below, own, readout)
