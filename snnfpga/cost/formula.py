"""Operations of a rule by formula, from the network's shape and the events that each layer saw in each step.

The tests hold these to what :mod:`snnfpga.cost.meter` counts in a real run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rtl_gen.spec import BlockSpec

from ..config import Config
from ..network.inference import run_block
from ..network.network import SpikingNetwork
from ..network.synapses import pooled
from .operations import Cost, Operations
from .shapes import of_layer, of_own, of_readout, reached


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
        own.append([[0, *(int(step.sum()) * layer.outputs for step in fired[:-1])] if layer.recurrent
                    else [0] * len(events) for layer, fired in zip(block.layers, spikes, strict=True)])
        passing = spikes[-1]
        readout.append([int(pooled(step, block.readout.pool).sum()) * block.readout.classes for step in passing])
    return Activity(batch, below, own, readout)


def forward(block: BlockSpec, seen: Activity, b: int, steps: range) -> Operations:
    """Of a block's synapses over a window."""
    total, samples = Operations(), seen.batch * len(steps)
    for index, layer in enumerate(block.layers):
        total += of_layer(layer).forward(samples, sum(seen.below[b][index][t] for t in steps))
        if layer.recurrent:
            for t in steps:
                total += of_own(layer).forward(seen.batch, seen.own[b][index][t])
    return total


def read_out(block: BlockSpec, seen: Activity, b: int, steps: range) -> Operations:
    """Of a block's readout over a window."""
    return of_readout(block.readout).forward(seen.batch * len(steps), sum(seen.readout[b][t] for t in steps))


def error_back(block: BlockSpec, seen: Activity, b: int, steps: range) -> Operations:
    """Errors of the classes through the readout: signs multiply nothing, and a learned one has a gradient as well."""
    shape, samples = of_readout(block.readout), seen.batch * len(steps)
    if not block.readout.learned:
        return shape.back(samples, signs=True)
    return shape.back(samples) + shape.gradient(samples, sum(seen.readout[b][t] for t in steps))


def credit_back(block: BlockSpec, seen: Activity, steps: range, *, into_block: bool) -> Operations:
    """Credit through the layers' weights; through the first one's only where it goes on below the block."""
    total = Operations()
    for layer in block.layers[0 if into_block else 1:]:
        total += of_layer(layer).back(seen.batch * len(steps))
    for layer in block.layers:
        for _ in steps[1:] if layer.recurrent else ():
            total += of_own(layer).back(seen.batch)
    return total


def gradients(block: BlockSpec, seen: Activity, b: int, steps: range) -> Operations:
    """Of the layers' weights, from input spikes."""
    total, samples = Operations(), seen.batch * len(steps)
    for index, layer in enumerate(block.layers):
        total += of_layer(layer).gradient(samples, sum(seen.below[b][index][t] for t in steps))
        if layer.recurrent:
            total += of_own(layer).gradient(samples, sum(seen.own[b][index][t] for t in steps))
    return total


def cost(config: Config, blocks: Sequence[BlockSpec], seen: Activity) -> Cost:
    """Of a batch under ``truncated-local`` or ``bptt``, the two whose operations follow from shape and spikes alone."""
    local, total = config.learning.rule == "truncated-local", Cost()
    for b, block in enumerate(blocks):
        has_loss = local or b == len(blocks) - 1
        for steps, learned_from in windows(config, seen.steps):
            total += Cost(forward=forward(block, seen, b, steps))
            if has_loss:
                total += Cost(forward=read_out(block, seen, b, steps))
            if not learned_from:
                continue
            total += Cost(backward=gradients(block, seen, b, steps)
                          + credit_back(block, seen, steps, into_block=not local and b > 0))
            if has_loss:
                total += Cost(backward=error_back(block, seen, b, steps))
    return total + Cost(update=updates(config, blocks, seen.steps))


def updates(config: Config, blocks: Sequence[BlockSpec], steps: int) -> Operations:
    """Each reads weights and gradients and writes weights."""
    settings, local = config.learning, config.learning.rule == "truncated-local"
    count = 1 if settings.update == "sample" else sum(learned for _, learned in windows(config, steps))
    weights = sum(layer.rows * layer.columns for block in blocks for layer in block.layers)
    readouts = [block.readout for block in (blocks if local else blocks[-1:])]
    weights += sum(readout.rows * readout.classes for readout in readouts if readout.learned)
    return Operations(weights_read=2 * count * weights, weights_written=count * weights)


def windows(config: Config, steps: int) -> Iterator[tuple[range, bool]]:
    """The steps of each window, and whether it is learned from: if so all of it, steps outside the loss among them."""
    settings = config.learning
    window = settings.window if settings.rule == "truncated-local" else steps
    for number, start in enumerate(range(0, steps, window)):
        span = range(start, min(start + window, steps))
        if settings.rule != "truncated-local":
            yield span, True
            continue
        has_loss = len(span) > window - (settings.loss_steps or window)
        yield span, has_loss and (number + 1) % settings.update_interval == 0
