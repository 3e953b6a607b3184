"""Currents that linger: the state of a synapse that decays, between the weights and the membrane."""

from dataclasses import dataclass

from .checks import check_range
from .shifts import ShiftLeak, check_shifts


@dataclass(frozen=True, kw_only=True)
class CurrentSpec(ShiftLeak):
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
    def largest(self) -> int:
        """The largest magnitude of a current, before its leak and after it, which never grows it."""
        return 1 << (self.bits - 1)
