"""Which words of a dense layer have a credit at a position: only these are walked."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.credits import FoldedCredits
from ..contract.plan import plan_of
from ..memories import declared_memory
from .reverse_layouts import place_layout, scanned_layout

__all__ = ["AliveWords"]


class AliveWords(wiring.Component):
    """Lists the words with a credit, position by position, of the layer that is scanned and of the one above.

    Parameters
    ----------
    block : BlockSpec
        A folded block whose words are listed.

    Members
    -------
    layer : In
        The layer that is scanned.
    en, at, alive : In(1), In(scanned_layout), In(1)
        A word was scanned, the next of its position, and whether it has a credit there.
    position : In
        A position of the layer that is scanned.
    above, own : Out
        Words with a credit: of the layer above there, and of the layer itself a position later.
    place : In(place_layout)
        A word's place in a list.
    word, row : Out
        That word of its layer, and the distance of its weights from those of the layer's first.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self.engine = engine = FoldedCredits(plan_of(block))
        last, words = plan_of(block).layers[-1], engine.listed_words
        super().__init__({
            "layer": In(index_bits(block.depth)),
            "en": In(1),
            "at": In(scanned_layout(block)),
            "alive": In(1),
            "position": In(index_bits(block.window)),
            "above": Out(range(words + 1)),
            "own": Out(range(words + 1)),
            "place": In(place_layout(block)),
            "word": Out(index_bits(words)),
            "row": Out(index_bits(last.weight_base + last.weight_words)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        listed, counts = self.engine.list_memories
        m.submodules.listed = listed = declared_memory(listed)
        m.submodules.counts = counts = declared_memory(counts)
        # Layers that follow one another are of different parity.
        parity, count, number = self.layer[0], Signal(self.above.shape()), Signal(self.above.shape())
        entry = data.StructLayout({"word": self.word.shape(), "row": self.row.shape()})
        write, read = listed.write_port(), listed.read_port(domain="comb")
        m.d.comb += [
            number.eq(Mux(self.at.place == 0, 0, count)),
            write.addr.eq(self._address(number, self.at.position, parity)),
            write.data.eq(Cat(self.at.place[:len(self.word)], self.at.row)),
            write.en.eq(self.en & self.alive),
            read.addr.eq(self._address(self.place.number, self.place.position, parity ^ ~self.place.own)),
            self.word.eq(data.View(entry, read.data).word),
            self.row.eq(data.View(entry, read.data).row),
        ]
        with m.If(self.en):
            m.d.sync += count.eq(number + self.alive)
        write = counts.write_port()
        m.d.comb += [
            write.addr.eq(Cat(self.at.position, parity)),
            write.data.eq(number + self.alive),
            write.en.eq(self.en),
        ]
        for found, position, of_layer in ((self.above, self.position, ~parity),
                                          (self.own, (self.position + 1)[:len(self.position)], parity)):
            read = counts.read_port(domain="comb")
            m.d.comb += [read.addr.eq(Cat(position, of_layer)), found.eq(read.data)]
        return m

    def _address(self, number: Value, position: Value, parity: Value) -> Value:
        """Where a list's entry lies."""
        return Cat(number[:index_bits(self.engine.listed_words)], position, parity)
