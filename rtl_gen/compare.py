"""Comparison with a constant."""

from amaranth.hdl import *

__all__ = ["below"]


def below(value: Value, constant: int) -> Value:
    """Whether the signed ``value`` is less than ``constant``, which must fit its width.

    Bit by bit from the lowest: five bits of such a chain fit a LUT, where a carry chain takes a LUT a bit.
    """
    bits = len(value)
    assert -(1 << (bits - 1)) <= constant < 1 << (bits - 1)
    result = Const(0)
    for place in range(bits):
        # The sign bit counts the other way round.
        bit, wanted = (value[place], constant >> place & 1) if place < bits - 1 else (~value[-1], int(constant >= 0))
        result = (~bit | result) if wanted else (~bit & result)
    return result
