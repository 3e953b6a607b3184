"""Currents of events: their product with the weights, as cheap as it can be had without losing a bit.

Forward, weights of at most 8 bits are bytes, as events are: today's processors multiply those several times faster than
floats, and walking the few events of a silent input reads a quarter of the memory; the sums are exact either way. The
gradient of the weights is a sum of credits at the places of the events: where most inputs are silent only the events
are walked, otherwise it is an ordinary product.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.weak import WeakTensorKeyDictionary

from .gather import gather_columns, gather_rows

# Shares of active inputs from which a product is faster than walking the events: forward of floats and of bytes, and
# backward (docs/training.md, Speed).
DENSE, DENSE_BYTES, DENSE_BACK = 0.25, 0.02, 0.35
# Multiplications below which a product takes less time than to prepare for anything better.
SMALL = 1 << 22
# Inputs that AMX takes at a time: of some sizes that are no multiple of it oneDNN 3.12 gives wrong sums.
TILE = 64
TASTE = 32      # rows that are looked at for the share


class Bytes:
    """A matrix of at most 8 bits, row by row, one byte each."""

    def __init__(self, matrix: Tensor) -> None:
        self.version = matrix._version
        self.rows = matrix.detach().to(torch.int8, memory_format=torch.contiguous_format)

    @cached_property
    def _packed(self) -> Tensor:
        return functional.pad(self.rows, (0, 0, 0, -len(self.rows) % TILE)).to_mkldnn()

    def times(self, events: Tensor) -> Tensor:
        """``events (M, inputs) @ matrix``: events uint8, at most 127; sums of 32 bits, as float32 (M, outputs)."""
        columns, missing = self.rows.shape[1], -len(self.rows) % TILE
        events = functional.pad(events, (0, missing)) if missing else events.contiguous()
        return torch.ops.onednn.qlinear_pointwise(
            events, 1.0, 0, self._packed, torch.ones(columns), torch.zeros(columns, dtype=torch.int32), None, 1.0, 0,
            torch.float32, "none", [], "")


def _multiplies_bytes() -> bool:
    """Whether this processor multiplies bytes faster than floats, and this PyTorch has oneDNN's product of them."""
    if torch.backends.cpu.get_cpu_capability() != "AVX512" or not torch.backends.mkldnn.is_available():
        return False
    rows, events = torch.arange(-128.0, 128.0).view(64, 4), torch.arange(128).to(torch.uint8).view(2, 64)
    try:
        return torch.equal(Bytes(rows).times(events), events.float() @ rows)
    except (RuntimeError, AttributeError):
        return False


BYTES = _multiplies_bytes()

_plain = False
_bytes: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
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
    return Product.apply(events, matrix, bits, largest)


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
    def forward(ctx: Any, events: Tensor, matrix: Tensor, bits: int, largest: int) -> Tensor:
        """``(events (M, inputs), matrix (inputs, outputs)) -> (M, outputs)``."""
        # By way of signed bytes: PyTorch is slow from floats to unsigned ones.
        active = events if events.dtype == torch.uint8 else events.to(torch.int8).view(torch.uint8)
        share = _share(active, largest)
        ctx.walked = share < DENSE_BACK
        ctx.save_for_backward(active, matrix)
        narrow, bytes_multiply = bits <= 8, bits <= 8 and BYTES
        if share < (DENSE_BYTES if bytes_multiply else DENSE):
            return gather_rows(active, bytes_of(matrix).rows if narrow else matrix)
        return bytes_of(matrix).times(active) if bytes_multiply else active.to(matrix.dtype) @ matrix

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
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
        return to_events, to_matrix, None, None


def bytes_of(matrix: Tensor) -> Bytes:
    """A matrix of at most 8 bits as bytes, made once for all the windows between two updates."""
    found = _bytes.get(matrix)
    if found is None or found.version != matrix._version:
        found = _bytes[matrix] = Bytes(matrix)
    return found


def _share(active: Tensor, largest: int) -> float:
    """Share of the events (M, inputs) that came, of some rows. A count above 1 cannot be walked: all then."""
    taste = active[::max(1, len(active) // TASTE)]
    share = float(taste.count_nonzero()) / taste.numel()
    return share if share < DENSE_BACK and (largest == 1 or bool(active.max() <= 1)) else 1.0
