"""Walk of the folded forward engine: which layer, which event, which weights; what starts, aborts and windows do."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.division import GridDivisions
from ..contract.engines.folded.forward import FoldedForward
from ..contract.plan import plan_of
from ..coordinates import Coordinates
from ..forward_layouts import window_end_layout
from ..token import TokenKind
from .by_layer import by_layer
from .layouts import entry_layout, step_layout
from .lists import ListReader
from .taps import TapWalk

__all__ = ["FoldedWalk"]


class FoldedWalk(wiring.Component):
    """Goes through the layers of step after step, an entry a cycle.

    A dense layer: words of neurons outside, and inside what weighs on all of a word: thresholds, bias, the step's
    events. A convolution: its events outside and their taps inside; then all words, each with thresholds and bias. A
    layer begins when the one before it has left the pipeline, and waits where an event has not come to its list.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    step : In(stream of step_layout)
        What to do next; taken when all of it has left the pipeline.
    reader : Out(ListReader)
        The lists.
    o : Out(stream of entry_layout)
        Entries.
    pipeline_empty : In(1)
        None of them is on its way.
    push : Out(1)
        A START or ABORT, the ``step`` that waits, goes to where spikes go; only while ``room``.
    room : In(1)
        There is room for it.
    layer, position, first_step, record, last : Out
        Of the step that is computed: the layer, its place in the window, whether it is the sample's first or last, and
        whether its window is recorded.
    touch_en, touch_source, touch_pixel, touch_channel : Out
        As :class:`~rtl_gen.folded.ports.FoldedRecorder` has them, with the source of the layer; of every step.
    window_end : Out(stream of window_end_layout)
        A recorded window is over, and all of it is written.
    window_done : In(1)
        It was dealt with: the next step may start.
    hold : In(1)
        No step may start yet.
    off : In(1)
        No window of the sample is recorded; constant while one is inside.
    idle : Out(1)
        Nothing is inside.
    stalled : Out(1)
        A layer waits.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self.plan = plan = plan_of(block)
        self._engine = FoldedForward(plan)
        self._convs = {number: layer for number, layer in enumerate(plan.layers) if layer.layer.synapses.kind == "conv"}
        grids = [layer.layer.synapses for layer in self._convs.values()]
        super().__init__({
            "step": In(stream.Signature(step_layout(block))),
            "reader": Out(ListReader(block)),
            "o": Out(stream.Signature(entry_layout(block))),
            "pipeline_empty": In(1),
            "push": Out(1),
            "room": In(1),
            "layer": Out(index_bits(block.depth)),
            "position": Out(index_bits(block.window)),
            "first_step": Out(1),
            "record": Out(1),
            "last": Out(1),
            "touch_en": Out(1),
            "touch_source": Out(self._engine.events.width),
            "touch_pixel": Out(index_bits(max([1, *(grid.height * grid.width for grid in grids)]))),
            "touch_channel": Out(index_bits(max([1, *(grid.channels for grid in grids)]))),
            "window_end": Out(stream.Signature(window_end_layout(block))),
            "window_done": In(1),
            "hold": In(1),
            "off": In(1),
            "idle": Out(1),
            "stalled": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._learn, self._windows = Signal(), Signal(range(self.block.update_interval))
        self._over, self._busy = Signal(), Signal()     # a recorded window is over, and handed on
        self._items_empty = Signal()
        item = self._items(m)
        self._entries(m, item)
        self._control(m)
        return m

    def _of(self, values: list[int]) -> Value:
        return by_layer(self.layer, values)

    def _control(self, m: Module) -> None:
        """Which step, which layer, and which part of it."""
        step, reader, depth = self.step, self.reader, self.block.depth
        drained, free = Signal(), Signal()
        m.d.comb += [
            drained.eq(self._items_empty & ~self.o.valid & self.pipeline_empty),
            free.eq(~self._over & ~self._busy & ~self.hold),
            reader.list.layer.eq(self.layer),
            reader.list.bank.eq(step.p.bank),
            self.last.eq(step.p.last),
            self.window_end.valid.eq(self._over),
        ]
        with m.If(self.window_end.valid & self.window_end.ready):
            m.d.sync += [self._over.eq(0), self._busy.eq(1)]
        with m.If(self.window_done):
            m.d.sync += self._busy.eq(0)
        convs = self._of([int(number in self._convs) for number in range(depth)])
        discarded = Signal()
        with m.FSM() as fsm:
            with m.State("WAIT"):
                with m.If(step.valid & free):
                    with m.Switch(step.p.kind):
                        with m.Case(TokenKind.START):
                            m.d.comb += [self.push.eq(self.room), step.ready.eq(self.room)]
                            with m.If(self.room):
                                self._start_sample(m)
                        with m.Case(TokenKind.STEP):
                            m.d.comb += self.stalled.eq(~reader.settled)
                            with m.If(reader.settled):
                                m.next = "BEGIN"
                        with m.Case(TokenKind.ABORT):
                            with m.If(~discarded):
                                m.d.sync += discarded.eq(1)
                                self._discard_window(m)
                            with m.Elif(reader.settled):
                                m.d.comb += [self.push.eq(self.room), step.ready.eq(self.room)]
                                with m.If(self.room):
                                    m.d.comb += [reader.taken.eq(1), reader.forget.eq(1)]
                                    m.d.sync += discarded.eq(0)
                with m.Else():
                    m.d.comb += self.stalled.eq(step.valid)
            with m.State("BEGIN"):
                m.d.comb += reader.begins.eq(1)
                m.d.sync += [self._word_part.eq(0), self._entry.eq(0), self._word.eq(0),
                             self._base.eq(self._of([plan.weight_base for plan in self.plan.layers]))]
                m.next = "WORDS"
                with m.If(convs):
                    m.next = "EVENTS"
            with m.State("EVENTS"):
                there = self._entry < self._count
                m.d.comb += [self._walks_events.eq(there), self.stalled.eq(~there & ~self._complete)]
                with m.If(self._moves & there):
                    m.d.sync += self._entry.eq(self._entry + 1)
                with m.If(self._complete & (~there | (self._moves & (self._entry + 1 == self._count)))):
                    m.d.sync += self._entry.eq(0)
                    m.next = "WORDS"
            with m.State("WORDS"):
                # Whether an entry closes is known with the one behind it.
                known = self._complete | ~self._closes
                m.d.comb += [self._walks_words.eq(known), self.stalled.eq(~known)]
                with m.If(self._moves & known):
                    self._next_entry(m)
                    with m.If(self._closes & self._layer_ends):
                        m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(drained):
                    m.d.comb += reader.taken.eq(1)
                    m.next = "BEGIN"
                    with m.If(self.layer == depth - 1):
                        m.d.comb += step.ready.eq(1)
                        m.d.sync += self.layer.eq(0)
                        self._close_step(m)
                        m.next = "WAIT"
                    with m.Else():
                        m.d.sync += self.layer.eq(self.layer + 1)
            m.d.comb += self.idle.eq(fsm.ongoing("WAIT") & ~step.valid & free)

    # Windows: one place counts them.

    def _start_sample(self, m: Module) -> None:
        begins = Signal()
        if self.block.directives.learns:
            m.d.comb += begins.eq(self.step.p.value[index_bits(self.block.readout.classes)] & ~self.off)
        m.d.sync += [
            self._learn.eq(begins), self.first_step.eq(1), self.position.eq(0), self._windows.eq(0),
            self.record.eq(begins & (self.block.update_interval == 1)),
        ]

    def _close_step(self, m: Module) -> None:
        block, position, windows = self.block, self.position, self._windows
        ends = (position == block.window - 1) | self.step.p.last
        next_windows = Mux(windows == block.update_interval - 1, 0, windows + 1)
        m.d.sync += [self.first_step.eq(0), position.eq(Mux(ends, 0, position + 1))]
        with m.If(ends):
            m.d.sync += [
                windows.eq(next_windows),
                self.record.eq(self._learn & (next_windows == block.update_interval - 1)),
                self._over.eq(self.record),
                self.window_end.p.steps.eq(position + 1),
                self.window_end.p.discard.eq(position < block.window - block.loss_steps),
            ]

    def _discard_window(self, m: Module) -> None:
        with m.If(self.record & (self.position != 0)):
            m.d.sync += [self._over.eq(1), self.window_end.p.steps.eq(self.position),
                         self.window_end.p.discard.eq(1)]

    # Items: an event of a convolution, or what weighs on a word; the list's event comes with it two stages later.

    def _items(self, m: Module) -> Signal:
        """Counters, and the two stages in which an event is read; gives what leaves them."""
        engine, layers = self._engine, self.plan.layers
        most = max(engine.list_capacity(number) for number in range(self.block.depth))
        self._moves, self._walks_events, self._walks_words = Signal(), Signal(), Signal()
        self._closes, self._layer_ends, self._place_ends = Signal(), Signal(), Signal()
        self._count, self._entry = Signal(range(most + 1)), Signal(range(most + 3))
        self._complete = Signal()                       # the count is the step's
        m.d.sync += [self._count.eq(self.reader.count), self._complete.eq(self.reader.complete)]
        self._word, self._word_part = (Signal(range(max(layer.words for layer in layers) + 1), name=name)
                                       for name in ("word", "word_part"))
        self._base = Signal(range(engine.weight_words + max(layer.rows for layer in layers)))
        item = data.StructLayout({
            "tapped": 1, "event": 1, "bias": 1, "threshold": 1, "first": 1, "closes": 1, "touches": 1,
            "place_ends": 1, "layer_ends": 1, "word": self._word.shape(), "base": index_bits(engine.weight_words)})
        convs = self._of([int(number in self._convs) for number in range(len(layers))])
        thresholds = self._of([int(layer.layer.neuron.threshold_shift is not None) for layer in layers])
        biases = self._of([int(layer.layer.weights.bias) for layer in layers])
        heads, count = Signal(range(3)), Signal.like(self._count)
        m.d.comb += [
            heads.eq(thresholds + biases),
            count.eq(Mux(convs, 0, self._count)),       # a convolution's events are all walked before its words
            self._closes.eq(self._entry + 1 >= heads + count),
            self._place_ends.eq(self._word_part == self._of([layer.column_words - 1 for layer in layers])),
            self._layer_ends.eq(self._word == self._of([layer.words - 1 for layer in layers])),
        ]
        made, fetched, read = Signal(item), Signal(item), Signal(item)
        made_valid, fetched_valid = self._walks_events | self._walks_words, Signal()
        self._read_valid, source = Signal(), Signal(engine.events.width)
        event = (self._entry >= heads) & (count != 0)
        m.d.comb += [
            made.tapped.eq(self._walks_events),
            made.event.eq(self._walks_events | event),
            made.threshold.eq(self._walks_words & (self._entry == 0) & thresholds),
            made.bias.eq(self._walks_words & (self._entry == thresholds) & biases),
            made.first.eq(self._entry == 0),
            made.closes.eq(self._closes),
            made.touches.eq(self._walks_events | (event & (self._word == 0))),
            made.place_ends.eq(self._place_ends),
            made.layer_ends.eq(self._layer_ends),
            made.word.eq(self._word),
            made.base.eq(self._base),
            self.reader.position.eq(Mux(self._walks_events, self._entry, self._entry - heads)),
            self.reader.en.eq(self._moves),
        ]
        with m.If(self._moves):
            m.d.sync += [
                fetched_valid.eq(made_valid), fetched.eq(made),
                self._read_valid.eq(fetched_valid), read.eq(fetched), source.eq(self.reader.source),
            ]
        self._source = source
        self._fetched_valid = fetched_valid
        return read

    def _next_entry(self, m: Module) -> None:
        """From entry to entry, from word to word."""
        layers = self.plan.layers
        m.d.sync += self._entry.eq(self._entry + 1)
        with m.If(self._closes):
            m.d.sync += [self._entry.eq(0), self._word.eq(self._word + 1), self._word_part.eq(self._word_part + 1),
                         self._base.eq(self._base + self._of([layer.rows for layer in layers]))]
            with m.If(self._place_ends):
                m.d.sync += [self._word_part.eq(0), self._base.eq(self._of([layer.weight_base for layer in layers]))]

    # Entries: of words as they come, of events what their taps are.

    def _entries(self, m: Module, item: Signal) -> None:
        """The register before the pipeline: from a word's item, or from a tap of the events before it."""
        layers, o = self.plan.layers, self.o
        free, leaves = Signal(), Signal()
        tapping, tapped, taken = self._tap(m, item)
        m.d.comb += [
            free.eq(~o.valid | o.ready),
            leaves.eq(Mux(item.tapped, taken, free & ~tapping)),
            self._moves.eq(~self._read_valid | leaves),
            self._items_empty.eq(~self._read_valid & ~self._fetched_valid & ~tapping),
        ]
        row = Signal(range(max(layer.rows for layer in layers) + 1))
        rows = [self._of(values) for values in ([layer.rows - 1 for layer in layers],
                                                [layer.layer.event_rows for layer in layers])]
        m.d.comb += row.eq(Mux(item.event, self._source, Mux(item.bias, *rows)))
        convs = self._of([int(number in self._convs) for number in range(len(layers))])
        bases = self._of([layer.word_base for layer in layers])
        with m.If(free):
            m.d.sync += o.valid.eq(0)
            with m.If(self._read_valid & ~item.tapped & ~tapping):
                m.d.sync += [
                    o.valid.eq(1), o.p.event.eq(item.event), o.p.bias.eq(item.bias),
                    o.p.threshold.eq(item.threshold), o.p.fresh.eq(item.first & ~convs),
                    o.p.loaded.eq(item.first & convs), o.p.stored.eq(item.closes & convs), o.p.closes.eq(item.closes),
                    o.p.place_ends.eq(item.place_ends), o.p.layer_ends.eq(item.layer_ends),
                    o.p.current.eq(item.word), o.p.word.eq(bases + item.word), o.p.address.eq(item.base + row),
                ]
            if tapped is not None:
                with m.If(tapped.valid):
                    m.d.sync += [
                        o.valid.eq(~tapped.p.empty), o.p.event.eq(1), o.p.bias.eq(0), o.p.threshold.eq(0),
                        o.p.fresh.eq(0), o.p.loaded.eq(1), o.p.stored.eq(1), o.p.closes.eq(0),
                        o.p.place_ends.eq(tapped.p.place_ends), o.p.current.eq(tapped.p.word),
                        o.p.address.eq(tapped.p.address),
                    ]
                m.d.comb += tapped.ready.eq(1)
        # An event is marked once: as its taps begin, or with the layer's first word.
        dense = self._read_valid & ~item.tapped & item.touches & leaves
        with m.If(dense):
            m.d.comb += [self.touch_en.eq(1), self.touch_source.eq(self._source)]

    def _tap(self, m: Module, item: Signal) -> tuple[Value, stream.Interface | None, Value]:
        """Events of convolutions on their way: whether any are, their taps, and whether one is taken in."""
        if not self._convs:
            return Const(0), None, Const(0)
        m.submodules.taps = taps = TapWalk(self.plan)
        inside = Signal(range(64))                      # events between item and last tap
        enters, leaves, taken = Signal(), Signal(), Signal()
        apart = []
        for number, layer in self._convs.items():
            grid = layer.layer.synapses
            made = Coordinates(GridDivisions(grid.height, grid.width, grid.channels))
            m.submodules[f"coordinates{number}"] = made
            m.d.comb += [
                made.i.valid.eq(self._read_valid & item.tapped & (self.layer == number)),
                made.i.p.index.eq(self._source),
                made.o.ready.eq(taps.i.ready),
            ]
            with m.If(self.layer == number):
                m.d.comb += [
                    taken.eq(made.i.ready),
                    taps.i.valid.eq(made.o.valid), taps.i.p.layer.eq(number), taps.i.p.y.eq(made.o.p.y),
                    taps.i.p.x.eq(made.o.p.x), taps.i.p.c.eq(made.o.p.c),
                    self.touch_en.eq(made.o.valid & taps.i.ready),
                    self.touch_source.eq(made.o.p.index),
                    self.touch_pixel.eq(made.o.p.y * grid.width + made.o.p.x),
                    self.touch_channel.eq(made.o.p.c),
                ]
            apart.append(made)
        assert max(made.latency for made in apart) + TapWalk.LATENCY < 60
        m.d.comb += [
            enters.eq(self._read_valid & item.tapped & taken),
            leaves.eq(taps.o.valid & taps.o.ready & taps.o.p.last),
        ]
        m.d.sync += inside.eq(inside + enters - leaves)
        return inside != 0, taps.o, taken
