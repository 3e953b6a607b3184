"""Error of a class: what its logit says against what the label says."""

from amaranth.hdl import *

from .contract.arithmetic import ERROR_BITS, ERROR_MAX, error_table
from .contract.readout import ReadoutSpec

__all__ = ["ERROR_LATENCY", "class_error"]

ERROR_LATENCY = 2       # cycles


def class_error(m: Module, readout: ReadoutSpec, logit: Value, is_label: Value) -> Signal:
    """The error of one class, -127..127, :data:`ERROR_LATENCY` cycles after its logit: its place in the error function
    first, then the function and the comparison with the label.
    """
    shifted = logit >> readout.logit_shift if readout.logit_shift >= 0 else logit << -readout.logit_shift
    place = Signal((shifted + 64).shape())
    index, of_label = Signal(7), Signal()
    probability = Signal(7)
    exact = Signal(signed(ERROR_BITS))
    error = Signal(signed(ERROR_BITS))
    m.d.comb += [
        place.eq(shifted + 64),
        exact.eq(probability - Mux(of_label, ERROR_MAX, 0)),
    ]
    m.d.sync += [
        index.eq(Mux(place < 0, 0, Mux(place > ERROR_MAX, ERROR_MAX, place[:7]))),
        of_label.eq(is_label),
        error.eq(Mux((exact <= readout.dead_zone) & (exact >= -readout.dead_zone), 0, exact)),
    ]
    if readout.error_function == "hard_sigmoid":
        m.d.comb += probability.eq(index)
    else:
        with m.Switch(index):
            for value, result in enumerate(error_table(readout.error_function)):
                with m.Case(value):
                    m.d.comb += probability.eq(result)
    return error
