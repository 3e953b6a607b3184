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

    def credit_max(self, inject: int, steps: int) -> int:
        """Bound of ``credit = inject + decay(credit')`` over so many steps.

        It stops growing once ``(credit * leak_factor) >> leak_bits`` is an injection or more.
        """
        balanced = -(-((inject + 1) << self.leak_bits) // self.leak_factor)
        return min(inject * steps, balanced + inject)

    def decaying_max(self, credit: int) -> int:
        """The largest magnitude that is met while a credit up to ``credit`` decays."""
        return credit * self.leak_factor


SPEC = LifShiftsSpec
