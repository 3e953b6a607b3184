"""Leak, fire and reset of a neuron; how it leaks is of its kind, in :mod:`rtl_gen.neurons`."""

from importlib import import_module
from types import ModuleType

from amaranth.hdl import *

from .compare import below
from .contract.layer import LayerSpec
from .contract.neurons.base import NeuronSpec
from .saturate import saturate

__all__ = ["fire", "gate", "kind_of", "leak"]


def kind_of(neuron: NeuronSpec) -> ModuleType:
    """The module of :mod:`rtl_gen.neurons` that has the neuron's ``leaked`` and ``decayed``."""
    return import_module(f"{__package__}.neurons.{neuron.kind}")


def leak(spec: LayerSpec, membrane: Value) -> Value:
    """Membrane after its leak, exact."""
    return kind_of(spec.neuron).leaked(spec.neuron, membrane)


def fire(m: Module, spec: LayerSpec, exact: Value, name: str) -> tuple[Signal, Signal, Signal, Signal]:
    """Whether the exact charge was saturated; then the spike, the membrane after reset, and the gate.

    The threshold lies within the membrane's range, so that the exact charge is above it just where the saturated one
    is: it is subtracted beside the saturation and not behind it, and the two saturated membranes are constants. So is
    what a reset subtracts where that is not the threshold.
    """
    low, high = -(1 << (spec.neuron.membrane_bits - 1)), (1 << (spec.neuron.membrane_bits - 1)) - 1
    _, saturated = saturate(m, exact, spec.neuron.membrane_bits, f"{name}_charged")
    spike = Signal(name=f"{name}_spike")
    after = Signal(signed(spec.neuron.membrane_bits), name=f"{name}_after")
    # One bit more than either; its sign is the comparison with the threshold.
    above = Signal((exact - spec.neuron.threshold).shape(), name=f"{name}_above")
    amount = spec.neuron.reset_amount
    if spec.neuron.reset == "zero":
        fired = 0
    elif amount is None:
        fired = Mux(saturated, high - spec.neuron.threshold, above)
    else:
        fired = Mux(saturated, high - amount, exact - amount)
    m.d.comb += [
        above.eq(exact - spec.neuron.threshold),
        spike.eq(~above[-1]),
        after.eq(Mux(spike, fired, Mux(saturated, low, exact))),
    ]
    gates = [_gate_at(spec, charged - spec.neuron.threshold) for charged in (low, high)]
    found = Signal(spec.surrogate.gate_bits, name=f"{name}_gate")
    m.d.comb += found.eq(Mux(saturated, Mux(spike, gates[1], gates[0]), gate(m, spec, above, name)))
    return saturated, spike, after, found


def _gate_at(spec: LayerSpec, above: int) -> int:
    """The surrogate's value so far above the threshold."""
    if spec.surrogate.shape == "boxcar":
        return int(abs(above) < spec.surrogate.width)
    return max(0, spec.surrogate.height - (abs(above) >> spec.surrogate.width))


def gate(m: Module, spec: LayerSpec, above: Value, name: str) -> Value:
    """The surrogate's value of a membrane so far above the threshold."""
    if spec.surrogate.shape == "boxcar":
        width = spec.surrogate.width
        return below(above, width) & ~below(above, 1 - width)
    distance = Signal(len(above), name=f"{name}_distance")
    steps = distance >> spec.surrogate.width
    m.d.comb += distance.eq(Mux(above < 0, -above, above))
    return Mux(steps < spec.surrogate.height, spec.surrogate.height - steps, 0)
