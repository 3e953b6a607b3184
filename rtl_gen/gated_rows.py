"""Which neurons of a window had a gate or fired: the only rows of a readout that its backward pass has work in."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from .contract.block import BlockSpec
from .contract.engines.readout import Readout
from .contract.plan import plan_of
from .memories import declared_memory
from .ports import GatedReader

__all__ = ["GatedRows"]


class GatedRows(wiring.Component):
    """A bit for each neuron of a block of one dense layer, gathered over the steps of a window as they are recorded.

    Recording and reading take turns. The same group comes again after two cycles at the earliest.

    Parameters
    ----------
    block : BlockSpec
        A block whose readout passes rows over.

    Members
    -------
    en, first : In(1), In(1)
        A group is recorded; it is the first of a window, whose first step forgets what was before.
    marks : In(lanes)
        Which of its neurons have a gate or fire.
    reader : In(GatedReader)
        What was gathered.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self._groups = plan_of(block).readout_words
        super().__init__({"en": In(1), "first": In(1), "marks": In(block.directives.lanes),
                          "reader": In(GatedReader(block))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.gated = gated = declared_memory(Readout(plan_of(self.block)).gated)
        write, read = gated.write_port(), gated.read_port()
        following = Signal(range(self._groups))         # the group that comes next
        group, begins, fresh = Signal.like(following), Signal(), Signal()
        m.d.comb += [
            group.eq(Mux(self.first, 0, following)),
            begins.eq(self.first | fresh),
            read.addr.eq(Mux(self.en, group, self.reader.group)),
            self.reader.gated.eq(read.data),
        ]
        last = group == self._groups - 1
        with m.If(self.en):
            m.d.sync += [following.eq(Mux(last, 0, group + 1)), fresh.eq(begins & ~last)]
        # What was is read in the cycle in which a group comes, and written in the next.
        en, marks, kept = Signal(), Signal.like(self.marks), Signal()
        m.d.sync += [en.eq(self.en), marks.eq(self.marks), kept.eq(~begins), write.addr.eq(group)]
        m.d.comb += [write.en.eq(en), write.data.eq(marks | Mux(kept, read.data, 0))]
        return m
