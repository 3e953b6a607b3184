"""Widths of a layer's weights."""

from dataclasses import dataclass

from .checks import check_flag, check_range


@dataclass(frozen=True, kw_only=True)
class WeightSpec:
    """What a weight matrix is made of.

    Attributes
    ----------
    bits, shadow_bits
        The forward pass reads ``bits``; a stored weight has ``shadow_bits`` more below them.
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
        """Bits of a stored weight; a binary one is stored as +1 or -1, in 2."""
        return max(2, self.bits) + self.shadow_bits
