"""Turns: who has the memories that the parts of a block share."""

from amaranth.hdl import *
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Owner", "Turns"]


class Owner(enum.Enum, shape=2):
    """Whose addresses the shared memories follow."""

    FORWARD = 0
    UPDATE = 1
    HOST = 2


class Turns(wiring.Component):
    """One register that says whose turn it is, so that no choice of an address waits for what is decided in its cycle.

    The update engine's turn lasts from the cycle after a window was handed over to the one in which it was dealt with;
    the host's begins a cycle after a block is ``free`` and ends a cycle after it is not, which is before a token that
    came in can be an address.

    Members
    -------
    free : In(1)
        Nothing is inside the block.
    handed, done : In(1)
        A window was handed to the update engine; it was dealt with.
    owner : Out(Owner)
        Whose turn it is.
    """

    def __init__(self) -> None:
        super().__init__({"free": In(1), "handed": In(1), "done": In(1), "owner": Out(Owner)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.If(self.handed):
            m.d.sync += self.owner.eq(Owner.UPDATE)
        with m.Elif(self.done | (self.owner != Owner.UPDATE)):
            m.d.sync += self.owner.eq(Mux(self.free, Owner.HOST, Owner.FORWARD))
        return m
