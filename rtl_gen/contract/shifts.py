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


def bits_of(shifts: Sequence[int]) -> int:
    """The shift after the sum, by which the whole leak is rounded down once."""
    return abs(shifts[-1])


def factor_of(shifts: Sequence[int]) -> int:
    """What the sum of shifts multiplies a value by: 1 .. 2**bits - 1."""
    return sum((1 if shift > 0 else -1) << (bits_of(shifts) - abs(shift)) for shift in shifts)
