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

from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from rtl_gen.contract.layer import LayerSpec

from ..config.models import Config, LearningConfig
from ..errors import USAGE, SnnfpgaError
from ..network.frontends.registry import architecture_of, settings_of
from ..network.network import SpikingNetwork
from ..network.neuron import integrate, thresholds_of
from ..network.surrogates import area_of, gates
from ..network.synapses import currents, event_gradient, pooled, weight_gradient
from ..network.window import State, own_weights, rest
from .feedback import Feedback, check_feedback
from .loss import loss_from
from .rule import Batch, Gradients, Learned
from .select import check_selection, selected

HONOURS = frozenset({"loss_at", "update", "select", "selected_steps", "feedback"})
REFUSES = "loss_at window, reset zero, select top, residual currents (+), training.parallel=blocks"
TRACES = frozenset({"traces.pre", "traces.post", "traces.alpha_pre", "traces.alpha_post", "traces.post_of",
                    "traces.restart"})


@dataclass(frozen=True, kw_only=True)
class Traces:
    """The factors of a rule.

    Attributes
    ----------
    pre, post
        Decays of the traces a step; ``leak`` is the neuron's own.
    alpha_pre, alpha_post
        Weights of the causal and of the non-causal term.
    post_of
        What a neuron's trace is of: its surrogate, or its spikes as in plasticity by the timing of spikes.
    restart
        Forget the traces after so many steps; None never does.
    effects
        Trace the traces once more, and take the mean of the surrogates so far for that of the step.
    """

    pre: float | Literal["leak"] = 0.0
    post: float = 0.0
    alpha_pre: float = 1.0
    alpha_post: float = 0.0
    post_of: Literal["surrogate", "spikes"] = "surrogate"
    restart: int | None = None
    effects: bool = False

    def changed_by(self, settings: LearningConfig) -> "Traces":
        """These, but for what the configuration says."""
        return replace(self, **settings.traces.model_dump(exclude_none=True))

    def pre_decay(self, layer: LayerSpec) -> float:
        if self.pre != "leak":
            return self.pre
        return layer.neuron.keep


class StepLayer(torch.autograd.Function):
    """A layer in one step: synapses and neurons; the gradient of its weights is made of the traces."""

    @staticmethod
    def forward(ctx: Any, below: Tensor, weights: Tensor, state: State, traced: "Traced", layer: LayerSpec,
                factors: Traces) -> tuple[Tensor, Tensor, Tensor]:
        """Spikes (B, N), the membrane after the reset, and the gates (B, N).

        From pooled events (B, pooled inputs), weights (rows, columns), the state, and the traces as of this step.
        """
        current = currents(below, weights, layer)
        if state.spikes is not None:
            current = current + state.spikes @ own_weights(layer, weights)
        threshold = thresholds_of(layer, weights)
        spikes, charged, membrane = integrate(current[None], state.membrane, threshold, layer)
        gate = gates(charged[0], threshold, layer.surrogate)
        if traced.surrogates is not None:
            gate = traced.surrogates.with_step(gate)
        ctx.layer, ctx.factors, ctx.bias_trace = layer, factors, traced.bias
        post = [] if traced.post is None else [below, *([] if state.spikes is None else [state.spikes])]
        ctx.save_for_backward(weights, gate, traced.below, traced.own, traced.post, *post)
        ctx.mark_non_differentiable(membrane, gate)
        return spikes[0], membrane, gate

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None, None]:
        weights, gate, below_trace, own_trace, post, *events = ctx.saved_tensors
        layer, factors = ctx.layer, ctx.factors
        signal = grads[0] / area_of(layer.surrogate)
        delta = gate * signal
        to_events = to_weights = None
        if ctx.needs_input_grad[0]:
            to_events = event_gradient(delta, weights, layer)
        if ctx.needs_input_grad[1]:
            to_weights = factors.alpha_pre * _by_rows(below_trace, own_trace, ctx.bias_trace, delta, layer)
            if post is not None:
                below, own = events[0], events[1] if own_trace is not None else None
                to_weights += factors.alpha_post * _by_rows(below, own, 1.0, signal * post, layer)
            if layer.neuron.threshold_shift is not None:
                # No trace: it is an input of -1 to the step alone, in every rule.
                to_weights[layer.event_rows] = -_by_columns(delta, layer) * 2.0 ** layer.neuron.threshold_shift
        return to_events, to_weights, None, None, None, None


def _by_rows(below: Tensor, own: Tensor | None, bias: float, delta: Tensor, layer: LayerSpec) -> Tensor:
    """Gradient (rows, columns): of the inputs, of the layer's own spikes, of the bias; none of the thresholds."""
    parts = [weight_gradient(below, delta, layer)]
    if own is not None:
        parts.append(own.t() @ delta)
    if layer.neuron.threshold_shift is not None:
        parts.append(delta.new_zeros(1, layer.columns))
    if layer.weights.bias:
        parts.append(bias * _by_columns(delta, layer)[None])
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _by_columns(delta: Tensor, layer: LayerSpec) -> Tensor:
    """Sums (columns,) over samples, and over a filter's neurons."""
    return delta.reshape(-1, layer.columns).sum(0)


@dataclass
class Traced:
    """Traces of a layer: of what comes from below, of its own spikes where it is recurrent, of its bias, which is the
    same in all samples, and of what its surrogates were, where a rule needs that.
    """

    below: Tensor
    own: Tensor | None
    bias: float
    post: Tensor | None
    surrogates: "Mean | None" = None


class Mean:
    """Of what a neuron had in each step, (B, N); a step counts ``decay`` times as much as the next."""

    def __init__(self, like: Tensor, decay: float) -> None:
        self._sum, self._weight, self._decay = torch.zeros_like(like), 0.0, decay

    def with_step(self, values: Tensor) -> Tensor:
        """The mean, one step on."""
        self._sum, self._weight = self._decay * self._sum + values, self._decay * self._weight + 1.0
        return self._sum / self._weight


class TracedLayer:
    """A layer from step to step: its state and its traces."""

    def __init__(self, layer: LayerSpec, factors: Traces, state: State) -> None:
        self._layer, self._factors, self._state = layer, factors, state
        self.forget()

    def forget(self) -> None:
        """Start the traces afresh."""
        membrane, own = self._state
        self._traced = Traced(membrane.new_zeros(len(membrane), self._layer.synapses.inputs),
                              None if own is None else torch.zeros_like(own), 0.0,
                              torch.zeros_like(membrane) if self._factors.alpha_post else None)
        self._used = self._traced
        if self._factors.effects:
            self._used = replace(self._traced, surrogates=Mean(membrane, self._factors.pre_decay(self._layer)))

    def step(self, events: Tensor, weights: Tensor) -> Tensor:
        """Spikes (B, N) of this step."""
        layer, factors, traced, used, state = self._layer, self._factors, self._traced, self._used, self._state
        below, decay = pooled(events, layer.pool), factors.pre_decay(layer)
        with torch.no_grad():
            traced.below = _grown(traced.below, below.detach(), decay)
            traced.bias = 1.0 + decay * traced.bias
            if traced.own is not None:
                traced.own = _grown(traced.own, state.spikes, decay)
            if used is not traced:
                used.below = traced.below + decay * used.below
                used.bias = traced.bias + decay * used.bias
                if used.own is not None:
                    used.own = traced.own + decay * used.own
        spikes, membrane, gate = StepLayer.apply(below, weights, state, used, layer, factors)
        self._state = State(membrane, None if state.spikes is None else spikes.detach())
        if traced.post is not None:
            # A spike counts as much as the surrogate at its peak.
            now = gate if factors.post_of == "surrogate" else layer.surrogate.height * spikes.detach()
            traced.post = factors.post * (traced.post + now)
        return spikes


def _grown(trace: Tensor, spikes: Tensor, decay: float) -> Tensor:
    """A trace, one step on: of no decay the spikes themselves."""
    return spikes if decay == 0 else spikes + decay * trace


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
    answers = torch.zeros_like(logits[0], dtype=torch.float64)
    losses: list[list[float]] = [[] for _ in spec.blocks]
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
                    loss = loss_of(logit, batch.labels)
            if has_loss:
                loss.backward()
                losses[b].append(loss.item())
            logits[b] = logits[b] + step.detach()
            passing = layers[-1].detach() if signal == "block" or not feedback.joined else layers[-1]
        answers += step.detach()
        if learns[t] and settings.update == "window":
            gathered.update()
    gathered.push_back()
    return Learned([sum(values) / len(values) if values else None for values in losses], answers)


def _block_layers(states: list[TracedLayer], matrices: list[Tensor], events: Tensor, joined: bool) -> list[Tensor]:
    """Spikes (B, N) of each layer of a block; no credit runs between layers that are not ``joined``."""
    found = []
    for state, matrix in zip(states, matrices, strict=True):
        found.append(state.step(events, matrix))
        events = found[-1] if joined else found[-1].detach()
    return found
