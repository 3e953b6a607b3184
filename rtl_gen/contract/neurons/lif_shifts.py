"""The leaky integrate-and-fire neuron whose leak is a sum of one to three signed shifts, rounded once."""

from dataclasses import dataclass

from ..shifts import ShiftLeak, check_shifts
from .base import NeuronSpec


@dataclass(frozen=True, kw_only=True)
class LifShiftsSpec(ShiftLeak, NeuronSpec):
    """A neuron that loses ``(membrane * leak_factor) >> leak_bits`` in each step.

    Attributes
    ----------
    leak_shifts
        One to three shifts n of growing size: each adds ``2**-n`` to the share that is lost, or takes ``2**-n`` from it
        where it is written as -n.
    """

    leak_shifts: tuple[int, ...]

    def _check_leak(self) -> None:
        check_shifts(self.leak_shifts, self.membrane_bits, "membrane")

    @property
    def leaked_max(self) -> int:
        """The largest magnitude of a membrane after its leak, which never grows it: the factor is a share."""
        return self.membrane_max + 1


SPEC = LifShiftsSpec
