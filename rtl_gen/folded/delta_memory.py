"""Delta memory: what is gathered, place by place, of the sums of a word of filters."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import signed_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.reverse import FoldedReverse
from ..contract.plan import plan_of
from ..memories import declared_memory

__all__ = ["DeltaMemory", "delta_layout"]


def delta_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a row's sums, and whether each lane's is one: some place had an active input and credit there."""
    declared, lanes = FoldedReverse(plan_of(block)), block.directives.lanes
    return data.StructLayout({"sums": data.ArrayLayout(signed(signed_bits(declared.delta_max)), lanes),
                              "touched": lanes})


class DeltaMemory(wiring.Component):
    """Sums of each row. All are 0 but for the word of filters that is walked; so they are made after a reset.

    Parameters
    ----------
    block : BlockSpec
        A folded block with a convolution.

    Members
    -------
    row, delta : In, Out(delta_layout)
        A row, and what is gathered of it, one cycle later.
    w_en, w_row, w_delta : In(1), In, In(delta_layout)
        A row's sums are written; one that is read in the same cycle is not yet changed.
    clearing : Out(1)
        What a reset left is being cleared, a row a cycle: nothing may be written.
    """

    def __init__(self, block: BlockSpec) -> None:
        self._declaration = declaration = FoldedReverse(plan_of(block)).deltas
        super().__init__({
            "row": In(range(declaration.depth)),
            "delta": Out(delta_layout(block)),
            "w_en": In(1),
            "w_row": In(range(declaration.depth)),
            "w_delta": In(delta_layout(block)),
            "clearing": Out(1, init=1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.deltas = memory = declared_memory(self._declaration)
        read, write = memory.read_port(), memory.write_port()
        cleared = Signal(range(self._declaration.depth))
        with m.If(self.clearing):
            m.d.sync += [cleared.eq(cleared + 1), self.clearing.eq(cleared != self._declaration.depth - 1)]
        m.d.comb += [
            read.addr.eq(self.row),
            self.delta.eq(read.data),
            write.addr.eq(Mux(self.clearing, cleared, self.w_row)),
            write.data.eq(Mux(self.clearing, 0, self.w_delta.as_value())),
            write.en.eq(self.clearing | self.w_en),
        ]
        return m
