"""What every kind of neuron has: a membrane, a threshold, a reset, and a leak that its kind defines."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ..checks import SpecError, check_choice, check_range
from ..kinds import Part

RESETS = ("subtract", "zero")


@dataclass(frozen=True, kw_only=True)
class NeuronSpec(Part, ABC):
    """A neuron that leaks, integrates, saturates, fires and resets.

    Attributes
    ----------
    membrane_bits
        Width of the membrane, two's complement, saturating.
    threshold
        The neuron fires where the charged membrane is at least this.
    reset
        ``subtract`` the threshold from the membrane of a neuron that fires, or set it to ``zero``.
    reset_amount
        What is subtracted in place of the threshold; None where it is the threshold, and with ``zero``. The threshold
        divided by what a membrane keeps makes the reset of frameworks that subtract a step late, after the leak.
    threshold_shift
        Where each neuron, or each filter of a convolution, has a threshold of its own: a row of the weights, times two
        to this, says by how much it is above or below ``threshold``. The row follows those of the events; the bias
        comes after it. None where all have the layer's.
    """

    membrane_bits: int
    threshold: int
    reset: str
    threshold_shift: int | None = None
    reset_amount: int | None = None

    def __post_init__(self) -> None:
        check_range("Membrane bits", self.membrane_bits, 4, 24)
        self._check_leak()
        check_range("Threshold", self.threshold, 1, self.membrane_max,
                    f" for a membrane of {self.membrane_bits} bits")
        check_choice("Reset", self.reset, RESETS)
        if self.reset_amount is not None:
            # So much less than any threshold, which is 1 or more, is a membrane still.
            check_range("Reset amount", self.reset_amount, 1, self.membrane_max,
                        f" for a membrane of {self.membrane_bits} bits")
            if self.reset == "zero":
                raise SpecError(f"A reset to zero must have no reset amount, not {self.reset_amount}; take reset "
                                "subtract, or leave it out")
        if self.threshold_shift is not None:
            check_range("Threshold shift", self.threshold_shift, 0, 24)

    @abstractmethod
    def _check_leak(self) -> None:
        """Refuse a leak that the kind does not have, or under which a membrane would grow by itself."""

    @property
    @abstractmethod
    def keep(self) -> float:
        """Share of itself that a membrane keeps in a step, but for rounding."""

    @property
    @abstractmethod
    def leaked_max(self) -> int:
        """The largest magnitude of a membrane after its leak."""

    @abstractmethod
    def credit_max(self, inject: int, steps: int) -> int:
        """Bound of ``credit = inject + decay(credit')`` over so many steps, each injecting at most ``inject``."""

    def decaying_max(self, credit: int) -> int:
        """The largest magnitude that is met while a credit up to ``credit`` decays."""
        return credit

    @property
    def membrane_max(self) -> int:
        """The largest membrane."""
        return (1 << (self.membrane_bits - 1)) - 1

    @property
    def membrane_min(self) -> int:
        """The smallest membrane."""
        return -1 << (self.membrane_bits - 1)
