"""Walk over the active rows of a window, again for each group, and over the positions at which a row was active."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import index_bits
from .contract.block import BlockSpec
from .contract.plan import plan_of
from .ports import RowReader

__all__ = ["RowWalk", "row_step_layout"]


def row_step_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a step of the walk: of a row the lowest ``position`` that is left of its ``mask``.

    ``first`` and ``last`` begin and end a row; unrolled, a row is one step. ``opens`` is a step between groups: rows of
    the next follow.
    """
    (plan,) = plan_of(block).layers
    return data.StructLayout({
        "valid": 1, "opens": 1, "first": 1, "last": 1, "row": index_bits(plan.layer.rows),
        "position": range(block.window), "mask": block.window,
    })


class RowWalk(wiring.Component):
    """Goes through the bias and the row list once for each group, a step a cycle.

    List and masks are read three cycles ahead, round and round, so that neither the groups nor their rows come after a
    pause; only between two groups it waits, for the credits of the next. A group without any credit, the last, is
    walked to forget the masks, a row a cycle.

    Parameters
    ----------
    block : BlockSpec
        A block of one layer.

    Members
    -------
    en : In(1)
        A window is walked, from its first group on.
    steps : In
        Steps of the window.
    reader : Out(RowReader)
        The window buffer's rows and masks.
    ready, taken : In(1), Out(1)
        The credits of the next group are there; they are walked from the next cycle on.
    credited, last : In(1)
        Of the next group: whether any lane has a credit, and whether the walk of it forgets the masks and is the last.
    step : Out(row_step_layout)
        What is walked in this cycle. It is ``valid`` only where there are credits.
    done : Out(1)
        All groups were walked.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        (plan,) = plan_of(block).layers
        self.layer, self._unrolled = plan.layer, block.directives.unroll
        super().__init__({
            "en": In(1),
            "steps": In(range(block.window + 1)),
            "reader": Out(RowReader(block)),
            "ready": In(1),
            "taken": Out(1),
            "credited": In(1),
            "last": In(1),
            "step": Out(row_step_layout(block)),
            "done": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        advance = Signal()
        ahead = self._read_ahead(m, advance)
        now = Signal.like(ahead, name="now")
        left = Signal(self.block.window)                # positions of the row that are not walked yet
        first = Signal()
        less, rest = Signal.like(left), Signal.like(left)   # one less, and all but the lowest position
        m.d.comb += [less.eq(left - 1), rest.eq(left & less)]
        # A bias is active in every step of the window.
        mask = Mux(ahead.bias, Cat(self.steps > p for p in range(self.block.window)), self.reader.mask)
        with m.If(~self.en):
            m.d.sync += now.valid.eq(0)
        with m.Elif(advance):
            m.d.sync += [now.eq(ahead), left.eq(mask), first.eq(1)]
        with m.Else():
            m.d.sync += [left.eq(rest), first.eq(0)]

        credited, last = Signal(), Signal()             # of the group that is walked
        between, row_ends = Signal(), Signal()
        m.d.comb += [
            between.eq(now.valid & now.opens),
            row_ends.eq(1 if self._unrolled else (rest == 0) | ~credited),
            self.taken.eq(between & self.ready & ~last),
            self.done.eq(between & last),
            advance.eq(~now.valid | Mux(now.opens, self.ready & ~last, row_ends)),
            self.step.valid.eq(now.valid & ~now.opens & credited),
            self.step.opens.eq(between),
            self.step.first.eq(first),
            self.step.last.eq(row_ends),
            self.step.row.eq(now.row),
            self.step.mask.eq(left),
            self.reader.advance.eq(advance),
            self.reader.clear_en.eq(now.valid & ~now.opens & ~now.bias & row_ends & last),
            self.reader.clear_row.eq(now.row),
        ]
        lowest = left & ~less
        m.d.comb += self.step.position.eq(Cat(
            Cat(lowest[p] for p in range(len(left)) if p >> bit & 1).any() for bit in range(len(self.step.position))))
        with m.If(self.taken):
            m.d.sync += [credited.eq(self.credited), last.eq(self.last)]
        with m.If(~self.en):
            m.d.sync += [credited.eq(0), last.eq(0)]
        return m

    def _read_ahead(self, m: Module, advance: Value) -> data.View:
        """What comes next: an entry of the list, or what stands between groups; its mask is read."""
        bias, reader = self.layer.weights.bias, self.reader
        place = Signal(range(self.block.inputs + bias + 1))     # 0 between groups, then the bias, then the list
        layout = data.StructLayout({"valid": 1, "opens": 1, "bias": 1, "row": self.step.row.shape()})
        listed, masked = Signal(layout), Signal(layout)
        m.d.comb += [
            reader.list_position.eq(place - 1 - bias),
            reader.mask_row.eq(reader.row),
        ]
        with m.If(advance):
            m.d.sync += [
                listed.valid.eq(1),
                listed.opens.eq(place == 0),
                listed.bias.eq((place == 1) & int(bias)),
                place.eq(Mux(place == reader.rows + bias, 0, place + 1)),
                masked.eq(listed),
                masked.row.eq(Mux(listed.bias, self.layer.inputs, reader.row)),
            ]
        with m.If(~self.en):
            m.d.sync += [place.eq(0), listed.valid.eq(0), masked.valid.eq(0)]
        return masked
