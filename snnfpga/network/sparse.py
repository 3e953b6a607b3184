"""Currents of events: their product with the weights, as cheap as it can be had without losing a bit.

Forward, weights of at most 8 bits are bytes, as events are: today's processors multiply those several times faster than
floats, and walking the few events of a silent input reads a quarter of the memory; the sums are exact either way. The
gradient of the weights is a sum of credits at the places of the events:
where most inputs are silent only the events are walked, otherwise it is an ordinary product.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from .gather import gather_columns, gather_rows

# Shares of active inputs from which an ordinary product is faster than walking the events, and one of bytes is
# (docs/training.md, Speed).
DENSE, DENSE_BYTES = 0.25, 0.02
# Multiplications below which a product takes less time than to prepare for anything better.
SMALL = 1 << 22
TASTE = 8       # one row in so many is looked at for its share
BYTES = torch.backends.cpu.get_cpu_capability() == "AVX512" and torch.backends.mkldnn.is_available()

_plain = False
_bytes: WeakTensorKeyDictionary = WeakTensorKeyDictionary()     # (version, bytes) of each matrix
_in_place: WeakTensorKeyDictionary = WeakTensorKeyDictionary()


@contextmanager
def plain_products() -> Iterator[None]:
    """Within it each product is one of PyTorch's on floats, so that who counts those sees them all."""
    global _plain
    before, _plain = _plain, True
    try:
        yield
    finally:
        _plain = before


def are_plain() -> bool:
    """Whether it is within one of :func:`plain_products`."""
    return _plain


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


def adds_in_place(matrix: Tensor) -> Tensor:
    """Have products add to a leaf's ``grad`` in place, which ``backward()`` alone may then ask for.

    Otherwise each makes a gradient as large as the matrix, however few of its rows had an event, for PyTorch to add.
    ``torch.autograd.grad`` would be given nothing, and change ``grad``.
    """
    _in_place[matrix] = True
    return matrix


def is_small(samples: int, inputs: int, outputs: int) -> bool:
    """Whether a product of these sizes is an ordinary one, whatever the events."""
    return samples * inputs * outputs < SMALL


class Product(torch.autograd.Function):
    """Equal to ``events @ matrix``; saved for the backward pass are the events as bytes."""

    @staticmethod
    def forward(ctx: Any, events: Tensor, matrix: Tensor, bits: int) -> Tensor:
        """``(events (M, inputs), matrix (inputs, outputs)) -> (M, outputs)``."""
        # By way of signed bytes: PyTorch is slow from floats to unsigned ones.
        active = events if events.dtype == torch.uint8 else events.to(torch.int8).view(torch.uint8)
        share = _share(active)
        ctx.walked = share < DENSE
        ctx.save_for_backward(active, matrix)
        if bits <= 8 and (BYTES or ctx.walked):
            walked = ctx.walked and (not BYTES or share < DENSE_BYTES)
            return (gather_rows if walked else _times)(active, as_bytes(matrix))
        return gather_rows(active, matrix) if ctx.walked else active.to(matrix.dtype) @ matrix

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        active, matrix = ctx.saved_tensors
        grad, to_events, to_matrix = grads[0].contiguous(), None, None
        if ctx.needs_input_grad[0]:
            to_events = grad @ matrix.t()
        if ctx.needs_input_grad[1]:
            sums = matrix.grad if ctx.walked and matrix in _in_place else None
            if sums is None or not sums.is_contiguous():
                to_matrix = gather_columns(active, grad) if ctx.walked else active.to(grad.dtype).t() @ grad
            else:
                gather_columns(active, grad, sums)
        return to_events, to_matrix, None


def as_bytes(matrix: Tensor) -> Tensor:
    """A matrix of at most 8 bits as bytes, row by row; made once for all the windows between two updates."""
    version, found = _bytes.get(matrix, (None, matrix))
    if version != matrix._version:
        found = matrix.detach().to(torch.int8, memory_format=torch.contiguous_format)
        _bytes[matrix] = matrix._version, found
    return found


def _times(active: Tensor, table: Tensor) -> Tensor:
    return torch._int_mm(active.view(torch.int8), table).float()


def _share(active: Tensor) -> float:
    """Share of the events (M, inputs) that came, of every so many rows. A count above 1 cannot be walked: all then."""
    taste = active[::TASTE]
    share = float(taste.count_nonzero()) / taste.numel()
    return share if share < DENSE and bool(active.max() <= 1) else 1.0
