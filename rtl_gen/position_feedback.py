"""Feedback of rows at the positions that classes are read at, summed class by class."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from .contract.arithmetic import exact_feedback_max, row_feedback_max, signed_bits
from .contract.block import BlockSpec
from .contract.engines.readout import Readout
from .contract.memories import MemoryDeclaration
from .contract.plan import plan_of
from .feedback_rounding import divided
from .memories import declared_memory
from .ports import FeedbackReader

__all__ = ["PositionFeedback"]


class PositionFeedback(wiring.Component):
    """A sum for each position, and a memory for each lane that holds them of all rows.

    A class adds its product to the sum of its position, and what that comes to so far is written: the last class of a
    row that is read there leaves the whole. A class a cycle; what it comes to can be read three cycles after its
    product.

    Computes what :mod:`sim.reference.backward` has of a readout's rows before it leaks, bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A block that learns by the largest level.

    Members
    -------
    en, first : In(1), In(1)
        A class's product is there; it is its row's first.
    product, position : In, In
        What it is, and where its class is read.
    lane : In
        Of the row, a cycle later.
    group : In
        Of the row, two cycles later.
    there : In
        A bit for each position: whether a class is read at it; at others there is no feedback.
    reader : In(FeedbackReader)
        Who reads it.
    """

    def __init__(self, block: BlockSpec) -> None:
        self._block = block
        plan = plan_of(block)
        self._exact_bits = signed_bits(exact_feedback_max(block.readout))
        self._bits = signed_bits(row_feedback_max(block.readout))
        super().__init__({
            "en": In(1),
            "first": In(1),
            "product": In(signed(self._exact_bits)),
            "position": In(range(block.window)),
            "lane": In(range(plan.lanes)),
            "group": In(range(plan.readout_words + 1)),
            "there": In(block.window),
            "reader": In(FeedbackReader(block, self._bits)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.sums = sums = declared_memory(MemoryDeclaration(
            "position_sums", self._block.window, self._exact_bits, "distributed"))
        before, after = sums.read_port(domain="comb"), sums.write_port()
        begun = Signal(self._block.window)              # positions at which a class of the row was read already
        total, position, en = Signal(signed(self._exact_bits)), Signal.like(self.position), Signal()
        m.d.comb += [
            before.addr.eq(self.position),
            after.addr.eq(self.position),
            after.data.eq(Mux(begun.bit_select(self.position, 1) & ~self.first, before.data.as_signed(), 0)
                          + self.product),
            after.en.eq(self.en),
        ]
        m.d.sync += [total.eq(after.data), position.eq(self.position), en.eq(self.en)]
        with m.If(self.en):
            m.d.sync += begun.eq(Mux(self.first, 0, begun) | (1 << self.position))
        self._keep(m, en, position, divided(m, self._block.readout, total))
        return m

    def _keep(self, m: Module, en: Signal, position: Signal, feedback: Value) -> None:
        """A cycle later a lane's memory takes it."""
        held, at, reader = Signal(signed(self._bits)), Signal.like(position), self.reader
        m.d.sync += [held.eq(feedback), at.eq(position), reader.read.eq(self.there.bit_select(reader.position, 1))]
        for lane, declaration in enumerate(Readout(plan_of(self._block)).feedback):
            # Of lanes that are no rows nothing is ever written, and 0 is read.
            m.submodules[declaration.name] = memory = declared_memory(declaration)
            write, read = memory.write_port(), memory.read_port()
            taken = Signal(name=f"taken{lane}")
            m.d.sync += taken.eq(en & (self.lane == lane))
            m.d.comb += [
                write.addr.eq(Cat(at, self.group)),
                write.data.eq(held),
                write.en.eq(taken),
                read.addr.eq(Cat(reader.position, reader.group)),
                reader.feedback[lane].eq(read.data),
            ]
