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

    ``first`` and ``last`` begin and end a row; unrolled, a row is one step.
    """
    (plan,) = plan_of(block).layers
    return data.StructLayout({
        "valid": 1, "first": 1, "last": 1, "row": index_bits(plan.layer.rows),
        "position": range(block.window), "mask": block.window,
    })


class RowWalk(wiring.Component):
    """Goes through the bias and the row list once for each group, a step a cycle.

    List and masks are read three cycles ahead, round and round, so that neither the groups nor their rows come after a
    pause; a group's first row waits, but for the credits of its group. A group without any credit, the last, is walked
    to forget the masks, a row a cycle; one of no rows takes a cycle.

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
        The credits of the next group are there; they are walked from the next cycle on, behind the last step of this
        group or behind a pause.
    credited, last : In(1)
        Of the next group: whether any lane has a credit, and whether the walk of it forgets the masks and is the last.
    step : Out(row_step_layout)
        What is walked in this cycle. It is ``valid`` only where there are credits.
    done : Out(1)
        The last step of all groups is walked.
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
        credited, last = Signal(), Signal()             # of the group that is walked
        waits, walks = Signal(), Signal()               # a group's first row, for its credits; no row waits
        row_ends, group_ends = Signal(), Signal()
        m.d.comb += [
            walks.eq(now.valid & ~waits),
            row_ends.eq(walks & (1 if self._unrolled else (rest == 0) | ~credited)),
            group_ends.eq(row_ends & ahead.opens),
            self.taken.eq((group_ends | waits) & self.ready & ~last),
            self.done.eq(group_ends & last),
            advance.eq(~now.valid | row_ends),
            self.step.valid.eq(walks & ~now.empty & credited),
            self.step.first.eq(first),
            self.step.last.eq(row_ends),
            self.step.row.eq(now.row),
            self.step.mask.eq(left),
            self.reader.advance.eq(advance),
            self.reader.clear_en.eq(row_ends & ~now.bias & ~now.empty & last),
            self.reader.clear_row.eq(now.row),
        ]
        with m.If(~self.en):
            m.d.sync += [now.valid.eq(0), waits.eq(0)]
        with m.Elif(advance):
            m.d.sync += [now.eq(ahead), waits.eq(ahead.valid & ahead.opens & ~self.taken), left.eq(mask), first.eq(1)]
        with m.Elif(waits):
            m.d.sync += waits.eq(~self.taken)
        with m.Else():
            m.d.sync += [left.eq(rest), first.eq(0)]
        lowest = left & ~less
        m.d.comb += self.step.position.eq(Cat(
            Cat(lowest[p] for p in range(len(left)) if p >> bit & 1).any() for bit in range(len(self.step.position))))
        with m.If(self.taken):
            m.d.sync += [credited.eq(self.credited), last.eq(self.last)]
        with m.If(~self.en):
            m.d.sync += [credited.eq(0), last.eq(0)]
        return m

    def _read_ahead(self, m: Module, advance: Value) -> data.View:
        """What comes next: the bias or an entry of the list, the first of which ``opens`` a group; its mask is read."""
        bias, reader = self.layer.weights.bias, self.reader
        place, rows, empty = Signal(range(self.block.inputs + bias)), reader.rows + bias, Signal()
        layout = data.StructLayout({"valid": 1, "opens": 1, "empty": 1, "bias": 1, "row": self.step.row.shape()})
        listed, masked = Signal(layout), Signal(layout)
        m.d.comb += [
            empty.eq(rows == 0),                        # a place nevertheless, for what opens a group
            reader.list_position.eq(place - bias),
            reader.mask_row.eq(reader.row),
        ]
        with m.If(advance):
            m.d.sync += [
                listed.valid.eq(1),
                listed.opens.eq(place == 0),
                listed.empty.eq(empty),
                listed.bias.eq((place == 0) & int(bias)),
                place.eq(Mux(empty | (place + 1 == rows), 0, place + 1)),
                masked.eq(listed),
                masked.row.eq(Mux(listed.bias, self.layer.inputs, reader.row)),
            ]
        with m.If(~self.en):
            m.d.sync += [place.eq(0), listed.valid.eq(0), masked.valid.eq(0)]
        return masked
