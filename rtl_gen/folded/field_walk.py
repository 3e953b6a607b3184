"""Walk over the active inputs of a convolution's field, for one place of its kernel and one word of its filters."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.reverse import FoldedReverse
from ..contract.plan import LayerPlan, plan_of
from .by_layer import by_layer
from .heads import Heads
from .row_steps import lowest_bit, row_layout, word_layout
from .window_ports import PixelReader

__all__ = ["FieldWalk", "field_layout"]


def field_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of a field: that of a ``word`` of filters whose kernel lies with its corner at row ``y``, column ``x``.

    The corner may lie beyond the grid. ``pixel`` and ``source`` are its place among the words of the pixels and among
    the sources, were there such, and wrap around. A word that clears has the whole grid for its field.
    """
    sides = [max(layer.synapses.height, layer.synapses.width) + layer.synapses.padding + 1
             for layer in block.layers if layer.synapses.kind == "conv"]
    declared = FoldedReverse(plan_of(block))
    side = signed(1 + max(sides).bit_length())
    return data.StructLayout({"word": word_layout(block), "y": side, "x": side,
                              "pixel": index_bits(declared.occupied.depth),
                              "source": index_bits(declared.all_sources)})


class FieldWalk(wiring.Component):
    """Makes rows of a field: what opens it, thresholds and bias where the word has credit, and its active inputs.

    Pixel by pixel within the grid, channel by channel: a row a cycle, and a cycle for a word of channels of which none
    is active. The pixels of a word that clears are forgotten.

    Parameters
    ----------
    block : BlockSpec
        A folded block with a convolution.

    Members
    -------
    i : In(stream of field_layout)
        Fields.
    pixels : Out(PixelReader)
        The window buffer's pixels.
    o : Out(stream of row_layout)
        Their rows.
    idle : Out(1)
        No field is inside, whatever comes.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self._plans = plan_of(block).layers
        self._sources = FoldedReverse(plan_of(block)).sources
        super().__init__({
            "i": In(stream.Signature(field_layout(block))),
            "pixels": Out(PixelReader(block)),
            "o": Out(stream.Signature(row_layout(block))),
            "idle": Out(1),
        })

    def _constant(self, layer: Value, of: str) -> Value:
        """A number of the layer's grid; 0 of a dense layer."""
        return by_layer(layer, [_numbers(plan, sources.parts, self.pixels.channels.shape().width)[of]
                                for plan, sources in zip(self._plans, self._sources, strict=True)])

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # What a place of a walk is: of a pixel its word, its first source, and its first row.
        where = data.StructLayout({"pixel": self.pixels.address.shape(), "source": self.o.p.source.shape(),
                                   "row": self.o.p.row.shape()})
        begun, taken = self._begin(m, where)
        coming, advance = self._pixels(m, where, begun, taken)
        self._channels(m, coming, advance)
        m.d.comb += self.idle.eq(~(self._prepares | begun.valid | coming.valid | self._works))
        return m

    def _begin(self, m: Module, where: data.StructLayout) -> tuple[Signal, Signal]:
        """The first pixel of a field within the grid, two cycles after the field came, and whether there is one."""
        side = self.i.p.x.shape()
        bounds = data.StructLayout({"first": side, "last": side})
        field = Signal(data.StructLayout({"p": field_layout(self.block), "down": bounds, "across": bounds}))
        begun = Signal(data.StructLayout({"valid": 1, "p": field_layout(self.block), "down": bounds, "across": bounds,
                                          "empty": 1, "start": where}))
        prepares, taken = Signal(), Signal()
        self._prepares = prepares
        moves = ~begun.valid | taken
        m.d.comb += self.i.ready.eq(~prepares | moves)
        layer, word = self.i.p.word.layer, self.i.p.word
        with m.If(self.i.ready):
            m.d.sync += [prepares.eq(self.i.valid), field.p.eq(self.i.p)]
            for name, corner, length in (("down", self.i.p.y, "height"), ("across", self.i.p.x, "width")):
                side_length, kernel = self._constant(layer, length), self._constant(layer, "kernel")
                m.d.sync += [
                    field[name].first.eq(Mux(word.clears | (corner >= 0), 0, -corner)),
                    field[name].last.eq(Mux(word.clears | (corner + kernel > side_length), side_length - corner,
                                            kernel) - 1),
                ]
        layer, down, across = field.p.word.layer, field.down.first, field.across.first
        with m.If(moves):
            m.d.sync += [
                begun.valid.eq(prepares), begun.p.eq(field.p), begun.down.eq(field.down), begun.across.eq(field.across),
                begun.empty.eq((field.down.first > field.down.last) | (field.across.first > field.across.last)),
                begun.start.pixel.eq(field.p.pixel + self._times(layer, down, "pixel_line")
                                     + self._times(layer, across, "pixel_step")),
                begun.start.source.eq(field.p.source + self._times(layer, down, "source_line")
                                      + self._times(layer, across, "source_step")),
                begun.start.row.eq(self._times(layer, down, "row_line") + self._times(layer, across, "row_step")),
            ]
        return begun, taken

    def _times(self, layer: Value, number: Value, of: str) -> Value:
        """A constant of the layer times a number of lines or columns beyond the border: as many as the padding."""
        padding = max(plan.layer.synapses.padding for plan in self._plans if plan.layer.synapses.kind == "conv")
        constant = self._constant(layer, of)
        return Array(constant * count for count in range(padding + 1))[number.as_unsigned()]

    def _pixels(self, m: Module, where: data.StructLayout, begun: Signal, taken: Signal) -> tuple[Signal, Signal]:
        """What opens a field, thresholds, bias, and the words of its pixels, which are read."""
        at, line = Signal(where), Signal(where)         # the word that is read now; the first of its line
        y, x = Signal.like(begun.down.last), Signal.like(begun.across.last)
        layer, word = begun.p.word.layer, begun.p.word
        self._heads = heads = Heads(m, self.block, word)
        parts = max(sources.parts for sources in self._sources)
        part = Signal(index_bits(parts))
        part_ends, line_ends, ends, advance = Signal(), Signal(), Signal(), Signal()
        coming = Signal(data.StructLayout({"valid": 1, **heads.fields, "at": where,
                                           "word": word_layout(self.block)}))
        m.d.comb += [
            part_ends.eq(part == self._constant(layer, "last_part")),
            line_ends.eq(part_ends & (x == begun.across.last)),
            ends.eq(Mux(heads.any, heads.last & begun.empty, line_ends & (y == begun.down.last))),
            taken.eq(advance & ends),
            self.pixels.address.eq(at.pixel),
            self.pixels.en.eq(advance),
        ]
        with m.If(advance):
            m.d.sync += [coming.valid.eq(begun.valid), coming.at.eq(at), coming.word.eq(word), *heads.pass_on(coming)]
        with m.If(advance & begun.valid):
            m.d.sync += heads.move(ends)
            with m.If(heads.opens):
                m.d.sync += [at.eq(begun.start), line.eq(begun.start), y.eq(begun.down.first),
                             x.eq(begun.across.first), part.eq(0)]
            with m.Elif(~heads.any):
                m.d.sync += part.eq(Mux(part_ends, 0, part + 1))
                with m.If(line_ends):
                    m.d.sync += [x.eq(begun.across.first), y.eq(y + 1)]
                    for name in ("pixel", "source", "row"):
                        following = line[name] + self._constant(layer, f"{name}_line")
                        m.d.sync += [at[name].eq(following), line[name].eq(following)]
                with m.Else():
                    m.d.sync += x.eq(x + part_ends)
                    for name in ("pixel", "source", "row"):
                        m.d.sync += at[name].eq(at[name] + Mux(part_ends, self._constant(layer, f"{name}_last"),
                                                               self._constant(layer, f"{name}_part")))
        return coming, advance

    def _channels(self, m: Module, coming: Signal, advance: Signal) -> None:
        """A word's active channels, lowest first."""
        row, now, left = self.o.p, Signal.like(coming, name="now"), Signal.like(self.pixels.channels)
        self._works = works = Signal()
        heads, reads = self._heads, works & ~self._heads.any_of(now)
        rest, channel = lowest_bit(left)
        m.d.comb += [
            works.eq(now.valid),
            self.o.valid.eq(works & (~reads | (left != 0))),
            advance.eq(~works | ((rest == 0) | ~reads) & (self.o.ready | ~self.o.valid)),
            *heads.pass_to(row, now),
            row.source.eq(now.at.source + channel),
            row.row.eq(heads.row_of(now, now.at.row + channel)),
            row.word.eq(now.word),
            self.pixels.clear_en.eq(reads & advance & now.word.clears),
            self.pixels.clear_address.eq(now.at.pixel),
        ]
        with m.If(advance):
            m.d.sync += [now.eq(coming), left.eq(self.pixels.channels)]
        with m.Elif(self.o.ready):
            m.d.sync += left.eq(rest)


def _numbers(plan: LayerPlan, parts: int, channels: int) -> dict[str, int]:
    """What a walk over a convolution's grid needs to know, by name; of a dense layer zeros.

    From a pixel, or a part of its channels, to the next the word, the source and the row grow by a number each; so they
    do from one line of the field to the next. ``channels`` is how many bits a word has.
    """
    names = ("pixel_step", "pixel_line", "pixel_part", "pixel_last", "source_step", "source_line", "source_part",
             "source_last", "row_step", "row_line", "row_part", "row_last", "height", "width", "kernel", "last_part")
    grid = plan.layer.synapses
    if grid.kind != "conv":
        return dict.fromkeys(names, 0)
    last = -(-grid.channels // channels) - 1            # parts before the last
    return {
        "pixel_step": parts, "pixel_line": grid.width * parts, "pixel_part": 1, "pixel_last": parts - last,
        "source_step": grid.channels, "source_line": grid.width * grid.channels, "source_part": channels,
        "source_last": grid.channels - last * channels, "row_step": grid.channels,
        "row_line": grid.kernel * grid.channels, "row_part": channels, "row_last": grid.channels - last * channels,
        "height": grid.height, "width": grid.width, "kernel": grid.kernel, "last_part": last}
