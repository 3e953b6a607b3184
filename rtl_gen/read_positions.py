"""Positions of the levels that classes are read at, written class by class at a window's end."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import index_bits
from .contract.block import BlockSpec
from .contract.memories import MemoryDeclaration
from .memories import declared_memory

__all__ = ["ReadPositions"]


class ReadPositions(wiring.Component):
    """A small memory of the position of each class, and which positions there are among them.

    Parameters
    ----------
    block : BlockSpec
        A block that learns by the largest level.

    Members
    -------
    en, read_at : In(1), In
        The next class's position, beginning with the first behind the last.
    number, found : In, Out
        A class, and its position one cycle later.
    there : Out
        A bit for each position: whether a class written since the first is read at it.
    """

    def __init__(self, block: BlockSpec) -> None:
        self._classes, window = block.readout.classes, block.window
        position = range(window)
        super().__init__({
            "en": In(1),
            "read_at": In(position),
            "number": In(range(self._classes)),
            "found": Out(position),
            "there": Out(window),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.positions = positions = declared_memory(MemoryDeclaration(
            "read_positions", self._classes, index_bits(len(self.there)), "distributed"))
        write, read = positions.write_port(), positions.read_port()
        number = Signal(range(self._classes))
        m.d.comb += [
            write.addr.eq(number),
            write.data.eq(self.read_at),
            write.en.eq(self.en),
            read.addr.eq(self.number),
            self.found.eq(read.data),
        ]
        with m.If(self.en):
            m.d.sync += [
                number.eq(Mux(number == self._classes - 1, 0, number + 1)),
                self.there.eq(Mux(number == 0, 0, self.there) | (1 << self.read_at)),
            ]
        return m
