"""Saturation."""

from amaranth.hdl import *

__all__ = ["saturate"]


def saturate(m: Module, exact: Value, bits: int, name: str) -> tuple[Signal, Signal]:
    """The signed value ``exact`` held to ``bits``, and whether it had to be."""
    held, saturated = Signal(signed(bits), name=name), Signal(name=f"{name}_saturated")
    if len(exact) <= bits:
        m.d.comb += held.eq(exact)
        return held, saturated
    # It fits where all bits from the new sign bit up are copies of the sign: no comparison, no carry.
    sign, upper = exact[-1], exact[bits - 1:]
    m.d.comb += [
        saturated.eq(~(upper.all() | ~upper.any())),
        held.eq(Mux(saturated, Cat((~sign).replicate(bits - 1), sign), exact[:bits])),
    ]
    return held, saturated
