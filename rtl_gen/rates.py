"""Rates of the blocks: as the host wrote them, and as they are in force."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .contract.network import MAX_RATE, RATE_OFF
from .ports import BlockRate

__all__ = ["RATE_BITS", "Rates"]

RATE_BITS = RATE_OFF.bit_length()


class Rates(wiring.Component):
    """A rate for each block, which changes between samples only, in all blocks at once.

    What was written waits until the core has closed its sample and is drained; no other sample opens meanwhile. So a
    sample has one rate a block, however the blocks overlap and whenever the bus writes.

    Parameters
    ----------
    blocks : int
        How many blocks there are.

    Members
    -------
    w_en, w_rate : In(a bit for each block), In
        The block's rate is to be this.
    written0, … : Out
        What was written last.
    waiting, renew : Out(1), In(1)
        A rate was written that is not yet in force; the core is between samples, and it comes into force.
    rate0, … : Out(BlockRate)
        How each block learns.
    """

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        super().__init__({
            "w_en": In(blocks), "w_rate": In(RATE_BITS), "waiting": Out(1), "renew": In(1),
            **{f"written{b}": Out(RATE_BITS) for b in range(blocks)},
            **{f"rate{b}": Out(BlockRate()) for b in range(blocks)},
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for b in range(self.blocks):
            written, rate = getattr(self, f"written{b}"), getattr(self, f"rate{b}")
            with m.If(self.w_en[b]):
                m.d.sync += written.eq(self.w_rate)
            with m.If(self.renew):
                m.d.sync += [rate.shift.eq(written[:MAX_RATE.bit_length()]), rate.off.eq(written == RATE_OFF)]
        with m.If(self.w_en.any()):
            m.d.sync += self.waiting.eq(1)
        with m.Elif(self.renew):
            m.d.sync += self.waiting.eq(0)
        return m
