"""What the rows of a layer's places, or their columns, say of the walk through what they reach."""

from collections.abc import Sequence

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.credits import FoldedCredits
from ..contract.engines.folded.reach import Reach
from ..contract.plan import plan_of
from ..memories import declared_memory
from .by_layer import by_layer

__all__ = ["ReachLines"]


class ReachLines(wiring.Component):
    """Goes through the lines of one layer after another, from a table of them all.

    Parameters
    ----------
    block : BlockSpec
        A folded block.
    way : str
        Which of a :class:`~rtl_gen.contract.engines.folded.reach.LayerReach`, ``down`` or ``across``.

    Members
    -------
    layer : In
        The layer.
    restart, advance : In(1)
        From the next cycle on its first line, or the next.
    last : Out(1)
        It is the layer's last.
    reach : Out
        What the line of the cycle before says.
    """

    def __init__(self, block: BlockSpec, way: str) -> None:
        self._engine = engine = FoldedCredits(plan_of(block))
        self._way = way
        self._lines: list[Sequence[Reach]] = [getattr(reach, way) for reach in engine.reaches]
        row, word, taps = engine.reach_bits(way)
        super().__init__({
            "layer": In(index_bits(block.depth)),
            "restart": In(1),
            "advance": In(1),
            "last": Out(1),
            "reach": Out(data.StructLayout({"row": row, "word": word, "taps": taps})),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        starts = [sum(map(len, self._lines[:number])) for number in range(len(self._lines))]
        lasts = [start + len(lines) - 1 for start, lines in zip(starts, self._lines, strict=True)]
        m.submodules.table = table = declared_memory(self._engine.reach_memory(self._way), [
            self.reach.shape().const(reach._asdict()).as_value().value for lines in self._lines for reach in lines])
        read, line = table.read_port(), Signal(index_bits(lasts[-1] + 1))
        m.d.comb += [
            read.addr.eq(line),
            Value.cast(self.reach).eq(read.data),
            self.last.eq(line == by_layer(self.layer, lasts)),
        ]
        with m.If(self.restart):
            m.d.sync += line.eq(by_layer(self.layer, starts))
        with m.Elif(self.advance):
            m.d.sync += line.eq(line + 1)
        return m
