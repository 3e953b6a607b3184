"""Currents that linger: the state of a synapse that decays, between the weights and the membrane."""

from dataclasses import dataclass

from .checks import check_range
from .shifts import bits_of, check_shifts, factor_of


@dataclass(frozen=True, kw_only=True)
class CurrentSpec:
    """A neuron's current is kept from step to step, leaks, and takes the weighted events of a step; no spike resets it.

    Attributes
    ----------
    bits
        Width of the current, two's complement, saturating.
    leak_shifts
        One to three shifts n of growing size, as those of :class:`.neurons.lif_shifts.LifShiftsSpec`: each adds
        ``2**-n`` to the share that is lost in a step, or takes ``2**-n`` from it where it is written as -n.
    """

    bits: int
    leak_shifts: tuple[int, ...]

    def __post_init__(self) -> None:
        check_range("Current bits", self.bits, 4, 24)
        check_shifts(self.leak_shifts, self.bits, "current", "current leak")

    @property
    def leak_bits(self) -> int:
        """The shift after the sum, by which the whole leak is rounded down once."""
        return bits_of(self.leak_shifts)

    @property
    def leak_factor(self) -> int:
        """What the sum of shifts multiplies a current by: 1 .. 2**leak_bits - 1."""
        return factor_of(self.leak_shifts)

    @property
    def keep(self) -> float:
        """Share of itself that a current keeps in a step, but for rounding."""
        return 1.0 - self.leak_factor / (1 << self.leak_bits)

    @property
    def largest(self) -> int:
        """The largest magnitude of a current, before its leak and after it, which never grows it."""
        return 1 << (self.bits - 1)
