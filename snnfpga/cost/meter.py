"""Counts the operations that a run really does, by looking at each product of matrices as PyTorch comes to it."""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from ..network.sparse import plain_products
from .operations import Cost, Operations

_PRODUCTS: dict[Any, int] = {        # and which argument is the product's first matrix
    torch.ops.aten.mm.default: 0,
    torch.ops.aten.addmm.default: 1,
    torch.ops.aten.bmm.default: 0,
}


class OperationMeter(TorchDispatchMode):
    """Counts while it is entered; what autograd runs is the backward pass.

    Meanwhile each product is an ordinary one; those of :mod:`snnfpga.network.sparse` that are not cannot be seen here.

    Attributes
    ----------
    cost
        What was counted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cost = Cost()
        self._plain = plain_products()

    def __enter__(self) -> Self:
        self._plain.__enter__()
        return super().__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        super().__exit__(kind, error, trace)
        self._plain.__exit__(kind, error, trace)

    def __torch_dispatch__(self, func: Callable[..., Any], types: Sequence[type], args: tuple[Any, ...] = (),
                           kwargs: Mapping[str, Any] | None = None) -> Any:
        first = _PRODUCTS.get(func)
        if first is not None:
            counted = operations(args[first], args[first + 1])
            backward = torch._C._current_graph_task_id() != -1
            self.cost += Cost(backward=counted) if backward else Cost(forward=counted)
        return func(*args, **(kwargs or {}))


def operations(left: Tensor, right: Tensor) -> Operations:
    """Of the product of ``left (…, m, k)`` and ``right (…, k, n)``."""
    dense = left.numel() * right.shape[-1]
    if _signs(left):
        return Operations(accumulates=int(left.count_nonzero()) * right.shape[-1], dense=dense)
    if _signs(right):
        return Operations(accumulates=int(right.count_nonzero()) * left.shape[-2], dense=dense)
    return Operations(multiplies=dense, dense=dense)


def _signs(matrix: Tensor) -> bool:
    """Whether every value is -1, 0 or 1."""
    return bool(((matrix == 0) | (matrix.abs() == 1)).all())
