"""Register slice: cuts every combinational path between two ends of a stream."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Slice"]


class Slice(wiring.Component):
    """Two registers between two ends of a stream.

    Nothing combinational leads from ``i`` to ``o`` or back. Latency is :attr:`LATENCY` cycle; throughput is a payload a
    cycle.

    Parameters
    ----------
    shape : ShapeLike
        Of the payload.

    Members
    -------
    i : In(stream)
        Payloads.
    o : Out(stream)
        The same, later.
    """

    LATENCY = 1

    def __init__(self, shape: ShapeLike) -> None:
        self.shape = shape
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # A payload that arrives in the cycle in which the output stalls is kept here.
        kept = Signal(self.shape)
        full = Signal()
        moves = Signal()

        m.d.comb += [
            moves.eq(self.o.ready | ~self.o.valid),
            self.i.ready.eq(~full),
        ]
        with m.If(moves):
            m.d.sync += [
                self.o.payload.eq(Mux(full, kept, self.i.payload)),
                self.o.valid.eq(full | self.i.valid),
                full.eq(0),
            ]
        with m.Elif(self.i.valid):
            m.d.sync += full.eq(1)
        # Whether it will be needed is not waited for.
        with m.If(~full):
            m.d.sync += kept.eq(self.i.payload)
        return m
