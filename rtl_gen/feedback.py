"""Feedback of a neuron: its row of the readout's weights times the errors of all classes."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import ERROR_BITS, ERROR_MAX, exact_feedback_max, readout_weight_max, signed_bits
from .contract.engines.readout import ClassWalk
from .contract.readout import ReadoutSpec

__all__ = ["FeedbackSum", "error_layout"]


def error_layout(readout: ReadoutSpec) -> data.StructLayout:
    """Error of a class, with what else a digit of base 4 chooses from: less than none, for a weight's digit with the
    sign; and where the readout is learned three times the error.
    """
    value = signed(ERROR_BITS)
    if not readout.learned:
        return data.StructLayout({"value": value, "negative": value})
    return data.StructLayout({"value": value, "negative": value, "thrice": signed(signed_bits(3 * ERROR_MAX))})


class FeedbackSum(wiring.Component):
    """``sum over c of B[c] * error[c]``, some classes of a row a cycle, without a DSP slice.

    A product is a sum of the weight's digits of base 4 times the error: with three times the error at hand, and less
    than none for the digit with the sign, each is a choice of four. A cycle sums pairs of digits, and each further one
    pairs of what the one before summed. Registers stand between the sums, because synthesis would else merge them into
    one of many small addends, which takes almost twice the LUTs.

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
    errors : In(ArrayLayout(error_layout(readout)))
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
            "errors": In(data.ArrayLayout(error_layout(readout), walk.classes_per_cycle)),
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
        m.d.sync += product.eq(Mux(weight, error.negative, error.value))
        return product

    def _product(self, m: Module, weight: Value, error: data.View, k: int) -> Signal:
        # What is to be added: by how many bits it is shifted, what it is, and its largest magnitude in errors.
        addends, level = [self._digit(weight, error, low) for low in range(0, len(weight), 2)], 0
        while level == 0 or len(addends) > 1:
            held = []
            for place in range(0, len(addends), 2):
                (low, exact, largest), *other = addends[place:place + 2]
                for above, more, most in other:
                    exact, largest = exact + (more << above - low), largest + (most << above - low)
                largest = min(largest, readout_weight_max(self.readout))
                total = Signal(signed(signed_bits(ERROR_MAX * largest)), name=f"product{k}_{level}_{place}")
                m.d.sync += total.eq(exact)
                held.append((low, total, largest))
            addends, level = held, level + 1
        return addends[0][1]

    def _digit(self, weight: Value, error: data.View, low: int) -> tuple[int, Value, int]:
        """The error times the digit of a weight at the bits ``low`` and above it, of which the last has the sign."""
        once, thrice, negative = error.value, error.thrice, error.negative
        if low + 1 == len(weight):
            return low, Mux(weight[low], negative, 0), 1
        choice, above = Mux(weight[low], once, 0), weight[low + 1]
        if low + 2 == len(weight):
            return low, Mux(above, Mux(weight[low], negative, negative << 1), choice), 2
        return low, Mux(above, Mux(weight[low], thrice, once << 1), choice), 3
