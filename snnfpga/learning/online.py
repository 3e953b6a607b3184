"""Learning step by step, by three factors: a presynaptic trace, the surrogate now, and a learning signal of this step.

    e[t]  = alpha_pre * psi(u_i[t]) * pre_j[t]  +  alpha_post * x_j[t] * post_i[t]
    dW    = sum over the selected t of signal_i[t] * e[t]
    pre_j[t]  = x_j[t] + decay_pre * pre_j[t-1]
    post_i[t] = decay_post * (post_i[t-1] + psi(u_i[t-1]))

(Apolinario, Roy: S-TLLR, TMLR 2025, equations 4 to 7, with the non-causal sum over t' < t.) SLTT and OTTT are its
special cases. The signal is found by backpropagation through the layers at this step alone, from the network's readout
or from each block's own; no graph outlives a step, so that memory does not grow with T. A bias is an input that is
always active, trace and all.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.learning import LearningConfig
from ..config.models import Config
from ..network.frontends.registry import architecture_of, settings_of
from ..network.network import SpikingNetwork
from ..network.window import rest
from .answered import Answered
from .feedback import Feedback, check_feedback
from .loss import Loss, labelled_loss, loss_from, mean_loss
from .rule import Batch, Gradients, Learned
from .select import check_selection, selected
from .traces import TracedLayer, Traces

HONOURS = frozenset({"loss_at", "update", "select", "selected_steps", "feedback"})
REFUSES = ("loss_at window, reset zero, select top, residual currents (+), training.parallel=blocks, readouts that "
           "leak, currents that linger")
TRACES = frozenset({"traces.pre", "traces.post", "traces.alpha_pre", "traces.alpha_post", "traces.post_of",
                    "traces.restart"})


class Trigger(torch.autograd.Function):
    """Passes logits on; errors of at most a threshold pass nothing back."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, threshold: float) -> Tensor:
        """``logits (B, classes)`` as they are; the loss is a mean over the B samples."""
        ctx.least = threshold / len(logits)
        return logits.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0].masked_fill(grads[0].abs() <= ctx.least, 0.0), None


def check_step_rule(config: Config, name: str, signal: Literal["network", "block"]) -> None:
    """No rule that works step by step serves a loss at a window's end, or a reset to zero.

    After a reset to zero each neuron forgets its past at its own time, so that an exact trace would be one a synapse.
    """
    learning = config.learning
    if learning.loss_at == "window":
        raise SnnfpgaError(f"Rule {name} learns at each step and cannot serve learning.loss_at=window; take step, or "
                           "rule truncated-local", USAGE)
    if "zero" in (config.network.reset, *(layer.reset for layer in settings_of(config.network))):
        raise SnnfpgaError(f"Rule {name} cannot serve network.reset=zero, where a trace would be "
                           "needed for each synapse; take subtract, or rule truncated-local", USAGE)
    if any(layer.adds for layer in architecture_of(config.network).layers):
        raise SnnfpgaError(f"Rule {name} finds a signal layer by layer and cannot serve currents of earlier layers "
                           "(+); take rule truncated-local or bptt, or leave them out", USAGE)
    check_selection(learning)
    if learning.select == "top":
        raise SnnfpgaError(f"Rule {name} learns at each step before it sees the next and cannot serve "
                           "learning.select=top; take last or random, or rule truncated-local", USAGE)
    check_feedback(config, local=signal == "block")


@dataclass(frozen=True)
class StepLearner:
    """``learn`` of a rule with these factors, whose signal comes from the network's readout or from each block's."""

    factors: Traces
    signal: Literal["network", "block"]

    def __call__(self, network: SpikingNetwork, settings: LearningConfig, batch: Batch) -> Learned:
        """As :attr:`snnfpga.learning.rule.Rule.learn`."""
        return _learn(network, settings, batch, self.factors.changed_by(settings), self.signal)


def _learn(network: SpikingNetwork, settings: LearningConfig, batch: Batch, factors: Traces, signal: str) -> Learned:
    spec, loss_of = network.spec, loss_from(settings, batch)
    gathered, feedback = Gradients(network, batch), Feedback(network, settings, batch)
    events = batch.events.to(gathered.weights[0].readout.dtype)
    states = [[TracedLayer(layer, factors, state) for layer, state in
               zip(block.layers, rest(block, events.shape[1], events), strict=True)] for block in spec.blocks]
    logits = [events.new_zeros(events.shape[1], spec.classes) for _ in spec.blocks]
    answered = Answered(spec.blocks[-1], batch)
    losses: list[list[tuple[float, int]]] = [[] for _ in spec.blocks]
    learns = selected(settings, len(events), batch.generator)
    for t, passing in enumerate(events):
        if factors.restart and t % factors.restart == 0:
            for state in (state for block in states for state in block):
                state.forget()
        for b in range(len(spec.blocks)):
            has_loss = learns[t] and (signal == "block" or b == len(spec.blocks) - 1)
            with torch.set_grad_enabled(learns[t]):
                layers = _block_layers(states[b], gathered.weights[b].layers, passing, feedback.joined)
                step = batch.counted(feedback.read_out(b, gathered.weights[b].readout, layers)[None], t)[0]
                if has_loss:
                    before = logits[b] if settings.accumulate == "cumulative" else 0.0
                    logit = (before + step) * network.blocks[b].logit_scale
                    if settings.error_threshold is not None:
                        logit = Trigger.apply(logit, settings.error_threshold)
                    loss, count = _loss(loss_of, logit, batch, t)
            if has_loss and loss is not None:
                # Every labelled step weighs the same, however many samples of the batch have one.
                (loss if batch.step_labels is None else loss * (count / len(batch.labels))).backward()
                losses[b].append((loss.item(), count))
            logits[b] = logits[b] + step.detach()
            passing = layers[-1].detach() if signal == "block" or not feedback.joined else layers[-1]
        answered.add(step.detach()[None], t)
        if learns[t] and settings.update == "window":
            gathered.update()
    gathered.push_back()
    return Learned([mean_loss(values) for values in losses], answered.samples, answered.windows)


def _loss(loss_of: Loss, logits: Tensor, batch: Batch, step: int) -> tuple[Tensor | None, int]:
    """The loss of logits (B, classes) in a step, and of how many samples it is the mean; None of none."""
    if batch.step_labels is None:
        return loss_of(logits, batch.labels), len(batch.labels)
    return labelled_loss(loss_of, logits, batch.step_labels[step])


def _block_layers(states: list[TracedLayer], matrices: list[Tensor], events: Tensor, joined: bool) -> list[Tensor]:
    """Spikes (B, N) of each layer of a block; no credit runs between layers that are not ``joined``."""
    found = []
    for state, matrix in zip(states, matrices, strict=True):
        found.append(state.step(events, matrix))
        events = found[-1] if joined else found[-1].detach()
    return found
