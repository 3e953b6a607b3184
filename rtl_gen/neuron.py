"""Charge, fire and reset of a leaky integrate-and-fire neuron."""

from amaranth.hdl import *

from .arithmetic import current_max, signed_bits
from .spec import LayerSpec

__all__ = ["charge", "fire", "gate", "saturate"]


def saturate(m: Module, exact: Value, bits: int, name: str) -> tuple[Signal, Signal]:
    """The value held to ``bits``, and whether it had to be."""
    low, high = -1 << (bits - 1), (1 << (bits - 1)) - 1
    held, saturated = Signal(signed(bits), name=name), Signal(name=f"{name}_saturated")
    over, under = exact > high, exact < low
    m.d.comb += [
        saturated.eq(over | under),
        held.eq(Mux(over, high, Mux(under, low, exact))),
    ]
    return held, saturated


def charge(m: Module, spec: LayerSpec, membrane: Value, current: Value, name: str) -> Signal:
    """Membrane after leak and current, exact."""
    leaked = membrane if spec.leak_shift is None else membrane - (membrane >> spec.leak_shift)
    # The leak never grows the membrane, so the sum's magnitude is at most the two maxima together.
    exact = Signal(signed(signed_bits(spec.membrane_max + 1 + current_max(spec))), name=name)
    m.d.comb += exact.eq(leaked + current)
    return exact


def fire(m: Module, spec: LayerSpec, charged: Value, name: str) -> tuple[Signal, Signal]:
    """The spike, and the membrane after reset."""
    spike = Signal(name=f"{name}_spike")
    after = Signal(signed(spec.membrane_bits), name=f"{name}_after")
    reset_to = charged - spec.threshold if spec.reset == "subtract" else Const(0, signed(1))
    m.d.comb += [
        spike.eq(charged >= spec.threshold),
        after.eq(Mux(spike, reset_to, charged)),
    ]
    return spike, after


def gate(m: Module, spec: LayerSpec, charged: Value, name: str) -> Signal:
    """The surrogate's value at the charged membrane."""
    # charged - threshold needs one bit more than either; its magnitude fits the same width unsigned.
    difference = Signal(signed(spec.membrane_bits + 1), name=f"{name}_difference")
    distance = Signal(spec.membrane_bits + 1, name=f"{name}_distance")
    value = Signal(spec.gate_bits, name=f"{name}_gate")
    m.d.comb += [
        difference.eq(charged - spec.threshold),
        distance.eq(Mux(difference < 0, -difference, difference)),
    ]
    if spec.surrogate == "boxcar":
        m.d.comb += value.eq(distance < spec.surrogate_width)
    else:
        steps = distance >> spec.surrogate_width
        m.d.comb += value.eq(Mux(steps < spec.surrogate_height, spec.surrogate_height - steps, 0))
    return value
