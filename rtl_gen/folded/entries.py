"""Entries of the folded forward engine: of what is walked, the words of weights and of neurons."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.division import GridDivisions
from ..contract.engines.folded.forward import FoldedForward
from ..contract.plan import plan_of
from ..coordinates import Coordinates
from .by_layer import by_layer
from .layouts import entry_layout
from .taps import TapWalk

__all__ = ["FoldedEntries", "item_layout", "pixels_and_channels"]


def item_layout(block: BlockSpec) -> data.StructLayout:
    """Layout of an item of a walk: an event of a convolution, which is ``tapped``, or what weighs on a word.

    ``source`` is the event's, where it is one. Of a word the ``first`` item begins a sum and the last ``closes`` it.
    ``touches`` with the one item that marks an event; ``word`` counts from the layer's own first, and ``base`` is the
    address of its row 0.
    """
    plan = plan_of(block)
    engine = FoldedForward(plan)
    return data.StructLayout({
        "tapped": 1, "event": 1, "bias": 1, "threshold": 1, "first": 1, "closes": 1, "touches": 1,
        "place_ends": 1, "layer_ends": 1, "word": index_bits(max(layer.words for layer in plan.layers)),
        "base": index_bits(engine.weight_words), "source": engine.events.width,
    })


def pixels_and_channels(block: BlockSpec) -> tuple[int, int]:
    """Bits of a pixel and of a channel, of the grids that convolutions read."""
    grids = [layer.synapses for layer in block.layers if layer.synapses.kind == "conv"]
    return (index_bits(max([1, *(grid.height * grid.width for grid in grids)])),
            index_bits(max([1, *(grid.channels for grid in grids)])))


class FoldedEntries(wiring.Component):
    """Makes the pipeline's entries: of an item that weighs on a word one, of a convolution's event its taps.

    An entry a cycle. Items of words wait until the taps of all events before them have left.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    i : In(stream of item_layout)
        Items.
    o : Out(stream of entry_layout)
        Entries.
    layer : In
        Whose they are; constant until ``empty``.
    touch_en, touch_source, touch_pixel, touch_channel : Out
        An event is marked, once: as its taps begin, or with the layer's first word.
    empty : Out(1)
        Nothing is inside.
    """

    def __init__(self, block: BlockSpec) -> None:
        self._plan = plan = plan_of(block)
        self._convs = {number: layer for number, layer in enumerate(plan.layers) if layer.layer.synapses.kind == "conv"}
        pixel, channel = pixels_and_channels(block)
        super().__init__({
            "i": In(stream.Signature(item_layout(block))),
            "o": Out(stream.Signature(entry_layout(block))),
            "layer": In(index_bits(block.depth)),
            "touch_en": Out(1), "touch_source": Out(FoldedForward(plan).events.width), "touch_pixel": Out(pixel),
            "touch_channel": Out(channel),
            "empty": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layers, item, o = self._plan.layers, self.i.p, self.o
        self._tapping = Signal()                        # taps of events are on their way
        free = Signal()
        m.d.comb += [
            free.eq(~o.valid | o.ready),
            self.i.ready.eq(free & ~self._tapping),
            self.empty.eq(~o.valid & ~self._tapping),
        ]
        dense = self.i.valid & ~item.tapped
        # An event is marked with the layer's first word, where it has no taps.
        m.d.comb += [
            self.touch_en.eq(dense & item.touches & self.i.ready),
            self.touch_source.eq(item.source),
        ]
        row = Signal(range(max(layer.rows for layer in layers) + 1))
        heads = [self._of(values) for values in ([layer.rows - 1 for layer in layers],
                                                 [layer.layer.event_rows for layer in layers])]
        m.d.comb += row.eq(Mux(item.event, item.source, Mux(item.bias, *heads)))
        convs = self._of([int(number in self._convs) for number in range(len(layers))])
        with m.If(free):
            m.d.sync += [
                o.valid.eq(dense & ~self._tapping), o.p.event.eq(item.event), o.p.bias.eq(item.bias),
                o.p.threshold.eq(item.threshold), o.p.fresh.eq(item.first & ~convs), o.p.loaded.eq(item.first & convs),
                o.p.stored.eq(item.closes & convs), o.p.closes.eq(item.closes), o.p.place_ends.eq(item.place_ends),
                o.p.layer_ends.eq(item.layer_ends), o.p.current.eq(item.word),
                o.p.word.eq(item.word + self._of([layer.word_base for layer in layers])),
                o.p.address.eq(item.base + row),
            ]
        if self._convs:
            self._tap(m, free)
        return m

    def _of(self, values: list[int]) -> Value:
        return by_layer(self.layer, values)

    def _tap(self, m: Module, free: Signal) -> None:
        """Events of convolutions, taken apart, to their taps."""
        m.submodules.taps = taps = TapWalk(self._plan)
        inside = Signal(range(64))                      # events between item and last tap
        enters, leaves = Signal(), Signal()
        for number, layer in self._convs.items():
            grid = layer.layer.synapses
            apart = Coordinates(GridDivisions(grid.height, grid.width, grid.channels))
            assert apart.latency + TapWalk.LATENCY < 60
            m.submodules[f"coordinates{number}"] = apart
            m.d.comb += [
                apart.i.valid.eq(self.i.valid & self.i.p.tapped & (self.layer == number)),
                apart.i.p.index.eq(self.i.p.source),
                apart.o.ready.eq(taps.i.ready),
            ]
            with m.If(self.layer == number):
                with m.If(self.i.p.tapped):
                    m.d.comb += self.i.ready.eq(apart.i.ready)
                m.d.comb += [
                    taps.i.valid.eq(apart.o.valid), taps.i.p.layer.eq(number), taps.i.p.y.eq(apart.o.p.y),
                    taps.i.p.x.eq(apart.o.p.x), taps.i.p.c.eq(apart.o.p.c),
                    self.touch_en.eq(apart.o.valid & taps.i.ready),
                    self.touch_source.eq(apart.o.p.index),
                    self.touch_pixel.eq(apart.o.p.y * grid.width + apart.o.p.x),
                    self.touch_channel.eq(apart.o.p.c),
                ]
        m.d.comb += [
            taps.o.ready.eq(free),
            enters.eq(self.i.valid & self.i.ready & self.i.p.tapped),
            leaves.eq(taps.o.valid & taps.o.ready & taps.o.p.last),
            self._tapping.eq(inside != 0),
        ]
        m.d.sync += inside.eq(inside + enters - leaves)
        with m.If(free & taps.o.valid):
            m.d.sync += [
                self.o.valid.eq(~taps.o.p.empty), self.o.p.event.eq(1), self.o.p.bias.eq(0),
                self.o.p.threshold.eq(0), self.o.p.fresh.eq(0), self.o.p.loaded.eq(1), self.o.p.stored.eq(1),
                self.o.p.closes.eq(0), self.o.p.place_ends.eq(taps.o.p.place_ends),
                self.o.p.current.eq(taps.o.p.word), self.o.p.address.eq(taps.o.p.address),
            ]
