"""Outlet: result and memory packets, one after another, to the output stream."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .packet import packet_layout
from .slice import Slice

__all__ = ["Outlet"]


class Outlet(wiring.Component):
    """Merges two streams of packets; results go first. Every output is a register.

    A packet of a memory begins a cycle after it could, when its turn has come.

    Members
    -------
    results, memories : In(stream of packet beats)
        Packets.
    o : Out(stream of packet beats)
        The same, whole, one after another.
    drained : Out(1)
        No beat of a result is on its way.
    """

    def __init__(self) -> None:
        packets = stream.Signature(packet_layout())
        super().__init__({"results": In(packets), "memories": In(packets), "o": Out(packets), "drained": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.slice = out = Slice(packet_layout())
        wiring.connect(m, out.o, wiring.flipped(self.o))

        locked = Signal()                               # within a packet
        memory = Signal()                               # whose turn it is
        result_inside = Signal()                        # in the slice
        for chosen, source in ((~memory, self.results), (memory, self.memories)):
            m.d.comb += source.ready.eq(chosen & out.i.ready)
            with m.If(chosen):
                m.d.comb += [out.i.valid.eq(source.valid), out.i.payload.eq(source.payload)]

        with m.If(out.i.valid & out.i.ready):
            m.d.sync += locked.eq(~out.i.p.last)
        # In a register, since the two sides are far from each other.
        with m.If(memory):
            m.d.sync += memory.eq(~(out.i.valid & out.i.ready & out.i.p.last))
        with m.Elif(~locked & ~self.results.valid):
            m.d.sync += memory.eq(self.memories.valid)
        with m.If(self.results.valid & self.results.ready):
            m.d.sync += result_inside.eq(1)
        with m.Elif(~out.o.valid):
            m.d.sync += result_inside.eq(0)
        m.d.comb += self.drained.eq(~self.results.valid & ~result_inside & ~(locked & ~memory))
        return m
