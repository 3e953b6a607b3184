"""End-to-end backpropagation through time: the baseline that the local rules are measured against.

Werbos: Backpropagation through time, Proceedings of the IEEE 78(10), 1990; for spiking neurons with a surrogate
gradient Neftci, Mostafa, Zenke, IEEE Signal Processing Magazine 36(6), 2019 (STBP: Wu et al., Frontiers in Neuroscience
12:331, 2018). Only the last block's readout has a loss; memory grows with T and with the number of layers.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from rtl_gen.contract.block import BlockSpec

from ..config.learning import LearningConfig
from ..network.answers import window_logits
from ..network.levels import whole
from ..network.network import SpikingNetwork
from ..network.window import block_layers, read_out, rest
from .answered import Answered
from .formula.activity import Activity
from .formula.kept import of_block
from .formula.operations import Cost
from .formula.passes import end_to_end
from .formula.rule_formula import RuleFormula
from .loss import Loss, labelled_loss, loss_from, mean_loss
from .rule import Batch, Gradients, Learned, Rule

REFUSES = ("losses and updates within a sample (loss_at, loss_steps, select, update, update_interval), feedback, "
           "training.parallel=blocks")


def learn(network: SpikingNetwork, settings: LearningConfig, batch: Batch) -> Learned:
    """Gradients of a batch through all steps and all blocks."""
    gathered = Gradients(network, batch)
    passing = batch.events.to(gathered.weights[0].readout.dtype)
    with torch.enable_grad():
        loss_of = loss_from(settings, batch)
        for block, weights in zip(network.spec.blocks, gathered.weights, strict=True):
            passing = block_layers(block, weights, passing, rest(block, passing.shape[1], passing))[0][-1]
        readout = network.spec.blocks[-1].readout
        steps = whole(readout, read_out(readout, gathered.weights[-1].readout, passing))
        steps, scale = batch.counted(steps, 0), network.blocks[-1].logit_scale
        if batch.step_labels is not None:
            return _learn_from_windows(network, loss_of, steps, batch, gathered)
        answers = batch.answered(steps, 0).sum(0)
        loss = loss_of(answers * scale, batch.labels)
    loss.backward()
    gathered.push_back()
    return Learned([None] * (len(gathered.weights) - 1) + [loss.item()], answers.detach())


def _learn_from_windows(network: SpikingNetwork, loss_of: Loss, steps: Tensor, batch: Batch,
                        gathered: Gradients) -> Learned:
    """As :func:`learn`, with a loss at the end of each labelled window, of what ``steps`` add, (T, B, classes)."""
    block, scale, losses = network.spec.blocks[-1], network.blocks[-1].logit_scale, []
    answered = Answered(block, batch)
    for logits, labels in zip(window_logits(block, steps, None, steps.dtype),
                              batch.window_labels(block.window, block.loss_steps), strict=True):
        loss, count = labelled_loss(loss_of, logits * scale, labels)
        if loss is not None:
            losses.append((loss, count))
    for first in range(0, len(steps), block.window):
        answered.add(steps[first:first + block.window].detach(), first)
    if losses:
        # Every labelled window weighs the same, however many samples of the batch have one.
        sum(loss * (count / len(batch.labels)) for loss, count in losses).backward()
        gathered.push_back()
    noted = mean_loss([(loss.item(), count) for loss, count in losses])
    return Learned([None] * (len(gathered.weights) - 1) + [noted], answered.samples, answered.windows)


def operations(settings: LearningConfig, blocks: Sequence[BlockSpec], seen: Activity, chosen: Sequence[bool]) -> Cost:
    """Operations of a batch, by formula: all steps of all blocks, once."""
    return end_to_end(blocks, seen, [range(seen.steps)], again=False)


def kept_bytes(settings: LearningConfig, blocks: Sequence[BlockSpec], steps: int, batch: int) -> int:
    """Bytes kept, by formula: nothing goes before all blocks have run."""
    return sum(of_block(block, batch * steps, crossed=b > 0, readout=block is blocks[-1])
               for b, block in enumerate(blocks))


RULE = Rule(
    name="bptt",
    source="Werbos 1990; surrogate gradients: Neftci, Mostafa, Zenke 2019",
    keeps="T steps of events, gates and spikes of all blocks",
    costs="a backward pass as long as the forward one",
    refuses=REFUSES, recurrent=True, step_labels=True, leaky=True, lingering=True, learn=learn,
    formula=RuleFormula(operations=operations, kept_bytes=kept_bytes))
