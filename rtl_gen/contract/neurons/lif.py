"""The leaky integrate-and-fire neuron whose leak is one shift; without leak it integrates and fires."""

from dataclasses import dataclass

from ..checks import check_range
from .base import NeuronSpec


@dataclass(frozen=True, kw_only=True)
class LifSpec(NeuronSpec):
    """A neuron that loses ``membrane >> leak_shift`` in each step.

    Attributes
    ----------
    leak_shift
        Each step the membrane loses ``membrane >> leak_shift``; None is the IF neuron, which loses nothing.
    """

    leak_shift: int | None

    def _check_leak(self) -> None:
        if self.leak_shift is not None:
            check_range("Leak shift", self.leak_shift, 1, self.membrane_bits - 1,
                        f" for a membrane of {self.membrane_bits} bits (or null for no leak)")

    @property
    def keep(self) -> float:
        """Share of itself that a membrane keeps in a step, but for rounding."""
        return 1.0 if self.leak_shift is None else 1.0 - 2.0 ** -self.leak_shift

    @property
    def leaked_max(self) -> int:
        """The largest magnitude of a membrane after its leak, which never grows it."""
        return self.membrane_max + 1

    def credit_max(self, inject: int, steps: int) -> int:
        """Bound of ``credit = inject + decay(credit')`` over so many steps.

        Without leak it grows by one injection a step. With leak it stops growing once ``credit >> leak_shift`` is an
        injection or more.
        """
        grown = inject * steps
        if self.leak_shift is None:
            return grown
        return min(grown, ((inject + 1) << self.leak_shift) + inject)


SPEC = LifSpec
