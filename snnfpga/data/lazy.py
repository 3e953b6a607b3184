"""Spikes that are kept in a smaller form, and made when they are asked for."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Buffer = bytes | NDArray


class LazySpikes(ABC):
    """Spikes that stand for an array (N, T, inputs) uint8 and are indexed by sample; what comes out is an array."""

    ndim = 3

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int]:
        """The shape (N, T, inputs)."""

    @abstractmethod
    def content(self) -> Iterator[Buffer]:
        """What decides the spikes, for a digest, in pieces."""

    @abstractmethod
    def select(self, index: Any) -> Self:
        """The samples at ``index``, a slice or an array, still unmade."""

    @abstractmethod
    def make(self, samples: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Spikes (n, T, inputs) of samples by number, (n,)."""

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> NDArray[np.uint8]:
        samples = np.arange(len(self))[index]
        return self.make(samples) if samples.ndim else self.make(samples[None])[0]

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self[sample] for sample in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        return self[:].astype(dtype or np.uint8, copy=False)


def selected(spikes: NDArray[np.uint8] | LazySpikes, index: Any) -> NDArray[np.uint8] | LazySpikes:
    """The samples at ``index``; lazy spikes stay so."""
    return spikes.select(index) if isinstance(spikes, LazySpikes) else spikes[index]


def content_of(spikes: NDArray[np.uint8] | LazySpikes) -> Iterable[Buffer]:
    """What decides the spikes, for a digest, in pieces."""
    return spikes.content() if isinstance(spikes, LazySpikes) else told(spikes)


def told(array: NDArray) -> tuple[Buffer, Buffer]:
    """An array, for a digest: its type and shape, and its values."""
    return heading(array.dtype, array.shape), np.ascontiguousarray(array)


def heading(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    """What comes before the values of an array, for a digest."""
    return f"{dtype} {shape}".encode()
