"""How much memory a rule takes: the bytes that the backward pass has kept, at their peak."""

import weakref
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor


class ActivationMeter:
    """Measures the tensors that autograd saves while this context is entered.

    A tensor saved twice counts once; leaves, that is weights, do not count.

    Attributes
    ----------
    peak_bytes
        The most that was kept at a time.
    """

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._kept_bytes = 0
        self._uses: dict[tuple[int, int], int] = {}
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._keep, lambda kept: kept.tensor)

    def __enter__(self) -> Self:
        self._hooks.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._hooks.__exit__(kind, error, trace)

    def _keep(self, tensor: Tensor) -> Any:
        kept = _Kept(tensor)
        owner = tensor if tensor._base is None else tensor._base
        if not (owner.is_leaf and owner.requires_grad):
            size = tensor.numel() * tensor.element_size()
            key = (tensor.data_ptr(), size)     # whatever its shape is seen as
            self._uses[key] = self._uses.get(key, 0) + 1
            if self._uses[key] == 1:
                self._kept_bytes += size
                self.peak_bytes = max(self.peak_bytes, self._kept_bytes)
            weakref.finalize(kept, self._release, key)
        return kept

    def _release(self, key: tuple[int, int]) -> None:
        self._uses[key] -= 1
        if not self._uses[key]:
            del self._uses[key]
            self._kept_bytes -= key[1]


class _Kept:
    """A saved tensor; autograd drops it when the graph is freed."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
