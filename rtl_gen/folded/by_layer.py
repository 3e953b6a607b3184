"""Constants that differ from layer to layer."""

from collections.abc import Sequence

from amaranth.hdl import *

__all__ = ["by_layer"]


def by_layer(number: Value, values: Sequence[int]) -> Value:
    """The value of the layer ``number``: a constant where it is the same in all, which then costs nothing."""
    if len(set(values)) == 1:
        return Const(values[0])
    return Array(Const(value) for value in values)[number]
