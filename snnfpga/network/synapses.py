"""Currents of a layer from the events that reach it, and the gradients of its weights: linear or convolution.

Events and neurons on a grid are kept flat, channels last, which is the memory order that convolutions are fast in.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.synapses.conv import ConvSpec

from .sparse import product


def pooled(events: Tensor, pool: PoolSpec | None) -> Tensor:
    """Events (M, inputs) after a pooling, (M, outputs)."""
    if pool is None:
        return events
    values = events if events.is_floating_point() else events.float()
    return (OrPool if pool.kind == "or" else SumPool).apply(values, pool)


class OrPool(torch.autograd.Function):
    """An event where any came. Its gradient goes to those that came, in equal parts; where none came to all alike."""

    @staticmethod
    def forward(ctx: Any, events: Tensor, pool: PoolSpec) -> Tensor:
        """``(M, inputs) -> (M, outputs)``."""
        ctx.pool = pool
        ctx.save_for_backward(events.to(torch.bool))
        largest = functional.max_pool2d(_pixels(events, pool), pool.size, ceil_mode=pool.partial)
        return _flat(largest.clamp(max=1))      # an input that counts is larger

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        pool, grad = ctx.pool, grads[0]
        came = _pixels(ctx.saved_tensors[0].to(grad.dtype), pool)
        count = counted(came, pool)
        each = _squares(grad, pool)
        parts = torch.where(count > 0, each / count.clamp(min=1), each / pool.size ** 2)
        silent = _spread((count == 0).to(grad.dtype), pool)
        return _flat(_spread(parts, pool) * (came + silent)), None


class SumPool(torch.autograd.Function):
    """How many events came. Nothing is kept for the backward pass; PyTorch's own pooling would keep its input."""

    @staticmethod
    def forward(ctx: Any, events: Tensor, pool: PoolSpec) -> Tensor:
        """``(M, inputs) -> (M, outputs)``."""
        ctx.pool = pool
        return _flat(counted(_pixels(events, pool), pool))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return to_counted(grads[0], ctx.pool), None


def counted(pixels: Tensor, pool: PoolSpec) -> Tensor:
    """Sums over the squares of (M, channels, height, width)."""
    return functional.avg_pool2d(pixels, pool.size, ceil_mode=pool.partial, divisor_override=1)


def to_counted(grad: Tensor, pool: PoolSpec) -> Tensor:
    """Gradient (M, inputs) of events from that of their sums (M, outputs)."""
    return _flat(_spread(_squares(grad, pool), pool))


def _spread(squares: Tensor, pool: PoolSpec) -> Tensor:
    """Each square's value at each of its pixels; 0 at those that no square has."""
    height, width = min(pool.height, pool.size * pool.out_height), min(pool.width, pool.size * pool.out_width)
    # One copy, of pixels as they lie. PyTorch's upsampling takes longer, and that of cut squares twice again.
    row, column = (torch.arange(side, device=squares.device) // pool.size for side in (height, width))
    square = (row[:, None] * pool.out_width + column).flatten()
    found = squares.permute(0, 2, 3, 1).flatten(1, 2).index_select(1, square)
    found = found.unflatten(1, (height, width)).permute(0, 3, 1, 2)
    right, below = pool.width - width, pool.height - height
    return functional.pad(found, (0, right, 0, below)) if right or below else found


def _pixels(flat: Tensor, pool: PoolSpec) -> Tensor:
    return flat.reshape(-1, pool.height, pool.width, pool.channels).permute(0, 3, 1, 2)


def _squares(flat: Tensor, pool: PoolSpec) -> Tensor:
    return flat.reshape(-1, pool.out_height, pool.out_width, pool.channels).permute(0, 3, 1, 2)


def _flat(pixels: Tensor) -> Tensor:
    """(M, channels, height, width), channels last in memory, as (M, all)."""
    return pixels.permute(0, 2, 3, 1).reshape(len(pixels), -1)


def currents(below: Tensor, weights: Tensor, layer: LayerSpec) -> Tensor:
    """Currents (M, outputs) of pooled events (M, pooled inputs), bias included, a layer's own spikes left out."""
    # A part of the weights costs a copy in the backward pass, so it is taken only where there is more.
    matrix = weights if layer.rows == layer.synapses.rows else weights[:layer.synapses.rows]
    bias = weights[-1] if layer.weights.bias else None
    if layer.synapses.kind == "dense":
        found = product(below, matrix, layer.weights.bits, layer.largest_event)
        return found if bias is None else found + bias
    conv = layer.synapses
    return _flat(functional.conv2d(as_images(below.to(weights.dtype), conv), as_filters(matrix, conv), bias,
                                   conv.stride, conv.padding, groups=conv.groups))


def weight_gradient(below: Tensor, delta: Tensor, layer: LayerSpec) -> Tensor:
    """Gradient (input rows, columns) from what came over the inputs, (M, pooled inputs), and the neurons' ``delta``.

    What came over an input may be an event or a trace of events.
    """
    if layer.synapses.kind == "dense":
        return below.t() @ delta
    conv = layer.synapses
    shape = (conv.filters, conv.channels // conv.groups, conv.kernel, conv.kernel)
    found = torch.nn.grad.conv2d_weight(as_images(below, conv), shape, as_currents(delta, conv), conv.stride,
                                        conv.padding, groups=conv.groups)
    return found.permute(2, 3, 1, 0).reshape(-1, conv.filters)


def event_gradient(delta: Tensor, weights: Tensor, layer: LayerSpec) -> Tensor:
    """Gradient (M, pooled inputs) from the neurons' ``delta`` (M, outputs)."""
    matrix = weights[:layer.synapses.rows]
    if layer.synapses.kind == "dense":
        return delta @ matrix.t()
    conv = layer.synapses
    shape = (len(delta), conv.channels, conv.height, conv.width)
    found = torch.nn.grad.conv2d_input(shape, as_filters(matrix, conv), as_currents(delta, conv), conv.stride,
                                       conv.padding, groups=conv.groups)
    return _flat(found)


def as_images(flat: Tensor, conv: ConvSpec) -> Tensor:
    """(M, inputs) as (M, channels, height, width), without a copy."""
    return flat.reshape(-1, conv.height, conv.width, conv.channels).permute(0, 3, 1, 2)


def as_currents(flat: Tensor, conv: ConvSpec) -> Tensor:
    """(M, outputs) as (M, filters, height, width), without a copy."""
    return flat.reshape(-1, conv.out_height, conv.out_width, conv.filters).permute(0, 3, 1, 2)


def as_filters(matrix: Tensor, conv: ConvSpec) -> Tensor:
    """The weight matrix (rows, filters) as PyTorch has filters."""
    # Quantised weights lie column by column, so that this is no copy where there is no bias.
    return matrix.t().reshape(conv.filters, conv.kernel, conv.kernel, conv.channels // conv.groups).permute(0, 3, 1, 2)
