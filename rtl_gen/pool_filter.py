"""Pool filter: events on a grid to events on the grid of its squares."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import index_bits
from .contract.division import GridDivisions
from .contract.grid import PoolSpec
from .coordinates import Coordinates
from .token import TokenKind, token_layout

__all__ = ["PoolFilter"]


class PoolFilter(wiring.Component):
    """Gives each event the index of its square, and drops those that the border cuts off.

    Two events of a square are two events with one index: a sum counts them, and for ``or`` a
    :class:`~rtl_gen.seen_filter.SeenFilter` behind drops the second. Other tokens pass, in their order.

    Takes a token a cycle, :attr:`latency` cycles for each.

    Parameters
    ----------
    pool : PoolSpec
        The grid, and the size of a square.
    classes : int
        Number of classes, for the width of a token.

    Members
    -------
    i, o : In(stream of tokens), Out(stream of tokens)
        Tokens with indices before, and behind, the pool.
    idle : Out(1)
        Nothing is inside.
    """

    def __init__(self, pool: PoolSpec, classes: int) -> None:
        self._pool, self._classes = pool, classes
        self._grid = GridDivisions(pool.height, pool.width, pool.channels)
        self.latency = self._grid.latency + 2
        super().__init__({
            "i": In(stream.Signature(token_layout(pool.inputs, classes))),
            "o": Out(stream.Signature(token_layout(pool.outputs, classes))),
            "idle": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pool = self._pool
        m.submodules.coordinates = apart = Coordinates(self._grid, token_layout(pool.inputs, self._classes))
        m.d.comb += [
            apart.i.valid.eq(self.i.valid),
            apart.i.p.index.eq(self.i.p.value),
            apart.i.p.carried.eq(self.i.payload),
            self.i.ready.eq(apart.i.ready),
        ]
        # A stage to look up where the square's row and column begin, and one to add.
        found, added = Signal(), Signal()
        looked_up = apart.o.p
        token, cut = Signal.like(self.i.payload), Signal()
        row, column, channel = (Signal(index_bits(pool.outputs), name=name) for name in ("row", "column", "channel"))
        moves = Signal()
        m.d.comb += [
            moves.eq(self.o.ready | ~self.o.valid),
            apart.o.ready.eq(moves),
            self.o.valid.eq(added),
            self.idle.eq(apart.idle & ~found & ~added),
        ]
        rows, row_in = self._starts(pool.height, pool.out_height, pool.out_width * pool.channels)
        columns, column_in = self._starts(pool.width, pool.out_width, pool.channels)
        is_event = token.kind == TokenKind.EVENT
        with m.If(moves):
            m.d.sync += [
                found.eq(apart.o.valid),
                token.eq(looked_up.carried),
                row.eq(Array(rows)[looked_up.y]),
                column.eq(Array(columns)[looked_up.x]),
                channel.eq(looked_up.c),
                cut.eq((looked_up.y >= row_in) | (looked_up.x >= column_in)),
                added.eq(found & ~(is_event & cut)),
                self.o.p.kind.eq(token.kind),
                self.o.p.last.eq(token.last),
                self.o.p.value.eq(Mux(is_event, row + column + channel, token.value)),
            ]
        return m

    def _starts(self, side: int, squares: int, stride: int) -> tuple[list[int], int]:
        """Index at which the square of each pixel of a side begins; and how many pixels are in squares."""
        return [min(pixel // self._pool.size, squares - 1) * stride for pixel in range(side)], min(
            side, squares * self._pool.size)
