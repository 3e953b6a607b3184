"""Walk over the active sources of a dense layer, for one word of its neurons."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.block import BlockSpec
from ..contract.plan import plan_of
from .by_layer import by_layer
from .heads import Heads
from .row_steps import row_layout, word_layout
from .window_ports import ListReader

__all__ = ["ListWalk"]


class ListWalk(wiring.Component):
    """Makes rows of a word: what opens it, thresholds and bias where the word has credit, and the layer's list.

    A row a cycle; the list is read a cycle ahead.

    Parameters
    ----------
    block : BlockSpec
        A folded block with a dense layer.

    Members
    -------
    i : In(stream of word_layout)
        Words of dense layers.
    forget : In(1)
        The lists are forgotten.
    lists : Out(ListReader)
        The window buffer's lists.
    o : Out(stream of row_layout)
        Their rows.
    idle : Out(1)
        No word is inside, whatever comes.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        super().__init__({
            "i": In(stream.Signature(word_layout(block))),
            "forget": In(1),
            "lists": Out(ListReader(block)),
            "o": Out(stream.Signature(row_layout(block))),
            "idle": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layers, word, row = plan_of(self.block).layers, self.i.p, self.o.p
        heads, place = Heads(m, self.block, word), Signal.like(self.lists.place)
        listed, last, advance = Signal(), Signal(), Signal()
        coming = Signal(data.StructLayout({"valid": 1, **heads.fields, "word": word_layout(self.block)}))
        m.d.comb += [
            listed.eq(self.lists.rows != 0),
            last.eq(Mux(heads.any, heads.last & ~listed, place + 1 == self.lists.rows)),
            advance.eq(~coming.valid | self.o.ready),
            self.i.ready.eq(advance & last),
            self.lists.layer.eq(word.layer),
            self.lists.place.eq(place),
            self.lists.en.eq(advance),
            self.lists.forget.eq(self.forget),
        ]
        with m.If(advance):
            m.d.sync += [coming.valid.eq(self.i.valid), coming.word.eq(word), *heads.pass_on(coming)]
            with m.If(self.i.valid):
                m.d.sync += [*heads.move(last), place.eq(Mux(heads.any | last, 0, place + 1))]
        row_base = by_layer(coming.word.layer, [plan.source_base for plan in layers])
        m.d.comb += [
            self.o.valid.eq(coming.valid),
            *heads.pass_to(row, coming),
            row.source.eq(self.lists.source),
            row.row.eq(heads.row_of(coming, self.lists.source - row_base)),
            row.word.eq(coming.word),
            self.idle.eq(~coming.valid & heads.opens),
        ]
        return m
