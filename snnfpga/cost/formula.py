"""Operations of a rule by formula, from the network's shape and how many events each layer saw in each step.

The tests hold these to what :mod:`snnfpga.cost.meter` counts in a real run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rtl_gen.spec import BlockSpec

from ..config import Config
from ..network.inference import run_block
from ..network.network import SpikingNetwork
from .operations import Cost, Operations


@dataclass(frozen=True)
class Activity:
    """Spikes over a batch in each step.

    Attributes
    ----------
    batch
        B.
    inputs
        For each block and layer, (T,) events that go in.
    outputs
        For each block, (T,) spikes of its last layer.
    """

    batch: int
    inputs: list[list[list[int]]]
    outputs: list[list[int]]


@torch.no_grad()
def activity(network: SpikingNetwork, events: Tensor) -> Activity:
    """What ``events`` (T, B, inputs) make of a network."""
    inputs, outputs, batch, passing = [], [], events.shape[1], events.float()
    for block, weights in zip(network.spec.blocks, network.integers(), strict=True):
        spikes = run_block(block, weights, passing).spikes
        inputs.append([_each_step(events) for events in (passing, *spikes[:-1])])
        passing = spikes[-1]
        outputs.append(_each_step(passing))
    return Activity(batch, inputs, outputs)


def _each_step(spikes: Tensor) -> list[int]:
    return [int(count) for count in spikes.sum((1, 2))]


def forward(block: BlockSpec, seen: Activity, b: int, t: int) -> Operations:
    """Of a block in step t: synapses, and its readout."""
    total = Operations()
    for layer, events in zip(block.layers, seen.inputs[b], strict=True):
        total += Operations(accumulates=events[t] * layer.outputs, dense=seen.batch * layer.inputs * layer.outputs)
    return total + _readout(block, seen, b, t)


def _readout(block: BlockSpec, seen: Activity, b: int, t: int) -> Operations:
    return Operations(accumulates=seen.outputs[b][t] * block.readout.classes,
                      dense=seen.batch * block.outputs * block.readout.classes)


def error_back(block: BlockSpec, batch: int) -> Operations:
    """Errors of the classes through the readout, for a step: signs of a fixed readout multiply nothing."""
    pairs = batch * block.outputs * block.readout.classes
    if block.readout.learned:
        return Operations(multiplies=pairs, dense=pairs)
    return Operations(accumulates=pairs, dense=pairs)


def credit_back(block: BlockSpec, batch: int, *, into_block: bool) -> Operations:
    """Credit through the layers' weights, for a step; through the first one's only where it goes on below the block."""
    pairs = sum(batch * layer.inputs * layer.outputs for layer in block.layers[0 if into_block else 1:])
    return Operations(multiplies=pairs, dense=pairs)


def gradients(block: BlockSpec, seen: Activity, b: int, t: int) -> Operations:
    """Of the layers' weights, from input spikes, for a step."""
    total = Operations()
    for layer, events in zip(block.layers, seen.inputs[b], strict=True):
        total += Operations(accumulates=events[t] * layer.outputs, dense=seen.batch * layer.inputs * layer.outputs)
    return total


def readout_gradients(block: BlockSpec, seen: Activity, b: int, t: int) -> Operations:
    """Of a learned readout's weights, for a step."""
    return _readout(block, seen, b, t) if block.readout.learned else Operations()


def cost(config: Config, blocks: Sequence[BlockSpec], seen: Activity) -> Cost:
    """Of a batch under ``truncated-local`` or ``bptt``, the two whose operations follow from shape and spikes alone."""
    settings, steps = config.learning, len(seen.outputs[0])
    local = settings.rule == "truncated-local"
    total = Cost()
    for b, block in enumerate(blocks):
        has_loss = local or b == len(blocks) - 1
        for t in range(steps):
            total += Cost(forward=forward(block, seen, b, t))
            if local and not _learned_from(config, t, steps):
                continue
            total += Cost(backward=gradients(block, seen, b, t)
                          + credit_back(block, seen.batch, into_block=not local and b > 0))
            if has_loss:
                total += Cost(backward=error_back(block, seen.batch) + readout_gradients(block, seen, b, t))
    return total


def _learned_from(config: Config, t: int, steps: int) -> bool:
    """Whether the window of step t is learned from: whole windows are, steps outside the loss window among them."""
    settings = config.learning
    window, number = settings.window, t // settings.window
    length = min(window, steps - number * window)
    has_loss = length > window - (settings.loss_steps or window)
    return has_loss and (number + 1) % settings.update_interval == 0
