"""Charge, fire and reset of a leaky integrate-and-fire neuron."""

from amaranth.hdl import *

from .arithmetic import current_max, signed_bits
from .saturate import saturate
from .spec import LayerSpec

__all__ = ["charge", "fire"]


def charge(m: Module, spec: LayerSpec, membrane: Value, current: Value, name: str) -> Signal:
    """Membrane after leak and current, exact."""
    leaked = membrane if spec.leak_shift is None else membrane - (membrane >> spec.leak_shift)
    # The leak never grows the membrane, so the sum's magnitude is at most the two maxima together.
    exact = Signal(signed(signed_bits(spec.membrane_max + 1 + current_max(spec))), name=name)
    m.d.comb += exact.eq(leaked + current)
    return exact


def fire(m: Module, spec: LayerSpec, exact: Value, name: str) -> tuple[Signal, Signal, Signal, Signal]:
    """Whether the exact charge was saturated; then the spike, the membrane after reset, and the gate."""
    charged, saturated = saturate(m, exact, spec.membrane_bits, f"{name}_charged")
    spike = Signal(name=f"{name}_spike")
    after = Signal(signed(spec.membrane_bits), name=f"{name}_after")
    # One bit more than either; its sign is the comparison with the threshold.
    above = Signal(signed(spec.membrane_bits + 1), name=f"{name}_above")
    reset_to = above if spec.reset == "subtract" else Const(0, signed(1))
    m.d.comb += [
        above.eq(charged - spec.threshold),
        spike.eq(~above[-1]),
        after.eq(Mux(spike, reset_to, charged)),
    ]
    return saturated, spike, after, _gate(m, spec, above, name)


def _gate(m: Module, spec: LayerSpec, above: Value, name: str) -> Signal:
    """The surrogate's value where the charged membrane is so far above its threshold."""
    value = Signal(spec.gate_bits, name=f"{name}_gate")
    if spec.surrogate == "boxcar":
        m.d.comb += value.eq((above < spec.surrogate_width) & (above > -spec.surrogate_width))
    else:
        distance = Signal(spec.membrane_bits + 1, name=f"{name}_distance")
        steps = distance >> spec.surrogate_width
        m.d.comb += [
            distance.eq(Mux(above < 0, -above, above)),
            value.eq(Mux(steps < spec.surrogate_height, spec.surrogate_height - steps, 0)),
        ]
    return value
