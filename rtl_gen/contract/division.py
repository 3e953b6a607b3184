"""Division by a constant without a divider: a product of a few shifted copies, and what is left."""

from dataclasses import dataclass
from functools import cached_property

from .grid import PoolSpec, check_grid

__all__ = ["Division", "GridDivisions", "pooled_cycles", "signed_digits"]


def signed_digits(value: int) -> tuple[tuple[int, int], ...]:
    """``value`` as a sum of few powers of two: pairs (sign, exponent), no two of neighbouring exponents."""
    found, exponent = [], 0
    while value:
        if value & 1:
            sign = 2 - (value & 3)          # so that the next digit is 0
            found.append((sign, exponent))
            value -= sign
        value >>= 1
        exponent += 1
    return tuple(found)


def _levels(terms: int) -> int:
    """Additions one after another in a tree of so many terms."""
    return (terms - 1).bit_length()


@dataclass(frozen=True)
class Division:
    """How 0..count - 1 are divided by ``divisor``.

    Attributes
    ----------
    count, divisor
        What is divided is below ``count``.
    """

    count: int
    divisor: int

    @property
    def shift_only(self) -> bool:
        """Whether quotient and remainder are bits of the number, or one of them the number itself."""
        return self.divisor & (self.divisor - 1) == 0 or self.count <= self.divisor

    @cached_property
    def reciprocal(self) -> tuple[int, int]:
        """Multiplier and shift with which ``value * multiplier >> shift`` is the quotient, of the smallest shift.

        With ``excess = multiplier * divisor - 2**shift`` of at least 0 the quotient is right for every value with
        ``value * excess < 2**shift`` whose remainder is the largest, and then for all below it.
        """
        worst = self.count - 1 - (self.count % self.divisor)        # the largest whose remainder is divisor - 1
        shift = 0
        while True:
            multiplier = -(-(1 << shift) // self.divisor)
            if worst * (multiplier * self.divisor - (1 << shift)) < 1 << shift:
                return multiplier, shift
            shift += 1

    @property
    def latency(self) -> int:
        """Cycles from a number to its quotient and its remainder, an addition each."""
        if self.shift_only:
            return 0
        return _levels(len(signed_digits(self.reciprocal[0]))) + _levels(1 + len(signed_digits(self.divisor)))


@dataclass(frozen=True)
class GridDivisions:
    """How the index of an event on a grid becomes its row of pixels, its column of pixels and its channel.

    Attributes
    ----------
    height, width, channels
        The grid.
    """

    height: int
    width: int
    channels: int

    def __post_init__(self) -> None:
        check_grid("Grid", self.height, self.width, self.channels)

    @property
    def by_channels(self) -> Division:
        """An index: its pixel and its channel."""
        return Division(self.height * self.width * self.channels, self.channels)

    @property
    def by_width(self) -> Division:
        """A pixel: its row and its column."""
        return Division(self.height * self.width, self.width)

    @property
    def latency(self) -> int:
        """Cycles from an index to its coordinates, at least 1."""
        return max(1, self.by_channels.latency + self.by_width.latency)


def pooled_cycles(pool: PoolSpec | None) -> int:
    """Cycles from a spike to its square: those of its coordinates, two of the pool, and one to see whether it is its
    square's first, where others are dropped; 0 where there is no pool."""
    if pool is None:
        return 0
    return GridDivisions(pool.height, pool.width, pool.channels).latency + 2 + (pool.kind == "or")
