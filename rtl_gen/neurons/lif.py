"""Leak and credit decay of :mod:`rtl_gen.contract.neurons.lif`: one shift, or none."""

from amaranth.hdl import *

from ..contract.neurons.lif import LifSpec

__all__ = ["decayed", "decayed_by", "leaked"]


def leaked(neuron: LifSpec, membrane: Value) -> Value:
    """The membrane after its leak, exact; a shift rounds down."""
    return membrane if neuron.leak_shift is None else membrane - (membrane >> neuron.leak_shift)


def decayed(neuron: LifSpec, credit: Value) -> Value:
    """The credit that reaches the step before, exact; what is lost is rounded toward zero."""
    return credit if neuron.leak_shift is None else decayed_by(neuron.leak_shift, credit)


def decayed_by(leak_shift: int, credit: Value) -> Value:
    """``credit`` less a share of ``2**-leak_shift``, which is rounded toward zero; exact."""
    # An arithmetic shift rounds down: of a negative value of which it drops bits it loses one too many.
    lost, upward = credit >> leak_shift, credit[-1] & credit[:leak_shift].any()
    # One adder for all: credit + ~lost + 1 is the difference, and the 1 comes from a place below, where it is due.
    return (Cat(1, credit).as_signed() + Cat(~upward, ~lost).as_signed()) >> 1
