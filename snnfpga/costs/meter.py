"""Counts the operations that a run really does, by looking at each product of matrices as PyTorch comes to it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from rtl_gen.contract.synapses.conv import ConvSpec

from ..learning.formula.operations import Cost, Operations
from ..learning.formula.shapes import reached_by_conv
from ..network.sparse import plain_products

_PRODUCTS: dict[Any, int] = {        # and which argument is the product's first matrix
    torch.ops.aten.mm.default: 0,
    torch.ops.aten.addmm.default: 1,
    torch.ops.aten.bmm.default: 0,
}


class OperationMeter(TorchDispatchMode):
    """A meter that counts while it is entered; what autograd runs is the backward pass.

    Meanwhile each product is an ordinary one, of every step; those that leave some of it out cannot be seen here.
    Spikes are told from traces by where they came from, and not by their values, as a trace may be 0 or 1 too: spikes
    are what weights were multiplied by, and what was made of bytes.

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
        self._spikes: set[StorageWeakRef] = set()       # such a reference keeps no values, and its place from others

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
        backward = torch._C._current_graph_task_id() != -1
        first, counted = _PRODUCTS.get(func), None
        if first is not None:
            counted = self._of_product(args[first], args[first + 1], result, backward)
        elif func is torch.ops.aten.convolution.default:
            self._spikes_are(args[0])
            counted = of_convolution(args[0], args[1], result, *args[3:5], args[8]) + Operations(
                weights_read=args[1].numel(), state_read=args[0].numel(), state_written=result.numel())
        elif func is torch.ops.aten.convolution_backward.default:
            counted = self._of_convolution_backward(args)
        elif func is torch.ops.aten._to_copy.default and args[0].dtype in (torch.bool, torch.uint8):
            self._spikes_are(result)
        if counted is not None:
            self.cost += Cost(backward=counted) if backward else Cost(forward=counted)
        return result

    def update(self, parameters: Iterable[Tensor]) -> None:
        """Count an update of the weights that have a gradient."""
        weights = sum(p.numel() for p in parameters if p.grad is not None)
        self.cost += Cost(update=Operations(weights_read=2 * weights, weights_written=weights))
        self._weights.clear()       # others follow them

    def _of_product(self, left: Tensor, right: Tensor, result: Tensor, backward: bool) -> Operations:
        """Currents, what comes back through weights, or a gradient of theirs."""
        dense = left.numel() * right.shape[-1]
        known = next((matrix for matrix in (left, right) if _address(matrix) in self._weights), None)
        spikes = next((matrix for matrix in (left, right) if self._are_spikes(matrix)), None)
        if known is None and result.shape in self._shapes and (spikes is not None or not _signs(right)):
            return operations(spikes, dense) + Operations(
                weights_written=result.numel(), state_read=left.numel() + right.numel())
        weights = right if known is None else known     # or a fixed matrix, of feedback that is not the readout's
        if known is not None:
            self._shapes |= {weights.shape, weights.t().shape}
        other = right if weights is left else left
        moved = Operations(weights_read=weights.numel(), state_read=other.numel(), state_written=result.numel())
        # Within the backward pass a rule may run steps forward again.
        if not backward or (weights is right and self._lies_as_known(weights)):
            self._spikes_are(other)
            return moved + operations(other, dense)
        return moved + through(weights, dense)

    def _of_convolution_backward(self, args: Sequence[Any]) -> Operations:
        """What comes back to the inputs, and the gradient of the filters, where they are asked for."""
        grad, came, filters = args[:3]
        spikes = came if self._are_spikes(came) else None
        counted, (to_inputs, to_filters) = Operations(), args[10][:2]
        dense = grad.numel() * filters[0].numel()
        if to_inputs:
            counted += through(filters, dense) + Operations(
                weights_read=filters.numel(), state_read=grad.numel(), state_written=came.numel())
        if to_filters:
            counted += of_convolution(spikes, filters, grad, *args[4:6], args[9]) + Operations(
                weights_written=filters.numel(), state_read=came.numel() + grad.numel())
        return counted

    def _lies_as_known(self, weights: Tensor) -> bool:
        """Whether the values lie in memory as the known weights do, not transposed."""
        matrix = self._weights.get(_address(weights))
        return matrix is not None and (weights.stride(), weights.shape[1]) == (matrix.stride(), matrix.shape[1])

    def _spikes_are(self, values: Tensor) -> None:
        self._spikes.add(StorageWeakRef(values.untyped_storage()))

    def _are_spikes(self, values: Tensor) -> bool:
        return StorageWeakRef(values.untyped_storage()) in self._spikes


def _signs(matrix: Tensor) -> bool:
    """Whether all values are of one magnitude, as in the fixed matrices that errors come back through."""
    magnitudes = matrix.abs()
    return bool((magnitudes == magnitudes.max()).all() and magnitudes.any())


def _address(matrix: Tensor) -> int:
    return matrix.untyped_storage().data_ptr()


def operations(spikes: Tensor | None, dense: int) -> Operations:
    """What ``dense`` pairs of a real value and one of the ``spikes``, or of two real values, take; no words moved."""
    if spikes is None or not _switch(spikes):
        return Operations(multiplies=dense, dense=dense)
    return Operations(accumulates=int(spikes.sum()) * (dense // spikes.numel()), dense=dense)


def through(weights: Tensor, dense: int) -> Operations:
    """What ``dense`` pairs of an error and a weight take; the weight may be a sign."""
    return Operations(accumulates=dense, dense=dense) if _signs(weights) else Operations(multiplies=dense, dense=dense)


def of_convolution(images: Tensor | None, filters: Tensor, currents: Tensor, stride: Sequence[int],
                   padding: Sequence[int], groups: int) -> Operations:
    """What one convolution takes, or the gradient of its filters.

    Parameters
    ----------
    images
        Spikes (M, channels, height, width), or None for real values.
    filters, currents
        (filters, channels / groups, kernel, kernel), and (M, filters, height, width); or their gradients.
    """
    dense = currents.numel() * filters[0].numel()
    if images is None or not _switch(images):
        return Operations(multiplies=dense, dense=dense)
    size = images.shape
    conv = ConvSpec(height=size[2], width=size[3], channels=size[1], filters=filters.shape[0], kernel=filters.shape[2],
                    stride=stride[0], padding=padding[0], groups=groups)
    return Operations(accumulates=reached_by_conv(images, conv), dense=dense)


def _switch(spikes: Tensor) -> bool:
    """Whether all are spikes, or numbers of spikes: what a rule multiplies weights by may be something else."""
    return bool((spikes >= 0).all() and (spikes == spikes.round()).all())
