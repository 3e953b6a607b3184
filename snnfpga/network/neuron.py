"""Spiking neurons over a window of steps, in integers that float32 holds exactly (docs/arithmetic.md, Forward)."""

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.neurons.base import NeuronSpec

from . import scan
from .linger import next_current
from .surrogates import HostSurrogate, area_of, gates


def kind_of(neuron: NeuronSpec | str) -> ModuleType:
    """The module of :mod:`snnfpga.network.neurons` that has the functions of a neuron, or of a kind by its name."""
    return import_module(f"{__package__}.neurons.{neuron if isinstance(neuron, str) else neuron.kind}")


def thresholds_of(layer: LayerSpec, weights: Tensor) -> Tensor | int:
    """One threshold, or where they are learned one each (N,): at least 1, or neurons would fire out of nothing."""
    if layer.neuron.threshold_shift is None:
        return layer.neuron.threshold
    wanted = layer.neuron.threshold + weights[layer.event_rows] * 2.0 ** layer.neuron.threshold_shift
    found = Within.apply(wanted, 1, layer.neuron.membrane_max)     # exact, however far beyond float32 had to round
    return found.repeat(layer.outputs // layer.columns)


class Within(torch.autograd.Function):
    """Values clamped to a range; the gradient goes straight through, so that what has left it can come back."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, low: int, high: int) -> Tensor:
        return values.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return grads[0], None, None


def amount_of(layer: LayerSpec, threshold: Tensor | int) -> Tensor | int:
    """What a reset by subtraction takes off a membrane: ``threshold``, as :func:`thresholds_of` gives it, or the
    layer's amount.
    """
    return threshold if layer.neuron.reset_amount is None else layer.neuron.reset_amount


def integrate(currents: Tensor, membrane: Tensor, threshold: Tensor | int,
              layer: LayerSpec) -> tuple[Tensor, Tensor, Tensor]:
    """Charge, fire, reset, step after step.

    Parameters
    ----------
    currents
        (K, B, N) integer-valued float32.
    membrane
        (B, N), as the step before left it.
    threshold
        As :func:`thresholds_of` gives it.

    Returns
    -------
    spikes (K, B, N), charged membranes (K, B, N) before the reset, and the membrane (B, N) after the last reset.
    """
    spikes, charged, lost = torch.empty_like(currents), torch.empty_like(currents), kind_of(layer.neuron).lost
    for t, current in enumerate(currents):
        v = current + membrane
        v -= lost(layer.neuron, membrane)
        v.clamp_(layer.neuron.membrane_min, layer.neuron.membrane_max)
        charged[t] = v
        spike = torch.ge(v, threshold, out=spikes[t])
        membrane = v - spike * (amount_of(layer, threshold) if layer.neuron.reset == "subtract" else v)
    return spikes, charged, membrane


def integrate_recurrent(currents: Tensor, own: Tensor, membrane: Tensor, before: Tensor, threshold: Tensor | int,
                        layer: LayerSpec, kept: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """As :func:`integrate`, where the spikes of the step before, at first ``before`` (B, N), add ``own`` (N, N).

    ``kept`` (B, N) are the currents of the step before of a layer whose currents linger.
    """
    spikes, charged = torch.empty_like(currents), torch.empty_like(currents)
    for t, current in enumerate(currents):
        current = current + before @ own
        if kept is not None:
            current = kept = next_current(layer.current, current, kept)
        fired, now, membrane = integrate(current[None], membrane, threshold, layer)
        spikes[t], charged[t], before = fired[0], now[0], fired[0]
    return spikes, charged, membrane


def after_reset(charged: Tensor, spikes: Tensor, threshold: Tensor | int, layer: LayerSpec) -> Tensor:
    """Membranes (K, B, N) that can be read after each step."""
    return charged - spikes * (amount_of(layer, threshold) if layer.neuron.reset == "subtract" else charged)


def credits(grad: Tensor, gate: Tensor, fired: Tensor | None, area: float, keep: float) -> Tensor:
    """Credits (K, ...) of the spikes' gradient (K, ...): gated, and carried back from step to step.

    Parameters
    ----------
    fired
        (K, ...) bool: where nothing is carried into; None carries everywhere.
    area
        What the gradient is divided by.
    keep
        Share of a credit that reaches the step before.
    """
    credit = gate * (grad / area)
    for t in range(len(credit) - 2, -1, -1):
        carry = credit[t + 1] * keep
        credit[t] += carry if fired is None else carry.masked_fill_(fired[t], 0.0)
    return credit


class SpikingWindow(torch.autograd.Function):
    """Neurons over a window; the gradient is the credit of docs/arithmetic.md, not rounded.

    Saved for the backward pass are the gates, one byte each, and with reset to zero the spikes: state as deep as the
    window. Floor and saturation pass the gradient straight through; the reset passes none, to a threshold neither.
    """

    @staticmethod
    def forward(ctx: Any, currents: Tensor, membrane: Tensor, threshold: Tensor | int,
                layer: LayerSpec) -> tuple[Tensor, Tensor]:
        """``(currents (K, B, N), membrane (B, N)) -> (spikes (K, B, N), membrane (B, N) after the window)``."""
        if (loops := _compiled(currents, layer)) is not None:
            spikes, gate, membrane = loops.charge_fire_reset(currents, membrane, threshold, layer,
                                                              kind_of(layer.neuron).compiled_leak(layer.neuron))
        else:
            spikes, charged, membrane = integrate(currents, membrane, threshold, layer)
            gate = gates(charged, threshold, layer.surrogate)
        ctx.layer = layer
        ctx.save_for_backward(gate, *([spikes.to(torch.bool)] if layer.neuron.reset == "zero" else []))
        ctx.mark_non_differentiable(membrane)
        return spikes, membrane

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, Tensor | None, None]:
        gate, *fired = ctx.saved_tensors
        loops = _compiled(grads[0], ctx.layer)
        back = credits if loops is None else loops.credits
        area, keep = area_of(ctx.layer.surrogate), ctx.layer.neuron.keep
        to_threshold = _to_threshold(gate, grads[0], area) if ctx.needs_input_grad[2] else None
        return back(grads[0], gate, fired[0] if fired else None, area, keep), None, to_threshold, None


def _compiled(values: Tensor, layer: LayerSpec) -> ModuleType | None:
    """The compiled loops that serve them; None where the plain ones do, which serve all."""
    if (values.dtype != torch.float32 or isinstance(layer.surrogate, HostSurrogate)
            or kind_of(layer.neuron).compiled_leak(layer.neuron) is None):
        return None
    if values.device.type == "cuda":
        return _triton()
    return scan if values.device.type == "cpu" else None


@cache
def _triton() -> ModuleType | None:
    """The loops for CUDA; None without Triton, which CUDA builds of PyTorch bring."""
    try:
        from . import scan_triton
    except ModuleNotFoundError as missing:
        if missing.name != "triton":
            raise
        return None
    return scan_triton


def _to_threshold(gate: Tensor, grad: Tensor, area: float) -> Tensor:
    """Gradient (N,) of the thresholds: what a spike would gain by a higher one, at each step by itself."""
    return -(gate * (grad / area)).sum((0, 1))


class RecurrentWindow(torch.autograd.Function):
    """As :class:`SpikingWindow`, for neurons whose own spikes of the step before add to their currents.

    The membranes, and those spikes, have gradients on either side of the window, for whoever does not cut them.
    """

    @staticmethod
    def forward(ctx: Any, below: Tensor, own: Tensor | None, membrane: Tensor, before: Tensor | None,
                threshold: Tensor | int, layer: LayerSpec) -> tuple[Tensor, Tensor]:
        """Spikes (K, B, N) and the membrane (B, N) after, from currents (K, B, N) and the membrane before.

        A recurrent layer has its ``own`` weights (N, N) and the spikes ``before`` (B, N); others None.
        """
        if own is None:
            spikes, charged, membrane = integrate(below, membrane, threshold, layer)
        else:
            spikes, charged, membrane = integrate_recurrent(below, own, membrane, before, threshold, layer)
        ctx.layer = layer
        fired = None if own is None and layer.neuron.reset == "subtract" else spikes.to(torch.bool)
        ctx.save_for_backward(gates(charged, threshold, layer.surrogate), own,
                              None if before is None else before.to(torch.bool), fired)
        return spikes, membrane

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        gate, own, before, fired = ctx.saved_tensors
        layer, (to_spikes, carry) = ctx.layer, grads
        area, keep = area_of(layer.surrogate), layer.neuron.keep
        credit = torch.empty_like(to_spikes)
        to_threshold = credit.new_zeros(credit.shape[2]) if ctx.needs_input_grad[4] else None
        signal = to_spikes[-1]
        for t in range(len(credit) - 1, -1, -1):
            if layer.neuron.reset == "zero":
                carry = carry.masked_fill(fired[t], 0.0)
            credit[t] = gate[t] * (signal / area)
            if to_threshold is not None:
                to_threshold -= credit[t].sum(0)
            credit[t] += carry
            carry = credit[t] * keep
            if t:
                signal = to_spikes[t - 1] if own is None else to_spikes[t - 1] + credit[t] @ own.t()
        if own is None:
            return credit, None, carry, None, to_threshold, None
        previous = torch.cat([before[None], fired[:-1]]).to(credit.dtype)
        to_before = credit[0] @ own.t() if ctx.needs_input_grad[3] else None
        return credit, previous.flatten(0, 1).t() @ credit.flatten(0, 1), carry, to_before, to_threshold, None


def spiking(currents: Tensor, membrane: Tensor, threshold: Tensor | int, layer: LayerSpec) -> tuple[Tensor, Tensor]:
    """Spikes (K, B, N) and the membrane after the window, which carries no gradient."""
    return SpikingWindow.apply(currents, membrane, threshold, layer)
