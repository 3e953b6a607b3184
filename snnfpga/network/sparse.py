"""Currents of events: their product with the weights, as cheap as it can be had without losing a bit.

Forward, events and weights of at most 8 bits are multiplied as bytes, which today's processors do several times faster
than floats; the sums are exact either way. The gradient of the weights is a sum of credits at the places of the events:
where most inputs are silent only the events are walked, otherwise it is an ordinary product.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from rtl_gen.spec import LayerSpec

from .gather import gather_columns, gather_rows

# Shares of active inputs from which an ordinary product is faster than walking the events (docs/training.md, Speed).
DENSE = 0.25
# Multiplications below which a product takes less time than to prepare for anything better.
SMALL = 1 << 22
TASTE = 8       # one row in so many is looked at for its share
BYTES = torch.backends.cpu.get_cpu_capability() == "AVX512" and torch.backends.mkldnn.is_available()

_plain = False


@contextmanager
def plain_products() -> Iterator[None]:
    """Within it each product is one of PyTorch's on floats, so that who counts those sees them all."""
    global _plain
    before, _plain = _plain, True
    try:
        yield
    finally:
        _plain = before


def currents(events: Tensor, weights: Tensor, layer: LayerSpec) -> Tensor:
    """Currents (..., outputs), integer-valued, of events (..., inputs), 0 or 1, of any type.

    Parameters
    ----------
    weights
        (rows, outputs), integer-valued; the last row is the bias where the layer has one.
    """
    work = events.numel() * layer.outputs
    if _plain or work < SMALL or weights.dtype != torch.float32 or weights.device.type != "cpu":
        return plain_currents(events.to(weights.dtype), weights, layer)
    return Currents.apply(events, weights, layer)


def plain_currents(events: Tensor, weights: Tensor, layer: LayerSpec) -> Tensor:
    """The same by ordinary products, of events that have the type of the weights."""
    if not layer.bias:
        return events @ weights
    return events @ weights[:-1] + weights[-1]


class Currents(torch.autograd.Function):
    """Equal to :func:`plain_currents`; saved for the backward pass are the events as bytes."""

    @staticmethod
    def forward(ctx: Any, events: Tensor, weights: Tensor, layer: LayerSpec) -> Tensor:
        """``(events (..., inputs), weights (rows, outputs)) -> currents (..., outputs)``."""
        active = events.to(torch.uint8).reshape(-1, layer.inputs)
        ctx.layer, ctx.walked, ctx.shape = layer, _silent(active), events.shape
        ctx.save_for_backward(active, weights)
        matrix = weights[:layer.inputs]
        if BYTES and layer.weight_bits <= 8:
            found = torch._int_mm(active.view(torch.int8), matrix.to(torch.int8)).to(weights.dtype)
        elif ctx.walked:
            found = gather_rows(active, matrix)
        else:
            found = active.to(weights.dtype) @ matrix
        if layer.bias:
            found += weights[-1]
        return found.view(*events.shape[:-1], layer.outputs)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        active, weights = ctx.saved_tensors
        layer, (grad,) = ctx.layer, grads
        grad = grad.reshape(-1, layer.outputs)
        to_events = to_weights = None
        if ctx.needs_input_grad[0]:
            to_events = (grad @ weights[:layer.inputs].t()).view(ctx.shape)
        if ctx.needs_input_grad[1]:
            to_weights = gather_columns(active, grad) if ctx.walked else active.to(grad.dtype).t() @ grad
            if layer.bias:
                to_weights = torch.cat([to_weights, grad.sum(0, keepdim=True)])
        return to_events, to_weights, None


def _silent(active: Tensor) -> bool:
    """Whether walking events (M, inputs) pays; every so many rows are looked at. A count above 1 cannot be walked."""
    taste = active[::TASTE]
    return float(taste.count_nonzero()) < DENSE * taste.numel() and bool(active.max() <= 1)
