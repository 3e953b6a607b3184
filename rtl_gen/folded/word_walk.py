"""Walk over the words of all layers that fetches their credits, ahead of the walks over their rows."""

from amaranth.hdl import *
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.reverse import FoldedReverse
from ..contract.plan import LayerPlan, plan_of
from .by_layer import by_layer
from .field_walk import field_layout
from .ports import CreditPort
from .row_steps import word_layout

__all__ = ["Walk", "WordWalk", "walk_layout"]


class Walk(enum.Enum, shape=2):
    """What is done with a word."""

    LIST = 0            # the rows of a dense layer are walked
    FIELD = 1           # those of a place of a convolution, or of its whole grid
    WRITE = 2           # what was gathered of a word of filters is written


def walk_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a walk: its kind, its ``word``, and of a convolution its field."""
    grids = FoldedReverse(plan_of(block)).occupied is not None
    field = field_layout(block) if grids else data.StructLayout({"word": word_layout(block)})
    return data.StructLayout({"kind": Walk, "field": field})


class WordWalk(wiring.Component):
    """Goes through the words of all layers and has the rows walked of those with credit.

    Of a convolution the words of filters come outside and the places inside, so that what is gathered is of one word of
    filters; it is written behind the last place. At last the masks are forgotten: by the last word of a dense layer,
    and by a walk over the whole grid. Credits of a word are asked for while those of the one before are walked: the
    store has two halves.

    Parameters
    ----------
    block : BlockSpec
        A folded block.
    lanes : int
        Lanes of a word whose credits come in a cycle.

    Members
    -------
    start, learns : In(1), In(1)
        While idle: begin, and whether anything is learned; else masks are only forgotten.
    credits : Out(CreditPort)
        Where the credits of words are asked for; the window's steps are not said here.
    begin, half : Out(1), Out(1)
        Credits will come, for this half of the store, until others do.
    told : In(1)
        A lane of the word that was loaded was told something, which its thresholds learn from.
    released : In(1)
        The half of the word that was walked first may be filled again.
    o : Out(stream of walk_layout)
        What is to be walked, in order.
    idle : Out(1)
        All was said.
    """

    def __init__(self, block: BlockSpec, lanes: int) -> None:
        self.block = block
        self._plans = plan_of(block).layers
        self._sources = FoldedReverse(plan_of(block)).sources
        self._parts = -(-block.directives.lanes // lanes)
        super().__init__({
            "start": In(1),
            "learns": In(1),
            "credits": Out(CreditPort(block, lanes)),
            "begin": Out(1),
            "half": Out(1),
            "told": In(1),
            "released": In(1),
            "o": Out(stream.Signature(walk_layout(block))),
            "idle": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        credits, load = self.credits, self.credits.load
        self._layer, self._column = layer, column = (Signal.like(self.credits.word.p.layer),
                                                     Signal(index_bits(max(p.column_words for p in self._plans))))
        self._word, self._first_word = Signal.like(credits.word.p.word), Signal.like(credits.word.p.word)
        self._base = Signal.like(self.o.p.field.word.base)
        self._dense = by_layer(layer, [int(sources.listed) for sources in self._sources])
        self._column_last = column == by_layer(layer, [plan.column_words - 1 for plan in self._plans])
        learns, held, credited = Signal(), Signal(range(3)), Signal()
        takes = Signal()                                # a half of the store
        self._credited, self._takes = credited, takes
        self._place_last, self._to_place, to_first = self._places(m)
        m.d.comb += [
            credited.eq((credits.alive != 0) | self.told),
            credits.word.p.layer.eq(layer),
            credits.word.p.word.eq(self._word),
        ]
        m.d.sync += held.eq(held + takes - self.released)
        with m.If(takes):
            m.d.sync += self.half.eq(~self.half)

        with m.FSM() as fsm:
            with m.State("IDLE"):
                m.d.sync += [layer.eq(0), held.eq(0), self.half.eq(0), learns.eq(self.learns)]
                with m.If(self.start):
                    m.next = "LAYER"
            with m.State("LAYER"):
                m.d.sync += [
                    column.eq(0),
                    self._first_word.eq(by_layer(layer, [plan.word_base for plan in self._plans])),
                    self._base.eq(by_layer(layer, [plan.weight_base for plan in self._plans])),
                ]
                m.next = "COLUMN"
            with m.State("COLUMN"):
                m.d.comb += to_first.eq(1)
                m.d.sync += self._word.eq(self._first_word)
                with m.If(learns):
                    m.next = "ASK"
                with m.Else():
                    m.next = "FORGET"
            with m.State("ASK"):
                m.d.comb += credits.word.valid.eq(held != 2)
                with m.If(credits.word.valid & credits.word.ready):
                    m.d.comb += self.begin.eq(1)
                    m.next = "LOAD"
            with m.State("LOAD"):
                with m.If(load.valid & load.ends & (load.part == self._parts - 1)):
                    m.next = "FOUND"
            self._walk(m)
        m.d.comb += self.idle.eq(fsm.ongoing("IDLE"))
        return m

    def _walk(self, m: Module) -> None:
        """States in which something is walked: a word whose credits came, what was gathered, a grid to forget."""
        dense, column_last, credited = self._dense, self._column_last, self._credited
        with m.State("FOUND"):
            # The last word of a dense layer is walked at any rate: its walk forgets the masks.
            m.d.comb += self.o.valid.eq(credited | dense & column_last)
            self._say(m, Mux(dense, Walk.LIST, Walk.FIELD), credited=credited, clears=dense & column_last)
            with m.If(~self.o.valid | self.o.ready):
                m.d.comb += self._takes.eq(credited)
                with m.If(~self._place_last):
                    m.d.comb += self._to_place.eq(1)
                    m.next = "ASK"
                with m.Elif(~dense):
                    m.next = "WRITE"
                with m.Elif(~column_last):
                    self._next_column(m)
                with m.Else():
                    self._next_layer(m)
        with m.State("WRITE"):
            m.d.comb += self.o.valid.eq(1)
            self._say(m, Walk.WRITE)
            with m.If(self.o.ready):
                with m.If(column_last):
                    m.next = "FORGET"
                with m.Else():
                    self._next_column(m)
        with m.State("FORGET"):
            m.d.comb += self.o.valid.eq(1)
            self._say(m, Mux(dense, Walk.LIST, Walk.FIELD), clears=1, whole=True)
            with m.If(self.o.ready):
                self._next_layer(m)

    def _next_column(self, m: Module) -> None:
        m.d.sync += [self._column.eq(self._column + 1), self._first_word.eq(self._first_word + 1),
                     self._base.eq(self._base + by_layer(self._layer, [plan.rows for plan in self._plans]))]
        m.next = "COLUMN"

    def _next_layer(self, m: Module) -> None:
        m.d.sync += self._layer.eq(self._layer + 1)
        with m.If(self._layer == self.block.depth - 1):
            m.next = "IDLE"
        with m.Else():
            m.next = "LAYER"

    def _say(self, m: Module, kind: ValueLike, *, credited: ValueLike = 0, clears: ValueLike = 0,
             whole: bool = False) -> None:
        """What is walked now: of a convolution the field of a place, or the ``whole`` grid."""
        field, layer = self.o.p.field, self._layer
        m.d.comb += [
            self.o.p.kind.eq(kind),
            field.word.layer.eq(layer),
            field.word.base.eq(self._base),
            field.word.credited.eq(credited),
            field.word.half.eq(self.half),
            field.word.clears.eq(clears),
            field.word.gathers.eq(by_layer(layer, [int(not sources.listed) for sources in self._sources])),
        ]
        if self._grids:
            place = self._place
            m.d.comb += [
                field.y.eq(0 if whole else place.y),
                field.x.eq(0 if whole else place.x),
                field.pixel.eq(by_layer(layer, [sources.base for sources in self._sources]) if whole else place.pixel),
                field.source.eq(by_layer(layer, [plan.source_base for plan in self._plans]) if whole
                                else place.source),
            ]

    def _places(self, m: Module) -> tuple[Value, Signal, Signal]:
        """The place whose word is asked for: whether it is the last of its layer; on to the next, or to the first."""
        to_place, to_first = Signal(), Signal()
        self._grids = "y" in self.o.p.field.shape().members
        if not self._grids:
            return Const(1), to_place, to_first
        self._place = place = Signal(data.StructLayout({
            name: self.o.p.field.shape()[name].shape for name in ("y", "x", "pixel", "source")}))
        walks = [_places(plan, sources.parts, sources.base)
                 for plan, sources in zip(self._plans, self._sources, strict=True)]

        def constant(name: str) -> Value:
            return by_layer(self._layer, [walk[name] for walk in walks])

        row, column = (Signal(index_bits(max(walk[name] for walk in walks) + 1)) for name in ("rows", "columns"))
        row_last, column_last = row == constant("rows"), column == constant("columns")
        with m.If(to_first):
            m.d.sync += [row.eq(0), column.eq(0), place.y.eq(constant("corner")), place.x.eq(constant("corner")),
                         place.pixel.eq(constant("pixel")), place.source.eq(constant("source"))]
        with m.If(to_place):
            m.d.sync += [
                self._word.eq(self._word + constant("word_step")),
                column.eq(Mux(column_last, 0, column + 1)),
                row.eq(row + column_last),
                place.x.eq(Mux(column_last, constant("corner"), place.x + constant("stride"))),
                place.y.eq(place.y + Mux(column_last, constant("stride"), 0)),
                place.pixel.eq(place.pixel + Mux(column_last, constant("pixel_line"), constant("pixel_step"))),
                place.source.eq(place.source + Mux(column_last, constant("source_line"), constant("source_step"))),
            ]
        return row_last & column_last, to_place, to_first


def _places(plan: LayerPlan, parts: int, base: int) -> dict[str, int]:
    """What a walk over a convolution's places needs to know, by name; a dense layer has one place.

    ``rows`` and ``columns`` are one less than those of places there are.
    """
    grid = plan.layer.synapses
    if grid.kind != "conv":
        return dict.fromkeys(("rows", "columns", "corner", "pixel", "source", "word_step", "stride", "pixel_step",
                              "pixel_line", "source_step", "source_line"), 0)
    corner, stride = -grid.padding * (grid.width + 1), grid.stride
    line = stride * grid.width - (grid.out_width - 1) * stride      # from a line's last place to the next's first
    return {
        "rows": grid.out_height - 1, "columns": grid.out_width - 1, "corner": -grid.padding,
        "pixel": base + corner * parts, "source": plan.source_base + corner * grid.channels,
        "word_step": plan.column_words, "stride": stride, "pixel_step": stride * parts, "pixel_line": line * parts,
        "source_step": stride * grid.channels, "source_line": line * grid.channels}
