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


def product(events: Tensor, matrix: Tensor, bits: int, largest: int) -> Tensor:
    """What events (M, inputs) add through ``matrix`` (inputs, outputs), (M, outputs), integer-valued.

    Parameters
    ----------
    events
        0 .. ``largest``, of any type.
    matrix
        Integer-valued, of ``bits`` bits.
    """
    small = is_small(*events.shape, matrix.shape[1])
    if _plain or small or matrix.dtype != torch.float32 or matrix.device.type != "cpu" or largest > 127:
        return events.to(matrix.dtype) @ matrix
    return Product.apply(events, matrix, bits)


def is_small(samples: int, inputs: int, outputs: int) -> bool:
    """Whether a product of these sizes is an ordinary one, whatever the events."""
    return samples * inputs * outputs < SMALL


class Product(torch.autograd.Function):
    """Equal to ``events @ matrix``; saved for the backward pass are the events as bytes."""

    @staticmethod
    def forward(ctx: Any, events: Tensor, matrix: Tensor, bits: int) -> Tensor:
        """``(events (M, inputs), matrix (inputs, outputs)) -> (M, outputs)``."""
        active = events.to(torch.uint8)
        ctx.walked = _silent(active)
        ctx.save_for_backward(active, matrix)
        if BYTES and bits <= 8:
            return torch._int_mm(active.view(torch.int8), matrix.to(torch.int8)).to(matrix.dtype)
        return gather_rows(active, matrix) if ctx.walked else active.to(matrix.dtype) @ matrix

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        active, matrix = ctx.saved_tensors
        grad, to_events, to_matrix = grads[0].contiguous(), None, None
        if ctx.needs_input_grad[0]:
            to_events = grad @ matrix.t()
        if ctx.needs_input_grad[1]:
            to_matrix = gather_columns(active, grad) if ctx.walked else active.to(grad.dtype).t() @ grad
        return to_events, to_matrix, None


def _silent(active: Tensor) -> bool:
    """Whether walking events (M, inputs) pays; every so many rows are looked at. A count above 1 cannot be walked."""
    taste = active[::TASTE]
    return float(taste.count_nonzero()) < DENSE * taste.numel() and bool(active.max() <= 1)
