"""End-to-end backpropagation through time: the baseline that the local rules are measured against.

Werbos: Backpropagation through time, Proceedings of the IEEE 78(10), 1990; for spiking neurons with a surrogate
gradient Neftci, Mostafa, Zenke, IEEE Signal Processing Magazine 36(6), 2019 (STBP: Wu et al., Frontiers in Neuroscience
12:331, 2018). Only the last block's readout has a loss; memory grows with T and with the number of layers.
"""

from collections.abc import Sequence

import torch

from rtl_gen.contract.block import BlockSpec

from ..config.learning import LearningConfig
from ..network.network import SpikingNetwork
from ..network.window import block_layers, read_out, rest
from .formula.activity import Activity
from .formula.kept import of_block
from .formula.operations import Cost
from .formula.passes import end_to_end
from .formula.rule_formula import RuleFormula
from .loss import loss_from
from .rule import Batch, Gradients, Learned, Rule

REFUSES = ("losses and updates within a sample (loss_at, loss_steps, select, update, update_interval), feedback, "
           "training.parallel=blocks")


def learn(network: SpikingNetwork, settings: LearningConfig, batch: Batch) -> Learned:
    """Gradients of a batch through all steps and all blocks."""
    gathered = Gradients(network, batch)
    passing = batch.events.to(gathered.weights[0].readout.dtype)
    with torch.enable_grad():
        for block, weights in zip(network.spec.blocks, gathered.weights, strict=True):
            passing = block_layers(block, weights, passing, rest(block, passing.shape[1], passing))[0][-1]
        steps = read_out(network.spec.blocks[-1].readout, gathered.weights[-1].readout, passing)
        answers = batch.counted(steps, 0).sum(0)
        loss = loss_from(settings, batch)(answers * network.blocks[-1].logit_scale, batch.labels)
    loss.backward()
    gathered.push_back()
    return Learned([None] * (len(gathered.weights) - 1) + [loss.item()], answers.detach())


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
    refuses=REFUSES, recurrent=True, learn=learn,
    formula=RuleFormula(operations=operations, kept_bytes=kept_bytes))
