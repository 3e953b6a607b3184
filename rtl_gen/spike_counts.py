"""Spike counts: how often each neuron fired in the loss steps of the window that goes on."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .contract.memories import MemoryDeclaration
from .memories import declared_memory

__all__ = ["SpikeCounts"]


class SpikeCounts(wiring.Component):
    """A count for each neuron, kept while its spikes pass.

    No reset clears a memory: after one, every row is to be forgotten. A spike or a row takes one cycle. The same row
    comes again after two cycles at the earliest.

    Parameters
    ----------
    declaration : MemoryDeclaration
        The memory: a count for each neuron.

    Members
    -------
    row : In(range(neurons))
        The neuron of this cycle.
    fired : In(1)
        It fired: its count grows.
    forget : In(1)
        Its count becomes 0, one cycle later.
    count : Out
        Its count before that, one cycle later.
    """

    def __init__(self, declaration: MemoryDeclaration) -> None:
        self._declaration = declaration
        super().__init__({
            "row": In(range(declaration.depth)),
            "fired": In(1),
            "forget": In(1),
            "count": Out(declaration.width),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.counts = counts = declared_memory(self._declaration)
        read, write = counts.read_port(), counts.write_port()
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
