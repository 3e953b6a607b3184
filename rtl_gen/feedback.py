"""Feedback of a neuron: its row of the readout's weights times the errors of all classes."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import ERROR_BITS, ERROR_MAX, exact_feedback_max, readout_weight_max, signed_bits
from .contract.engines.readout import ClassWalk
from .contract.readout import ReadoutSpec

__all__ = ["FeedbackSum", "error_layout"]


def error_layout() -> data.StructLayout:
    """Error of a class: its value, and the magnitude of that."""
    return data.StructLayout({"value": signed(ERROR_BITS), "magnitude": ERROR_BITS - 1})


class FeedbackSum(wiring.Component):
    """``sum over c of B[c] * error[c]``, some classes of a row a cycle, without a DSP slice.

    A product takes a cycle each for the weight with the error's sign, for three times that, for two digits of base 4
    at a time, and for their sum: with three times the weight at hand a digit is a choice of four. Registers stand
    between the sums, because synthesis would else merge them into one of many small addends, which takes almost twice
    the LUTs.

    Computes ``feedback`` of :mod:`sim.reference.readout` bit for bit. Latency is that of ``walk``, from a row's last
    part.

    Parameters
    ----------
    readout : ReadoutSpec
        Width of a weight, and whether it is one at all or a sign.
    walk : ClassWalk
        The parts in which a row's classes come.
    alone : bool
        Whether what comes out is the sum of each part alone, a cycle earlier where rows have several.

    Members
    -------
    first : In(1)
        The part is a row's first; its others follow at once.
    weights : In
        A part of a row; of signs a bit for each class, 1 for -1.
    errors : In(ArrayLayout(error_layout()))
        Of the same classes; where there is no class, 0.
    feedback : Out
        The row's sum, or the part's.
    """

    def __init__(self, readout: ReadoutSpec, walk: ClassWalk, *, alone: bool = False) -> None:
        self.readout, self.walk = readout, walk
        self._alone = alone or walk.parts == 1
        weight = unsigned(1) if readout.signs else signed(readout.weight_bits)
        super().__init__({
            "first": In(1),
            "weights": In(data.ArrayLayout(weight, walk.classes_per_cycle)),
            "errors": In(data.ArrayLayout(error_layout(), walk.classes_per_cycle)),
            "feedback": Out(signed(signed_bits(exact_feedback_max(readout)))),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        product = self._signed_error if self.readout.signs else self._product
        addends = [product(m, self.weights[k], self.errors[k], k) for k in range(self.walk.classes_per_cycle)]
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
        if self._alone:
            m.d.comb += self.feedback.eq(addends[0])
        else:
            first = Signal(self.walk.feedback_latency - 1)
            m.d.sync += [
                first.eq(Cat(self.first, first)),
                self.feedback.eq(Mux(first[-1], 0, self.feedback) + addends[0]),
            ]
        return m

    def _signed_error(self, m: Module, weight: Value, error: data.View, k: int) -> Signal:
        product = Signal(signed(ERROR_BITS), name=f"product{k}")
        m.d.sync += product.eq(Mux(weight, -error.value, error.value))
        return product

    def _product(self, m: Module, weight: Value, error: data.View, k: int) -> Signal:
        largest = readout_weight_max(self.readout)
        with_sign = Signal(signed(signed_bits(largest)), name=f"with_sign{k}")
        once = Signal(with_sign.shape(), name=f"once{k}")
        thrice = Signal(signed(signed_bits(3 * largest)), name=f"thrice{k}")
        early, magnitude = (Signal.like(error.magnitude, name=f"{name}{k}") for name in ("early", "magnitude"))
        negative = error.value < 0
        m.d.sync += [
            with_sign.eq((weight ^ negative.replicate(len(weight)).as_signed()) + negative),
            once.eq(with_sign),
            thrice.eq(with_sign + (with_sign << 1)),
            early.eq(error.magnitude),
            magnitude.eq(early),
        ]

        def digit(number: int) -> Value:
            low, high = magnitude[2 * number], magnitude[2 * number + 1]
            return Mux(high, Mux(low, thrice, once << 1), Mux(low, once, 0))

        # The magnitude has seven bits: three digits and a bit.
        lower = Signal(signed(signed_bits(15 * largest)), name=f"lower{k}")
        upper = Signal(signed(signed_bits(7 * largest)), name=f"upper{k}")
        product = Signal(signed(signed_bits(ERROR_MAX * largest)), name=f"product{k}")
        m.d.sync += [
            lower.eq(digit(0) + (digit(1) << 2)),
            upper.eq(digit(2) + Mux(magnitude[6], once << 2, 0)),
            product.eq(lower + (upper << 4)),
        ]
        return product
