"""Charge, fire and reset of a leaky integrate-and-fire neuron."""

from amaranth.hdl import *

from .compare import below
from .contract.arithmetic import current_max, signed_bits
from .contract.spec import LayerSpec
from .saturate import saturate

__all__ = ["charge", "fire"]


def charge(m: Module, spec: LayerSpec, membrane: Value, current: Value, name: str) -> Signal:
    """Membrane after leak and current, exact."""
    leaked = membrane if spec.leak_shift is None else membrane - (membrane >> spec.leak_shift)
    # The leak never grows the membrane, so the sum's magnitude is at most the two maxima together.
    exact = Signal(signed(signed_bits(spec.membrane_max + 1 + current_max(spec))), name=name)
    m.d.comb += exact.eq(leaked + current)
    return exact


def fire(m: Module, spec: LayerSpec, exact: Value, name: str) -> tuple[Signal, Signal, Signal, Signal]:
    """Whether the exact charge was saturated; then the spike, the membrane after reset, and the gate.

    The threshold lies within the membrane's range, so that the exact charge is above it just where the saturated one
    is: it is subtracted beside the saturation and not behind it, and the two saturated membranes are constants.
    """
    low, high = -(1 << (spec.membrane_bits - 1)), (1 << (spec.membrane_bits - 1)) - 1
    _, saturated = saturate(m, exact, spec.membrane_bits, f"{name}_charged")
    spike = Signal(name=f"{name}_spike")
    after = Signal(signed(spec.membrane_bits), name=f"{name}_after")
    # One bit more than either; its sign is the comparison with the threshold.
    above = Signal((exact - spec.threshold).shape(), name=f"{name}_above")
    subtracts = spec.reset == "subtract"
    m.d.comb += [
        above.eq(exact - spec.threshold),
        spike.eq(~above[-1]),
        after.eq(Mux(spike, Mux(saturated, high - spec.threshold, above) if subtracts else 0,
                     Mux(saturated, low, exact))),
    ]
    gates = [_gate_at(spec, charged - spec.threshold) for charged in (low, high)]
    gate = Signal(spec.gate_bits, name=f"{name}_gate")
    m.d.comb += gate.eq(Mux(saturated, Mux(spike, gates[1], gates[0]), _gate(m, spec, above, name)))
    return saturated, spike, after, gate


def _gate_at(spec: LayerSpec, above: int) -> int:
    """The surrogate's value so far above the threshold."""
    if spec.surrogate == "boxcar":
        return int(abs(above) < spec.surrogate_width)
    return max(0, spec.surrogate_height - (abs(above) >> spec.surrogate_width))


def _gate(m: Module, spec: LayerSpec, above: Value, name: str) -> Value:
    """The same, of a membrane that was not saturated."""
    if spec.surrogate == "boxcar":
        width = spec.surrogate_width
        return below(above, width) & ~below(above, 1 - width)
    distance = Signal(len(above), name=f"{name}_distance")
    steps = distance >> spec.surrogate_width
    m.d.comb += distance.eq(Mux(above < 0, -above, above))
    return Mux(steps < spec.surrogate_height, spec.surrogate_height - steps, 0)
