"""Feedback of a neuron: its row of the readout's weights times the errors of all classes."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import ERROR_BITS, ERROR_MAX, readout_weight_max, signed_bits
from .contract.engines.readout import feedback_latency
from .contract.readout import ReadoutSpec

__all__ = ["FeedbackSum", "error_layout"]


def error_layout() -> data.StructLayout:
    """Error of a class: its value, and the magnitude of that."""
    return data.StructLayout({"value": signed(ERROR_BITS), "magnitude": ERROR_BITS - 1})


class FeedbackSum(wiring.Component):
    """``sum over c of B[c] * error[c]``, a row a cycle, without a DSP slice.

    A product takes a cycle each for the weight with the error's sign, for three times that, for two digits of base 4
    at a time, and for their sum: with three times the weight at hand a digit is a choice of four. Registers stand
    between the sums, because synthesis would else merge them into one of many small addends, which takes almost twice
    the LUTs.

    Computes ``feedback`` of :mod:`sim.reference.readout` bit for bit. Latency is :attr:`latency` cycles.

    Parameters
    ----------
    readout : ReadoutSpec
        Width of a weight, and whether it is one at all or a sign.

    Members
    -------
    weights : In
        A row; of a fixed readout a bit for each class, 1 for -1.
    errors : In(ArrayLayout(error_layout()))
        Of each class; constant from the first row to the last.
    feedback : Out
        The row's sum.
    """

    def __init__(self, readout: ReadoutSpec) -> None:
        self.readout = readout
        self.latency = feedback_latency(learned=readout.learned, classes=readout.classes)
        weight = signed(readout.weight_bits) if readout.learned else unsigned(1)
        most = readout.classes * ERROR_MAX * readout_weight_max(readout)
        super().__init__({
            "weights": In(data.ArrayLayout(weight, readout.classes)),
            "errors": In(data.ArrayLayout(error_layout(), readout.classes)),
            "feedback": Out(signed(signed_bits(most))),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        product = self._product if self.readout.learned else self._signed_error
        addends = [product(m, self.weights[c], self.errors[c], c) for c in range(self.readout.classes)]
        level = 0
        while len(addends) > 1:
            held = []
            for pair in zip(addends[::2], addends[1::2], strict=False):
                exact = pair[0] + pair[1]
                held.append(Signal(exact.shape(), name=f"sum{level}_{len(held)}"))
                m.d.sync += held[-1].eq(exact)
            if len(addends) % 2:
                held.append(Signal.like(addends[-1], name=f"sum{level}_alone"))
                m.d.sync += held[-1].eq(addends[-1])
            addends = held
            level += 1
        m.d.comb += self.feedback.eq(addends[0])
        return m

    def _signed_error(self, m: Module, weight: Value, error: data.View, c: int) -> Signal:
        product = Signal(signed(ERROR_BITS), name=f"product{c}")
        m.d.sync += product.eq(Mux(weight, -error.value, error.value))
        return product

    def _product(self, m: Module, weight: Value, error: data.View, c: int) -> Signal:
        largest = readout_weight_max(self.readout)
        with_sign = Signal(signed(signed_bits(largest)), name=f"with_sign{c}")
        once = Signal(with_sign.shape(), name=f"once{c}")
        thrice = Signal(signed(signed_bits(3 * largest)), name=f"thrice{c}")
        negative = error.value < 0
        m.d.sync += [
            with_sign.eq((weight ^ negative.replicate(len(weight)).as_signed()) + negative),
            once.eq(with_sign),
            thrice.eq(with_sign + (with_sign << 1)),
        ]

        def digit(number: int) -> Value:
            low, high = error.magnitude[2 * number], error.magnitude[2 * number + 1]
            return Mux(high, Mux(low, thrice, once << 1), Mux(low, once, 0))

        # The magnitude has seven bits: three digits and a bit.
        lower = Signal(signed(signed_bits(15 * largest)), name=f"lower{c}")
        upper = Signal(signed(signed_bits(7 * largest)), name=f"upper{c}")
        product = Signal(signed(signed_bits(ERROR_MAX * largest)), name=f"product{c}")
        m.d.sync += [
            lower.eq(digit(0) + (digit(1) << 2)),
            upper.eq(digit(2) + Mux(error.magnitude[6], once << 2, 0)),
            product.eq(lower + (upper << 4)),
        ]
        return product
