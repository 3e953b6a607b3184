"""The one comparison of two computations of the same things: how much differs, by quantity, and what first."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

TOLD = 10       # differences that are described


class Comparison:
    """Two computations, compared value by value.

    Parameters
    ----------
    quantities
        Names of what is compared.
    against
        What the wanted values come from, as a description calls it.

    Attributes
    ----------
    compared, differing
        Numbers of values for each quantity.
    described
        The first :data:`TOLD` of those that differ, in words.
    """

    def __init__(self, quantities: Iterable[str], against: str) -> None:
        self.compared = dict.fromkeys(quantities, 0)
        self.differing = dict.fromkeys(self.compared, 0)
        self.described: list[str] = []
        self._against = against

    def compare(self, quantity: str, what: str, found: ArrayLike, wanted: ArrayLike) -> None:
        """Count the values of two arrays of one shape, and describe those that differ as values of ``what``.

        Raises
        ------
        ValueError
            If their shapes differ: then they are not of the same thing.
        """
        found, wanted = np.asarray(found), np.asarray(wanted)
        if found.shape != wanted.shape:
            raise ValueError(f"Compared {what} must have one shape, not {found.shape} and {wanted.shape}")
        differ = found != wanted
        self.compared[quantity] += wanted.size
        self.differing[quantity] += int(np.count_nonzero(differ))
        for position in np.argwhere(differ)[:TOLD - len(self.described)]:
            place = tuple(int(axis) for axis in position)
            self.described.append(f"{what} at {place}: {_shown(found[place])}, {self._against} has "
                                  f"{_shown(wanted[place])}")

    @property
    def total(self) -> int:
        """All values that differ."""
        return sum(self.differing.values())

    def summary(self) -> str:
        """The quantities that differ, as ``3 spikes, 1 answers``."""
        return ", ".join(f"{number} {name}" for name, number in self.differing.items() if number)


def _shown(value: np.generic) -> object:
    """A number without the point that float32 gives a whole one."""
    number = value.item()
    return int(number) if number == number // 1 else number
