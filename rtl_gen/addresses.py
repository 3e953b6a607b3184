"""Addresses of a weight memory, group by group."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import index_bits

__all__ = ["WeightAddress"]


class WeightAddress(wiring.Component):
    """Address of a row in the current group: ``group * rows + row``, without a multiplier.

    Parameters
    ----------
    rows, groups : int
        Shape of the memory.

    Members
    -------
    restart : In(1)
        From the next cycle on the group is 0.
    advance : In(1)
        From the next cycle on the group is the next one.
    row : In(n)
        The row.
    address : Out(n)
        Its address in the current group, in this cycle.
    """

    def __init__(self, rows: int, groups: int) -> None:
        self._rows = rows
        self._groups = groups
        super().__init__({
            "restart": In(1),
            "advance": In(1),
            "row": In(index_bits(rows)),
            "address": Out(index_bits(rows * groups)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        base = Signal(index_bits(self._rows * self._groups))
        with m.If(self.restart):
            m.d.sync += base.eq(0)
        with m.Elif(self.advance):
            m.d.sync += base.eq(base + self._rows)
        m.d.comb += self.address.eq(base + self.row)
        return m
