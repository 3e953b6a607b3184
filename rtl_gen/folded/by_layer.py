"""What differs from layer to layer."""

from collections.abc import Callable, Hashable, Sequence

from amaranth.hdl import *

from ..contract.layer import LayerSpec

__all__ = ["by_layer", "once_a_kind"]


def by_layer(number: Value, values: Sequence[int]) -> Value:
    """The value of the layer ``number``: a constant where it is the same in all, which then costs nothing."""
    if len(set(values)) == 1:
        return Const(values[0])
    return Array(Const(value) for value in values)[number]


def once_a_kind(number: Value, layers: Sequence[LayerSpec], kind: Callable[[LayerSpec], Hashable],
                made: Callable[[LayerSpec], Value]) -> Value:
    """What is ``made`` for the layer ``number``: once for all layers of one ``kind``, chosen where there are more."""
    found: dict[Hashable, Value] = {}
    for layer in layers:
        if kind(layer) not in found:
            found[kind(layer)] = made(layer)
    if len(found) == 1:
        return next(iter(found.values()))
    return Array(found[kind(layer)] for layer in layers)[number]
