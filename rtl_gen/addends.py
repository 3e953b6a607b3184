"""Sums over lanes."""

from collections.abc import Iterable

from amaranth.hdl import *

__all__ = ["sum_of"]

CHAIN = 64          # addends that are added one after another


def sum_of(values: Iterable[ValueLike]) -> Value:
    """Their sum, exact; of many values that of sums of :data:`CHAIN` each.

    Amaranth asks each addition for its width by asking the ones in it, call within call: one chain of 512 addends takes
    it minutes, and ends beyond the depth that Python allows.
    """
    addends = [Value.cast(value) for value in values]
    while len(addends) > CHAIN:
        addends = [sum(addends[at:at + CHAIN], Const(0)) for at in range(0, len(addends), CHAIN)]
    return sum(addends, Const(0))
