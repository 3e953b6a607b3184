"""End-to-end backpropagation through time that keeps the states between segments, and computes what lies within again.

Chen, Xu, Zhang, Guestrin: Training deep nets with sublinear memory cost, 2016; for spiking networks Singh et al.:
Skipper, MICRO 2022. Segments of sqrt(T) steps keep about least. The gradients are those of ``bptt``; the forward pass
runs twice. ``learning.skip`` is Skipper's other half: of each segment the share of steps in which the network fired
least is left out the second time.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from rtl_gen.contract.block import BlockSpec

from ..config.learning import LearningConfig
from ..network.network import SpikingNetwork
from ..network.neuron import RecurrentWindow, thresholds_of
from ..network.window import Flows, from_below, own_weights, read_out, rest
from .bptt import REFUSES
from .formula.activity import Activity
from .formula.operations import Cost
from .formula.passes import end_to_end
from .formula.rule_formula import NoFormulaError, RuleFormula
from .loss import loss_from
from .rule import Batch, Gradients, Learned, Rule


def learn(network: SpikingNetwork, settings: LearningConfig, batch: Batch) -> Learned:
    """Gradients of a batch through all steps and all blocks, segment by segment."""
    gathered = Gradients(network, batch)
    weights = [matrix for block in gathered.weights for matrix in block.layers]
    readout = gathered.weights[-1].readout
    size = batch.events.shape[1]
    states: list[Tensor | None] = [part for block in network.spec.blocks for state in rest(block, size, readout)
                                   for part in (state.membrane, state.spikes)]
    answers = readout.new_zeros(size, network.spec.classes)
    with torch.enable_grad():
        for steps in segments(settings, len(batch.events)):
            # The older kind of checkpoint: what it keeps it saves as any function does, so that it is counted.
            step_sum, *states = checkpoint(Segment(network, batch, steps, settings.skip),
                                           readout, *weights, *states, use_reentrant=True, preserve_rng_state=False)
            answers = answers + step_sum
        loss = loss_from(settings, batch)(answers * network.blocks[-1].logit_scale, batch.labels)
    loss.backward()
    gathered.push_back()
    return Learned([None] * (len(gathered.weights) - 1) + [loss.item()], answers.detach())


def segments(settings: LearningConfig, steps: int) -> list[range]:
    """The steps of each; the root of their number at a time keeps about least."""
    length = settings.segment or math.ceil(math.sqrt(steps))
    return [range(steps)[first:first + length] for first in range(0, steps, length)]


class Segment:
    """A few steps of all blocks, computed once without a graph and once with one."""

    def __init__(self, network: SpikingNetwork, batch: Batch, steps: range, skip: float) -> None:
        self._network = network
        self._events = batch.events[steps.start:steps.stop]
        within = batch.within if batch.answering is None else batch.answering
        self._within = None if within is None else within[steps.start:steps.stop]
        self._kept = len(steps) - int(skip * len(steps))

    def __call__(self, readout: Tensor, *parts: Tensor | None) -> tuple[Tensor | None, ...]:
        """What the segment's events (K, B, inputs) add to the answers (B, classes), and the states after it.

        ``parts`` are the weights of each layer, then membrane and spikes, or None, of each.
        """
        blocks = self._network.spec.blocks
        layers = [layer for block in blocks for layer in block.layers]
        flows = [part for block in blocks for part in [Flows(block.sources)] * block.depth]
        passing, after, activity = self._events.to(readout.dtype), [], 0.0
        for index, layer in enumerate(layers):
            weights, (membrane, before) = parts[index], parts[len(layers) + 2 * index:][:2]
            passing, membrane = RecurrentWindow.apply(
                from_below(layer, weights, passing, flows[index]), own_weights(layer, weights), membrane, before,
                thresholds_of(layer, weights), layer)
            after += [membrane, None if before is None else passing[-1]]
            activity = activity + passing.detach().sum((1, 2))
        if not torch.is_grad_enabled():     # the first time
            kept = activity.topk(self._kept).indices.sort().values
            within, self._events = self._within, self._events[kept]
            self._within = None if within is None else within[kept]
        else:
            within = self._within
        added = read_out(blocks[-1].readout, readout, passing)
        return (added if within is None else added * within).sum(0), *after


def operations(settings: LearningConfig, blocks: Sequence[BlockSpec], seen: Activity, chosen: Sequence[bool]) -> Cost:
    """Operations of a batch, by formula: segment by segment, with each one's forward pass again in the backward pass.

    Raises
    ------
    NoFormulaError
        If steps are skipped: those that stay spike otherwise than they did among all.
    """
    if settings.skip:
        raise NoFormulaError(f"Formula of rule bptt-checkpoint must have learning.skip 0, not {settings.skip}; "
                             "go by what was counted")
    return end_to_end(blocks, seen, segments(settings, seen.steps), again=True)


RULE = Rule(
    name="bptt-checkpoint",
    source="Chen, Xu, Zhang, Guestrin 2016; of spiking networks: Singh et al. 2022, MICRO",
    keeps="all states at every segment's start; events, gates and spikes of one segment of all blocks",
    costs="a second forward pass, and a backward pass as long as the forward one",
    honours=frozenset({"segment", "skip"}),
    refuses=f"{REFUSES}, labels of steps, readouts that leak, currents that linger", recurrent=True,
    experimental=True, learn=learn, formula=RuleFormula(operations=operations))
