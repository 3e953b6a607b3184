"""Leak and credit decay of :mod:`rtl_gen.contract.neurons.lif_shifts`: up to three shifts, summed exactly."""

from amaranth.hdl import *

from ..contract.neurons.lif_shifts import LifShiftsSpec

__all__ = ["decayed", "leaked"]


def leaked(neuron: LifShiftsSpec, membrane: Value) -> Value:
    """The membrane after its leak, exact; the sum of shifts is rounded down once."""
    return membrane - (_product(neuron, membrane) >> neuron.leak_bits)


def decayed(neuron: LifShiftsSpec, credit: Value) -> Value:
    """The credit that reaches the step before, exact; what is lost is rounded toward zero once."""
    # An arithmetic shift rounds down; 2**leak_bits - 1 more makes it round a negative value toward zero.
    upward = credit[-1].replicate(neuron.leak_bits)
    return credit - ((_product(neuron, credit) + upward) >> neuron.leak_bits)


def _product(neuron: LifShiftsSpec, value: Value) -> Value:
    """``value`` times ``leak_factor``: a shifted copy for each shift, so that no multiplier is needed."""
    copies = [value << (neuron.leak_bits - abs(shift)) for shift in neuron.leak_shifts]
    total = copies[0]
    for copy, shift in zip(copies[1:], neuron.leak_shifts[1:], strict=True):
        total = total + copy if shift > 0 else total - copy
    return total
