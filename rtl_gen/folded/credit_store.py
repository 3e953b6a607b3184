"""Credits of two words, one walked while the other is loaded, and the sum of a row over its positions."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits, signed_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.reverse import FoldedReverse
from ..contract.plan import plan_of
from ..memories import declared_memory
from .ports import credit_layout

__all__ = ["FoldedStore", "select_layout"]


def select_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of what is added in a cycle: of the word in a ``half`` the credits at a ``position``, times ``2**bit``.

    ``first`` begins a row. For a row of ``thresholds``, of a ``layer``, what its neurons were given is taken instead.
    """
    declared = FoldedReverse(plan_of(block))
    return data.StructLayout({
        "first": 1, "half": 1, "position": index_bits(block.window), "bit": index_bits(declared.count_bits),
        "thresholds": 1, "layer": index_bits(block.depth)})


class FoldedStore(wiring.Component):
    """Credits in distributed RAM, a position of one word a cycle, and the lanes that have any.

    Parameters
    ----------
    block : BlockSpec
        A folded block.
    lanes : int
        Lanes of a word whose credits come in a cycle.

    Members
    -------
    begin : In(1)
        The credits of another word will come, for ``load_half``.
    load, load_half : In(credit_layout), In(1)
        Credits to be held in this half.
    select : In(select_layout)
        What is added to the sums.
    sums : Out
        The lanes' sums, one cycle later.
    alive_half, alive, told : In(1), Out(lanes of the block), Out(lanes of the block)
        Lanes of the word in this half that have a credit; and that were told anything, of a block with learned
        thresholds.
    told_any : Out(1)
        Whether any lane was of the word that was loaded.
    """

    def __init__(self, block: BlockSpec, lanes: int) -> None:
        self.block, self._load_lanes = block, lanes
        self._lanes = block.directives.lanes
        self._declared = declared = FoldedReverse(plan_of(block))
        super().__init__({
            "begin": In(1),
            "load": In(credit_layout(block, lanes)),
            "load_half": In(1),
            "select": In(select_layout(block)),
            "sums": Out(data.ArrayLayout(signed(signed_bits(declared.row_max)), self._lanes)),
            "alive_half": In(1),
            "alive": Out(self._lanes),
            "told": Out(self._lanes),
            "told_any": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        load, select, selected = self.load, self.select, []
        memories = self._declared.credits(self._load_lanes)
        alive = self._marked(m, "alive", [credit != 0 for credit in load.credits])
        m.d.comb += self.alive.eq(alive[self.alive_half])
        if self._declared.injected(self._load_lanes):
            told = self._marked(m, "told", [given.told for given in load.injected])
            m.d.comb += [self.told.eq(told[self.alive_half]), self.told_any.eq(told[self.load_half].any())]
        for part, declaration in enumerate(memories):
            m.submodules[f"credits{part}"] = memory = declared_memory(declaration)
            write, read = memory.write_port(), memory.read_port(domain="comb")
            m.d.comb += [
                write.addr.eq(Cat(load.position, self.load_half)),
                write.data.eq(load.credits),
                write.en.eq(load.valid & (load.part == part)),
                read.addr.eq(Cat(select.position, select.half)),
            ]
            selected.append(data.View(load.credits.shape(), read.data))
        given = self._given(m)
        for lane in range(self._lanes):
            part, place = divmod(lane, self._load_lanes)
            credit = selected[part][place]
            if self._declared.count_bits > 1:
                credit = credit << select.bit
            before = Mux(select.first, 0, self.sums[lane])
            if given:
                # Less what was given, by the one adder: its complement, and 1 more from a place below.
                value = Mux(select.thresholds, ~self._shifted(given[part][place]), credit)
                total = (Cat(select.thresholds, before).as_signed() + Cat(select.thresholds, value).as_signed()) >> 1
            else:
                total = credit + before
            m.d.sync += self.sums[lane].eq(total)
        return m

    def _marked(self, m: Module, name: str, marks: list[Value]) -> Array:
        """A bit for each half and each lane of which a mark came, the lanes of a part at a time."""
        load, found = self.load, Array(Signal(self._lanes, name=f"{name}{half}") for half in range(2))
        for half, lanes in enumerate(found):
            with m.If(self.begin & (self.load_half == half)):
                m.d.sync += lanes.eq(0)
            for lane in range(self._lanes):
                part, place = divmod(lane, self._load_lanes)
                with m.If(load.valid & (load.part == part) & (self.load_half == half) & marks[place]):
                    m.d.sync += lanes[lane].eq(1)
        return found

    def _given(self, m: Module) -> list[list[Value]]:
        """What the neurons of the selected word were given, part by part; nothing without learned thresholds."""
        load, found = self.load, []
        for part, declaration in enumerate(self._declared.injected(self._load_lanes)):
            m.submodules[f"injected{part}"] = memory = declared_memory(declaration)
            write, read = memory.write_port(), memory.read_port(domain="comb")
            m.d.comb += [
                # The last that comes of a part is whole.
                write.addr.eq(self.load_half),
                write.data.eq(Cat(given.sum for given in load.injected)),
                write.en.eq(load.valid & (load.part == part)),
                read.addr.eq(self.select.half),
            ]
            bits = declaration.width // self._load_lanes
            found.append([read.data.word_select(lane, bits).as_signed() for lane in range(self._load_lanes)])
        return found

    def _shifted(self, given: Value) -> Value:
        """What was given, in units of the layer's thresholds."""
        shifts = [layer.neuron.threshold_shift for layer in self.block.layers]
        ways = sorted({shift for shift in shifts if shift is not None})
        if len(ways) == 1:
            return given << ways[0]
        return Array(given << (shift or 0) for shift in shifts)[self.select.layer]
