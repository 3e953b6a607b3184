"""Constants of the layers of a folded block, chosen by the number of the one whose turn it is."""

from collections.abc import Sequence

from amaranth.hdl import *

__all__ = ["by_layer"]


def by_layer(layer: Value, values: Sequence[ValueLike]) -> Value:
    """Of ``values``, one for each layer, that of ``layer``; where all are alike there is no choice to make.

    A constant that is below 0 makes the choice signed.
    """
    first, *others = values
    if isinstance(first, int) and all(isinstance(value, int) and value == first for value in others):
        return Const(first)
    return Array(Value.cast(value) for value in values)[layer] if others else Value.cast(first)
