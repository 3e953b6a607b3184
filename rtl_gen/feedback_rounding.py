"""Feedback of a learned readout, divided and brought to the 16 bits that the update engine takes."""

from amaranth.hdl import *

from .contract.arithmetic import FEEDBACK_BITS, exact_feedback_max, signed_bits
from .contract.readout import ReadoutSpec
from .saturate import saturate

__all__ = ["divided"]


def divided(m: Module, readout: ReadoutSpec, exact: Value) -> Value:
    """``saturate(nearest(exact, feedback_shift), 16)``, combinational; ``exact`` itself where there is no shift.

    Computes :func:`sim.reference.readout.divided` bit for bit.
    """
    shift = readout.feedback_shift
    if shift is None:
        return exact
    half = 1 << shift >> 1
    rounded = Signal(signed(signed_bits((exact_feedback_max(readout) + half) >> shift)), name="feedback_rounded")
    m.d.comb += rounded.eq((exact + half) >> shift)
    if len(rounded) <= FEEDBACK_BITS:
        return rounded
    value, _ = saturate(m, rounded, FEEDBACK_BITS, "feedback_divided")
    return value
