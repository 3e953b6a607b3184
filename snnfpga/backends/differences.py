"""Two computations of the same samples, compared spike by spike."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

QUANTITIES = ("spikes", "membranes", "answers", "predictions")


@dataclass
class Differences:
    """What was compared, and how much of it differs, by quantity.

    Attributes
    ----------
    compared, differing
        Numbers of values, under the names of ``QUANTITIES``.
    """

    compared: dict[str, int] = field(default_factory=lambda: dict.fromkeys(QUANTITIES, 0))
    differing: dict[str, int] = field(default_factory=lambda: dict.fromkeys(QUANTITIES, 0))

    def compare(self, quantity: str, one: NDArray, other: NDArray) -> None:
        """Count the values of two arrays of one shape.

        Raises
        ------
        ValueError
            If their shapes differ: then they are not of the same thing.
        """
        if one.shape != other.shape:
            raise ValueError(f"Compared {quantity} must have one shape, not {one.shape} and {other.shape}")
        self.compared[quantity] += one.size
        self.differing[quantity] += int(np.count_nonzero(one != other))

    @property
    def total(self) -> int:
        return sum(self.differing.values())
