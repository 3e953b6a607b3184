"""The factors of a rule that learns step by step, and the traces of a layer from step to step.

:mod:`.online` has the equations, and the learning that they serve.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from rtl_gen.contract.layer import LayerSpec

from ..config.learning import LearningConfig
from ..network.neuron import integrate, thresholds_of
from ..network.surrogates import area_of, gates
from ..network.synapses import currents, event_gradient, pooled, weight_gradient
from ..network.window import State, own_weights


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
    """The mean of what a neuron had in each step, (B, N); a step counts ``decay`` times as much as the next."""

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
        membrane, own = self._state.membrane, self._state.spikes
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
