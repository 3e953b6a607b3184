"""What a stored weight is read as."""

from amaranth.hdl import *

from .contract.weights import WeightSpec

__all__ = ["weight_read"]


def weight_read(weights: WeightSpec, stored: Value, blank: Value) -> Value:
    """The weight that is read for a stored one: what stands above its shadow bits, or of 1 bit its sign, +1 or -1.

    Computes :mod:`sim.reference.weight` bit for bit. Where ``blank``, the word that came is 0 and stands for none: 0,
    which a sign alone would not say.
    """
    if weights.bits == 1:
        return Cat(~blank, (stored < 0) & ~blank).as_signed()
    return stored >> weights.shadow_bits
