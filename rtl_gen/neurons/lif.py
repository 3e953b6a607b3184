"""Leak and credit decay of :mod:`rtl_gen.contract.neurons.lif`: one shift, or none."""

from amaranth.hdl import *

from ..contract.neurons.lif import LifSpec

__all__ = ["decayed", "leaked"]


def leaked(neuron: LifSpec, membrane: Value) -> Value:
    """The membrane after its leak, exact; a shift rounds down."""
    return membrane if neuron.leak_shift is None else membrane - (membrane >> neuron.leak_shift)


def decayed(neuron: LifSpec, credit: Value) -> Value:
    """The credit that reaches the step before, exact; what is lost is rounded toward zero."""
    if neuron.leak_shift is None:
        return credit
    # An arithmetic shift rounds down; 2**leak_shift - 1 more makes it round a negative value toward zero.
    upward = credit[-1].replicate(neuron.leak_shift)
    return credit - ((credit + upward) >> neuron.leak_shift)
