"""Proof that a buffer between two streams hands on every payload once, in order, and neither sooner nor later."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .rules import MOST_RULES, Rules, drive

__all__ = ["Queue"]


class Queue(wiring.Component):
    """A buffer of payloads of one bit beside a list of what is inside.

    Parameters
    ----------
    buffer : Component
        With a stream ``i`` and a stream ``o``; its own ``level``, where it has one, is checked.
    depth : int
        Payloads that it must hold, and never more.
    latency : int
        Cycles, at most, for which what is inside is not offered.
    """

    def __init__(self, buffer: wiring.Component, *, depth: int, latency: int) -> None:
        self._buffer, self._depth, self._latency = buffer, depth, latency
        super().__init__({"free": In(2), "o_ready": In(1), "bad": Out(MOST_RULES)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.buffer = buffer = self._buffer
        rules = Rules(m)
        m.d.comb += [drive(m, buffer.i, "i").eq(self.free), buffer.o.ready.eq(self.o_ready)]
        inside, count = Signal(self._depth), Signal(range(self._depth + 1))
        comes, goes = buffer.i.valid & buffer.i.ready, buffer.o.valid & buffer.o.ready
        left = Signal(range(self._depth + 1))
        m.d.comb += left.eq(count - goes)
        m.d.sync += [inside.eq(Mux(goes, inside >> 1, inside) & ~(1 << left) | (comes & buffer.i.payload) << left),
                     count.eq(left + comes)]
        rules.follows(buffer.o.valid, (count != 0) & (buffer.o.payload == inside[0]))
        rules.follows(comes, count < self._depth)
        rules.follows(count == 0, buffer.i.ready)
        rules.within(self._latency, (count != 0) & ~buffer.o.valid)
        rules.within(self._latency, (count < self._depth) & ~buffer.i.ready)
        rules.stays(buffer.o)
        if hasattr(buffer, "level"):
            rules.hold(buffer.level == count)
        m.d.comb += self.bad.eq(rules.bits())
        return m
