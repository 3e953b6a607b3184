"""Widths of a layer's weights."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .checks import check_flag, check_range


@dataclass(frozen=True, kw_only=True)
class WeightSpec:
    """What a weight matrix is made of.

    Attributes
    ----------
    bits, shadow_bits
        Both passes read ``bits``; a stored weight has ``shadow_bits`` more below them. Of 1 bit they read its sign.
    fraction_bits
        A weight of 1 unit is worth ``2**-fraction_bits`` in PyTorch. The integers do not depend on it.
    bias
        Whether the last row is added in every step.
    """

    bits: int
    shadow_bits: int
    fraction_bits: int
    bias: bool

    def __post_init__(self) -> None:
        check_range("Weight bits", self.bits, 1, 16)
        check_range("Shadow bits", self.shadow_bits, 0, 16)
        check_range("Fraction bits", self.fraction_bits, -8, 24)
        check_flag("Layer bias", self.bias)

    @property
    def stored_bits(self) -> int:
        """Bits of a stored weight; of a binary one, which is the sign of what is stored, 2 above its shadow bits."""
        return max(2, self.bits) + self.shadow_bits


def read_weights(stored: NDArray[np.int32], bits: int, shadow_bits: int) -> NDArray[np.int32]:
    """The weights that are read for stored ones, of any shape: without their shadow bits, or of 1 bit the signs."""
    return np.where(stored >= 0, 1, -1).astype(np.int32) if bits == 1 else stored >> shadow_bits


def stored_weights(read: NDArray[np.int32], bits: int, shadow_bits: int) -> NDArray[np.int32]:
    """Stored weights of those that are to be read: in the middle of what reads back as the same.

    A weight of 1 bit is as far above 0 as below it.
    """
    half = 0 if bits == 1 else (1 << shadow_bits) >> 1
    return (read << shadow_bits) + np.int32(half)
