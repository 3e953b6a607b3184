"""Binary spikes, eight to a byte."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import Spikes
from .lazy import Buffer, LazySpikes, told


@dataclass(frozen=True)
class PackedSpikes(LazySpikes):
    """Spikes that are unpacked when they are asked for.

    Attributes
    ----------
    bits
        (N, T, bytes) uint8, as :func:`pack` makes them.
    inputs
        Inputs; bits after the last are 0.
    """

    bits: NDArray[np.uint8]
    inputs: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return *self.bits.shape[:2], self.inputs

    def content(self) -> Iterator[Buffer]:
        yield from told(self.bits)
        yield from told(np.array(self.inputs))

    def select(self, index: Any) -> "PackedSpikes":
        return PackedSpikes(self.bits[index], self.inputs)

    def make(self, samples: NDArray[np.int64]) -> Spikes:
        return np.unpackbits(self.bits[samples], axis=2, count=self.inputs)


def pack(spikes: Spikes) -> NDArray[np.uint8]:
    """Values (..., inputs), 0 or 1, as (..., bytes); the first input is the highest bit of the first byte."""
    return np.packbits(spikes, axis=-1)


def bytes_of(inputs: int) -> int:
    """Bytes of a step."""
    return -(-inputs // 8)
