"""Counts the operations that a run really does, by looking at each product of matrices as PyTorch comes to it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from rtl_gen.synapses import ConvSpec

from ..network.sparse import plain_products
from .operations import Cost, Operations
from .shapes import reached_by_conv

_PRODUCTS: dict[Any, int] = {        # and which argument is the product's first matrix
    torch.ops.aten.mm.default: 0,
    torch.ops.aten.addmm.default: 1,
    torch.ops.aten.bmm.default: 0,
}


class OperationMeter(TorchDispatchMode):
    """Counts while it is entered; what autograd runs is the backward pass.

    Meanwhile each product is an ordinary one, of every step; those that leave some of it out cannot be seen here.

    Attributes
    ----------
    cost
        What was counted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cost = Cost()
        self._plain = plain_products()
        self._weights: dict[int, Tensor] = {}   # by address; held, so that nothing else comes to lie there
        self._shapes: set[torch.Size] = set()   # of those that were multiplied by, as their gradients have them

    def know(self, weights: Iterable[Tensor]) -> None:
        """Tell weights from all other values in what follows."""
        for matrix in weights:
            self._weights[_address(matrix)] = matrix

    def __enter__(self) -> Self:
        self._plain.__enter__()
        return super().__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        super().__exit__(kind, error, trace)
        self._plain.__exit__(kind, error, trace)

    def __torch_dispatch__(self, func: Callable[..., Any], types: Sequence[type], args: tuple[Any, ...] = (),
                           kwargs: Mapping[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        first, counted = _PRODUCTS.get(func), None
        if first is not None:
            factors = args[first], args[first + 1]
            counted = operations(*factors) + self._moved(*factors, result)
        elif func is torch.ops.aten.convolution.default:
            counted = of_convolution(args[0], args[1], result, *args[3:5], args[8]) + Operations(
                weights_read=args[1].numel(), state_read=args[0].numel(), state_written=result.numel())
        elif func is torch.ops.aten.convolution_backward.default:
            counted = Operations()
            for number, wanted in enumerate(args[10][:2]):      # of the inputs, of the weights
                if wanted:
                    came = args[1] if number else None
                    counted += of_convolution(came, args[2], args[0], *args[4:6], args[9], shape=args[1].shape)
                    images, filters, grad = args[1].numel(), args[2].numel(), args[0].numel()
                    counted += (Operations(weights_written=filters, state_read=images + grad) if number else
                                Operations(weights_read=filters, state_read=grad, state_written=images))
        if counted is not None:
            backward = torch._C._current_graph_task_id() != -1
            self.cost += Cost(backward=counted) if backward else Cost(forward=counted)
        return result

    def update(self, parameters: Iterable[Tensor]) -> None:
        """Count an update of those that have a gradient."""
        weights = sum(p.numel() for p in parameters if p.grad is not None)
        self.cost += Cost(update=Operations(weights_read=2 * weights, weights_written=weights))
        self._weights.clear()       # others follow them

    def _moved(self, left: Tensor, right: Tensor, result: Tensor) -> Operations:
        """Values that a product reads and writes."""
        read = [matrix for matrix in (left, right) if _address(matrix) in self._weights]
        if not read and result.shape in self._shapes and not _signs(right):
            return Operations(weights_written=result.numel(), state_read=left.numel() + right.numel())
        weights = read[0] if read else right        # or a fixed matrix, of feedback that is not the readout's
        if read:
            self._shapes |= {weights.shape, weights.t().shape}
        other = right if weights is left else left
        return Operations(weights_read=weights.numel(), state_read=other.numel(), state_written=result.numel())


def _signs(matrix: Tensor) -> bool:
    """Whether all values are of one magnitude, as in the fixed matrices that errors come back through."""
    magnitudes = matrix.abs()
    return bool((magnitudes == magnitudes.max()).all() and magnitudes.any())


def _address(matrix: Tensor) -> int:
    return matrix.untyped_storage().data_ptr()


def operations(left: Tensor, right: Tensor) -> Operations:
    """Of the product of ``left (…, m, k)`` and ``right (…, k, n)``, without what it moves."""
    dense = left.numel() * right.shape[-1]
    for matrix, times in ((left, right.shape[-1]), (right, left.shape[-2])):
        if _switches(matrix):
            return Operations(accumulates=int(matrix.abs().sum()) * times, dense=dense)
    return Operations(multiplies=dense, dense=dense)


def of_convolution(images: Tensor | None, filters: Tensor, currents: Tensor, stride: Sequence[int],
                   padding: Sequence[int], groups: int, shape: Sequence[int] | None = None) -> Operations:
    """Of one convolution, or of one of its two gradients.

    Parameters
    ----------
    images
        (M, channels, height, width), None where they are what is computed and have only a ``shape``.
    filters, currents
        (filters, channels / groups, kernel, kernel), and (M, filters, height, width); or their gradients.
    """
    dense = currents.numel() * filters[0].numel()
    size = torch.Size(shape or images.shape)
    if images is None or not _switches(images):
        return Operations(multiplies=dense, dense=dense)
    conv = ConvSpec(height=size[2], width=size[3], channels=size[1], filters=filters.shape[0], kernel=filters.shape[2],
                    stride=stride[0], padding=padding[0], groups=groups)
    return Operations(accumulates=reached_by_conv(images, conv), dense=dense)


def _switches(matrix: Tensor) -> bool:
    """Whether every value is -1, 0 or 1, or all are numbers of spikes."""
    if ((matrix == 0) | (matrix.abs() == 1)).all():
        return True
    return bool((matrix >= 0).all() and (matrix == matrix.round()).all())
