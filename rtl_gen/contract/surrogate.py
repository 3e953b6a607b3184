"""The surrogate of a spike's derivative."""

from dataclasses import dataclass

from .checks import check_choice, check_range
from .neurons.base import NeuronSpec

SURROGATES = ("boxcar", "triangle")


@dataclass(frozen=True, kw_only=True)
class SurrogateSpec:
    """What stands in for the derivative of a spike by the membrane: the gate.

    Attributes
    ----------
    shape
        ``boxcar``: gate 1 where ``|v - threshold| < width`` (height is 1).
        ``triangle``: gate ``max(0, height - (|v - threshold| >> width))``.
    width, height
        In units of the membrane, but of a triangle a shift; and the largest gate.
    """

    shape: str
    width: int
    height: int

    def check(self, neuron: NeuronSpec) -> None:
        """Refuse what the membrane of ``neuron`` has no room for.

        Raises
        ------
        SpecError
            If the shape is unknown, or width or height are out of range.
        """
        check_choice("Surrogate", self.shape, SURROGATES)
        if self.shape == "boxcar":
            check_range("Surrogate width of a boxcar", self.width, 1, 2 * neuron.membrane_max + 2)
            check_range("Surrogate height of a boxcar", self.height, 1, 1)
        else:
            check_range("Surrogate width (a shift) of a triangle", self.width, 0, neuron.membrane_bits)
            check_range("Surrogate height of a triangle", self.height, 1, 7)

    @property
    def gate_bits(self) -> int:
        """Bits of a gate."""
        return self.height.bit_length()
