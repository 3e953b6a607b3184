"""A leak that is a sum of one to three signed shifts, rounded once.

One shift leaks by a half, a quarter, an eighth; frameworks leak by a tenth. The shifts 3, -5, 7 lose
``1/8 - 1/32 + 1/128 = 26/256`` of a value, so that 230/256 of it stay, which is 0.8984.
"""

from collections.abc import Sequence

from .checks import SpecError, check_range

MAX_SHIFTS = 3


def check_shifts(shifts: Sequence[int], bits: int, state: str, what: str = "leak") -> None:
    """Refuse what are no shifts of a ``state``, such as a membrane, of so many bits; ``what`` begins their name.

    Raises
    ------
    SpecError
        If they are none or too many, too large, not of growing size, or would let the state grow by itself.
    """
    check_range(f"Number of {what} shifts", len(shifts), 1, MAX_SHIFTS)
    sizes = [abs(shift) if isinstance(shift, int) else shift for shift in shifts]
    for size in sizes:
        check_range(f"Size of a {what} shift", size, 1, bits - 1, f" for a {state} of {bits} bits")
    if sizes != sorted(set(sizes)):
        raise SpecError(f"{what.capitalize()} shifts must be of growing size, not {', '.join(map(str, shifts))}")
    if shifts[0] < 0:
        raise SpecError(f"{what.capitalize()} shifts must begin with one that is lost, not {shifts[0]}: the {state} "
                        "would grow by itself")


class ShiftLeak:
    """What leaks by :attr:`leak_shifts`: a membrane, or a current that lingers.

    Attributes
    ----------
    leak_shifts
        One to three shifts n of growing size: each adds ``2**-n`` to the share that is lost, or takes ``2**-n`` from it
        where it is written as -n.
    """

    leak_shifts: tuple[int, ...]

    @property
    def leak_bits(self) -> int:
        """The shift after the sum, by which the whole leak is rounded down once."""
        return abs(self.leak_shifts[-1])

    @property
    def leak_factor(self) -> int:
        """What the sum of shifts multiplies a value by: 1 .. 2**leak_bits - 1."""
        return sum((1 if shift > 0 else -1) << (self.leak_bits - abs(shift)) for shift in self.leak_shifts)

    @property
    def keep(self) -> float:
        """Share of itself that a value keeps in a step, but for rounding."""
        return 1.0 - self.leak_factor / (1 << self.leak_bits)

    def credit_max(self, inject: int, steps: int) -> int:
        """Bound of ``credit = inject + decay(credit')`` over so many steps.

        It stops growing once ``(credit * leak_factor) >> leak_bits`` is an injection or more.
        """
        balanced = -(-((inject + 1) << self.leak_bits) // self.leak_factor)
        return min(inject * steps, balanced + inject)

    def decaying_max(self, credit: int) -> int:
        """The largest magnitude that is met while a credit up to ``credit`` decays."""
        return credit * self.leak_factor
