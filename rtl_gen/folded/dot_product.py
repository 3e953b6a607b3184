"""Products of a word's weights and credits, summed: what is fed back to one neuron."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import FEEDBACK_BITS, index_bits, signed_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.credit_memories import DIGIT
from ..contract.engines.folded.credits import FoldedCredits
from ..contract.plan import plan_of
from ..saturate import saturate
from ..weight_read import weight_read

__all__ = ["DotProduct"]


class DotProduct(wiring.Component):
    """``saturate(nearest(sum of weight * credit, feedback_shift), 16)`` over the words of a sum, a word a cycle.

    A product, then a tree, then the sum, then the shift, then saturation, with registers between. Credits wider than a
    multiplier takes are cut into digits, each with a multiplier of its own, whose products are terms of the tree. A
    product is of at most 18 times 25 bits and has two registers behind it, as a multiplier of a part has of its own.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    adds, first : In(1)
        A word comes, and it begins a sum.
    layer, weights, credits : In
        The layer whose weights they are, which says by how much their sum is divided; stored weights, and credits.
    total : Out(signed(16))
        The sum so far, :attr:`latency` cycles after its word.
    """

    def __init__(self, block: BlockSpec) -> None:
        plan = plan_of(block)
        self.engine = engine = FoldedCredits(plan)
        self._layers = block.layers
        self._lanes = plan.lanes
        self.latency = engine.product_latency
        super().__init__({
            "layer": In(index_bits(block.depth)),
            "adds": In(1),
            "first": In(1),
            "weights": In(data.ArrayLayout(signed(block.layers[0].weights.stored_bits), plan.lanes)),
            "credits": In(data.ArrayLayout(signed(engine.credit_bits), plan.lanes)),
            "total": Out(signed(FEEDBACK_BITS)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        weights = self._layers[0].weights
        values = []
        for lane in range(self._lanes):
            stored, credit = self.weights[lane], self.credits[lane]
            weight = weight_read(weights, stored, blank=Const(0))
            for number, digit in enumerate(_digits(credit, self.engine.digits)):
                product, held = (Signal((weight * digit).shape(), name=f"{name}{lane}_{number}")
                                 for name in ("product", "held"))
                m.d.sync += [product.eq(weight * digit), held.eq(product)]
                values.append(held << number * DIGIT)
        cycles, level = 2, 0
        while len(values) > 1:
            sums = []
            for at in range(0, len(values), 2):
                both = sum(values[at:at + 2][1:], values[at])
                sums.append(Signal(both.shape(), name=f"sum{level}_{at // 2}"))
                m.d.sync += sums[-1].eq(both)
            values, cycles, level = sums, cycles + 1, level + 1

        adds, first, layers = Signal(cycles), Signal(cycles), [self.layer]
        for stage in range(cycles + 1):
            layers.append(Signal.like(self.layer, name=f"layer{stage}"))
            m.d.sync += layers[-1].eq(layers[-2])
        m.d.sync += [adds.eq(Cat(self.adds, adds)), first.eq(Cat(self.first, first))]
        shifts = [layer.update.feedback_shift for layer in self._layers]
        half = Signal(range(max(1 << shift >> 1 for shift in shifts) + 1))
        total, shifted = (Signal(signed(signed_bits(self.engine.sum_max)), name=name) for name in ("sum", "shifted"))
        with m.Switch(layers[cycles]):
            for number, shift in enumerate(shifts):
                with m.Case(number):
                    m.d.comb += half.eq(1 << shift >> 1)
        with m.If(adds[-1]):
            m.d.sync += total.eq(Mux(first[-1], half, total) + values[0])
        with m.Switch(layers[cycles + 1]):
            for number, shift in enumerate(shifts):
                with m.Case(number):
                    m.d.sync += shifted.eq(total >> shift)
        value, _ = saturate(m, shifted, FEEDBACK_BITS, "saturated")
        m.d.sync += self.total.eq(value)
        return m


def _digits(credit: Value, count: int) -> list[Value]:
    """A signed value as digits of :data:`DIGIT` bits, lowest first, of which only the last is signed."""
    return [*(credit[number * DIGIT:(number + 1) * DIGIT] for number in range(count - 1)),
            credit[(count - 1) * DIGIT:].as_signed()]
