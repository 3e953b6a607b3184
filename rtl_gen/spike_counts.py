"""Spike counts: how many events of each row came in the loss steps of the window that goes on."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .contract.memories import MemoryDeclaration
from .memories import declared_memory

__all__ = ["SpikeCounts"]


class SpikeCounts(wiring.Component):
    """A count for each row, kept while its events pass.

    No reset clears a memory: after one, every row is to be forgotten. An event or a row takes one cycle.

    Parameters
    ----------
    declaration : MemoryDeclaration
        The memory: a count for each row.
    again : bool
        Whether the same row may come in the next cycle; else it comes after two cycles at the earliest.

    Members
    -------
    row : In(range(rows))
        The row of this cycle.
    fired : In(1)
        Its event came: its count grows.
    forget : In(1)
        Its count becomes 0, one cycle later.
    count : Out
        Its count before that, one cycle later.
    """

    def __init__(self, declaration: MemoryDeclaration, *, again: bool = False) -> None:
        self._declaration = declaration
        self._again = again
        super().__init__({
            "row": In(range(declaration.depth)),
            "fired": In(1),
            "forget": In(1),
            "count": Out(declaration.width),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.counts = counts = declared_memory(self._declaration)
        write = counts.write_port()
        read = counts.read_port(transparent_for=(write,) if self._again else ())
        fired, forget, row = Signal(), Signal(), Signal.like(self.row)
        m.d.sync += [fired.eq(self.fired), forget.eq(self.forget), row.eq(self.row)]
        m.d.comb += [
            read.addr.eq(self.row),
            self.count.eq(read.data),
            write.addr.eq(row),
            write.data.eq(Mux(forget, 0, read.data + 1)),
            write.en.eq(fired | forget),
        ]
        return m
