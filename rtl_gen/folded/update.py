"""Update of a folded block's weights: the walks of all its layers, and one pipeline into the weights."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..contract.block import BlockSpec
from ..contract.engines.folded.reverse import FoldedReverse
from ..contract.plan import plan_of
from ..ports import RATE_SHAPE, RandomKey, StoredCounts, WeightReader, WeightWriter
from .by_layer import by_layer
from .field_walk import FieldWalk
from .list_walk import ListWalk
from .ports import CreditPort
from .row_pipeline import RowPipeline
from .row_steps import RowSteps
from .window_ports import ListReader, MaskReader, PixelReader
from .word_walk import Walk, WordWalk

__all__ = ["FoldedUpdate"]


class FoldedUpdate(wiring.Component):
    """Updates the weights of all layers, one after another, from their credits and the active sources.

    A row's credits are summed over the positions at which it was active. Of a dense layer the sum is rounded and taken
    from the weights at once. Of a convolution it is gathered over the places first, and each row of a word of filters
    is rounded and written once, behind the last place.

    Computes :mod:`sim.reference.update` bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A folded block.
    layer_number : int
        The number in the network of its first layer, for the random words.
    lanes : int
        Lanes of a word whose credits come in a cycle.

    Members
    -------
    start, learns : In(1), In(1)
        While not ``busy``: begin, and whether anything is learned; else masks are only forgotten.
    steps : In
        Steps of the window, constant while ``busy``.
    busy : Out(1)
        Something is walked or on its way into the weights.
    forget : In(1)
        The lists are forgotten; all masks were.
    clearing : Out(1)
        What a reset left is being cleared: nothing may be begun.
    credits : Out(CreditPort)
        Where credits come from.
    masks, lists, pixels : Out(MaskReader), Out(ListReader), Out(PixelReader)
        The window buffer's reading sides; the latter of dense layers and of convolutions, where there are such.
    weight_reader : Out(WeightReader)
        The weight memory's reading side.
    host : In(WeightWriter)
        The host's new weights, while not ``busy``.
    writer : Out(WeightWriter)
        New weights, the host's one cycle later.
    key, rate : In(RandomKey), In
        Of the random words; and what is added to the rate shifts.
    counts : Out(StoredCounts)
        Increments of the counters.
    """

    def __init__(self, block: BlockSpec, layer_number: int, lanes: int) -> None:
        self.block, self.layer_number, self._load_lanes = block, layer_number, lanes
        self._plan = plan = plan_of(block)
        self._declared = declared = FoldedReverse(plan)
        super().__init__({
            "start": In(1),
            "learns": In(1),
            "steps": In(range(block.window + 1)),
            "busy": Out(1),
            "forget": In(1),
            "clearing": Out(1),
            "credits": Out(CreditPort(block, lanes)),
            "masks": Out(MaskReader(block)),
            **({"lists": Out(ListReader(block))} if declared.row_list else {}),
            **({"pixels": Out(PixelReader(block))} if declared.occupied else {}),
            "weight_reader": Out(WeightReader(block)),
            "host": In(WeightWriter(block)),
            "writer": Out(WeightWriter(block)),
            "key": In(RandomKey()),
            "rate": In(RATE_SHAPE),
            "counts": Out(StoredCounts(block.directives.lanes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.words = self._words = words = WordWalk(self.block, self._load_lanes)
        m.submodules.rows = self._rows = rows = RowSteps(self.block)
        self._walks_idle = Signal()
        m.submodules.pipeline = self._pipeline = pipeline = RowPipeline(self.block, self.layer_number, self._load_lanes)
        m.d.comb += [
            words.start.eq(self.start),
            words.learns.eq(self.learns),
            rows.restart.eq(self.start),
            rows.steps.eq(self.steps),
            self.credits.steps.eq(self.steps),
            pipeline.begin.eq(words.begin),
            pipeline.load_half.eq(words.half),
            words.told.eq(pipeline.told_any),
            pipeline.load.eq(self.credits.load),
            words.credits.load.eq(self.credits.load),
            words.credits.alive.eq(self.credits.alive),
            words.credits.word.ready.eq(self.credits.word.ready),
            self.credits.word.valid.eq(words.credits.word.valid),
            self.credits.word.p.eq(words.credits.word.p),
        ]
        wiring.connect(m, wiring.flipped(self.masks), rows.masks)
        for name in ("weight_reader", "host", "writer", "key", "counts"):
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(pipeline, name))
        # A word's last step is some cycles on its way before its half of the store is not read any more.
        released = Signal(pipeline.reads_until)
        m.d.sync += released.eq(Cat(rows.released, released))
        m.d.comb += [
            words.released.eq(released[-1]),
            pipeline.rate.eq(self.rate),
            self.clearing.eq(pipeline.clearing),
            self.busy.eq(~words.idle | ~self._walks_idle | ~pipeline.empty | released.any()),
        ]
        self._walk(m)
        if self._declared.deltas:
            self._write_gathered(m)
        return m

    def _walk(self, m: Module) -> None:
        """The words' walks, in their order."""
        walk, rows, walks = self._words.o, self._rows, []
        if self._declared.row_list:
            m.submodules.list = lists = ListWalk(self.block)
            wiring.connect(m, wiring.flipped(self.lists), lists.lists)
            m.d.comb += [lists.forget.eq(self.forget), lists.i.p.eq(walk.p.field.word)]
            walks.append((lists, Walk.LIST))
        if self._declared.occupied:
            m.submodules.field = fields = FieldWalk(self.block)
            wiring.connect(m, wiring.flipped(self.pixels), fields.pixels)
            m.d.comb += fields.i.p.eq(walk.p.field)
            walks.append((fields, Walk.FIELD))
        for number, (one, kind) in enumerate(walks):
            others = [other.idle for other, _ in walks if other is not one]
            m.d.comb += one.i.valid.eq(walk.valid & (walk.p.kind == kind) & Cat(others).all())
            with m.If(walk.p.kind == kind):
                m.d.comb += walk.ready.eq(one.i.ready & Cat(others).all())
            with m.If(one.o.valid if number else 1):
                m.d.comb += rows.i.p.eq(one.o.p)
            m.d.comb += one.o.ready.eq(rows.i.ready)
        m.d.comb += [
            rows.i.valid.eq(Cat(one.o.valid for one, _ in walks).any()),
            self._walks_idle.eq(Cat(one.idle for one, _ in walks).all() & rows.idle),
            self._pipeline.step.eq(rows.step),
        ]

    def _write_gathered(self, m: Module) -> None:
        """Row after row of a word of filters, once all of it was gathered."""
        walk, step = self._words.o, self._pipeline.step
        row, last, writes, word = Signal.like(step.row), Signal(), Signal(), walk.p.field.word
        m.d.comb += [
            writes.eq(walk.valid & (walk.p.kind == Walk.WRITE) & self._walks_idle & self._pipeline.gathered),
            last.eq(row == by_layer(word.layer, [plan.rows - 1 for plan in self._plan.layers])),
        ]
        with m.If(walk.p.kind == Walk.WRITE):
            m.d.comb += walk.ready.eq(writes & last)
        with m.If(writes):
            m.d.comb += [step.valid.eq(1), step.writes.eq(1), step.last.eq(1), step.row.eq(row), step.word.eq(word),
                         step.word.gathers.eq(0)]
            m.d.sync += row.eq(Mux(last, 0, row + 1))
