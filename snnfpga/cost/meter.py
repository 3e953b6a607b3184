"""Counts the operations that a run really does, by looking at each product of matrices as PyTorch comes to it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from .operations import Cost, Operations

_PRODUCTS: dict[Any, int] = {        # and which argument is the product's first matrix
    torch.ops.aten.mm.default: 0,
    torch.ops.aten.addmm.default: 1,
    torch.ops.aten.bmm.default: 0,
}


class OperationMeter(TorchDispatchMode):
    """Counts while it is entered; what autograd runs is the backward pass.

    Attributes
    ----------
    cost
        What was counted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cost = Cost()

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
