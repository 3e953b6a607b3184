"""Walk of the folded forward engine: which step, which layer, which event; what starts and aborts do."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.forward import FoldedForward
from ..contract.plan import plan_of
from ..forward_layouts import window_end_layout
from ..token import TokenKind
from .by_layer import by_layer
from .entries import FoldedEntries, item_layout, pixels_and_channels
from .layouts import entry_layout, step_layout
from .lists import ListReader
from .window_clock import WindowClock

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
        A step or an event is waited for that is on its way.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self.plan = plan = plan_of(block)
        self._engine = engine = FoldedForward(plan)
        pixel, channel = pixels_and_channels(block)
        super().__init__({
            "step": In(stream.Signature(step_layout(block))),
            "reader": Out(ListReader(block)),
            "o": Out(stream.Signature(entry_layout(block))),
            "pipeline_empty": In(1),
            "push": Out(1), "room": In(1),
            "layer": Out(index_bits(block.depth)),
            "position": Out(index_bits(block.window)), "first_step": Out(1), "record": Out(1), "last": Out(1),
            "touch_en": Out(1), "touch_source": Out(engine.events.width), "touch_pixel": Out(pixel),
            "touch_channel": Out(channel),
            "window_end": Out(stream.Signature(window_end_layout(block))), "window_done": In(1),
            "hold": In(1), "off": In(1),
            "idle": Out(1), "stalled": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.clock = self._clock = clock = WindowClock(self.block)
        m.submodules.entries = entries = FoldedEntries(self.block)
        wiring.connect(m, clock.window_end, wiring.flipped(self.window_end))
        wiring.connect(m, entries.o, wiring.flipped(self.o))
        m.d.comb += [
            clock.window_done.eq(self.window_done), clock.last.eq(self.step.p.last), entries.layer.eq(self.layer),
            self.position.eq(clock.position), self.first_step.eq(clock.first_step), self.record.eq(clock.record),
            self.last.eq(self.step.p.last),
            self.reader.list.layer.eq(self.layer), self.reader.list.bank.eq(self.step.p.bank),
            *(getattr(self, name).eq(getattr(entries, name)) for name in (
                "touch_en", "touch_source", "touch_pixel", "touch_channel")),
        ]
        if self.block.directives.learns:
            m.d.comb += clock.learns.eq(self.step.p.value[index_bits(self.block.readout.classes)] & ~self.off)
        self._items(m, entries)
        self._control(m, entries)
        return m

    def _of(self, values: list[int]) -> Value:
        return by_layer(self.layer, values)

    @property
    def _convs(self) -> Value:
        """Whether the layer is a convolution."""
        return self._of([int(layer.layer.synapses.kind == "conv") for layer in self.plan.layers])

    def _control(self, m: Module, entries: FoldedEntries) -> None:
        """Which step, which layer, and which part of it."""
        step, reader, clock = self.step, self.reader, self._clock
        drained, free, discarded = Signal(), Signal(), Signal()
        m.d.comb += [
            drained.eq(~self._under_way & entries.empty & self.pipeline_empty),
            free.eq(clock.free & ~self.hold),
        ]
        with m.FSM() as fsm:
            with m.State("WAIT"):
                m.d.comb += self.stalled.eq(step.valid & ~free)
                with m.If(step.valid & free):
                    with m.Switch(step.p.kind):
                        with m.Case(TokenKind.START):
                            m.d.comb += [self.push.eq(self.room), step.ready.eq(self.room), clock.starts.eq(self.room)]
                        with m.Case(TokenKind.STEP):
                            m.d.comb += self.stalled.eq(~reader.settled)
                            with m.If(reader.settled):
                                m.next = "BEGIN"
                        with m.Case(TokenKind.ABORT):
                            m.d.sync += discarded.eq(1)
                            m.d.comb += clock.aborts.eq(~discarded)
                            with m.If(discarded & reader.settled & self.room):
                                m.d.comb += [self.push.eq(1), step.ready.eq(1), reader.taken.eq(1), reader.forget.eq(1)]
                                m.d.sync += discarded.eq(0)
            with m.State("BEGIN"):
                m.d.comb += reader.begins.eq(1)
                m.d.sync += [self._word_part.eq(0), self._entry.eq(0), self._word.eq(0),
                             self._base.eq(self._of([plan.weight_base for plan in self.plan.layers]))]
                m.next = "WORDS"
                with m.If(self._convs):
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
                    m.d.sync += self.layer.eq(self.layer + 1)
                    m.next = "BEGIN"
                    with m.If(self.layer == self.block.depth - 1):
                        m.d.comb += [step.ready.eq(1), clock.step_ends.eq(1)]
                        m.d.sync += self.layer.eq(0)
                        m.next = "WAIT"
            m.d.comb += self.idle.eq(fsm.ongoing("WAIT") & ~step.valid & free)

    def _items(self, m: Module, entries: FoldedEntries) -> None:
        """Counters, and the two stages in which an event is read."""
        engine, layers = self._engine, self.plan.layers
        most = max(engine.list_capacity(number) for number in range(self.block.depth))
        self._moves, self._under_way, self._walks_events, self._walks_words = Signal(), Signal(), Signal(), Signal()
        self._closes, self._layer_ends, self._place_ends = Signal(), Signal(), Signal()
        self._count, self._entry = Signal(range(most + 1)), Signal(range(most + 3))
        self._complete = Signal()                       # the count is the step's
        self._word, self._word_part = (Signal(range(max(layer.words for layer in layers) + 1), name=name)
                                       for name in ("word", "word_part"))
        self._base = Signal(range(engine.weight_words + max(layer.rows for layer in layers)))
        thresholds = self._of([int(layer.layer.neuron.threshold_shift is not None) for layer in layers])
        biases = self._of([int(layer.layer.weights.bias) for layer in layers])
        heads, count = Signal(range(3)), Signal.like(self._count)
        made, fetched, read = (Signal(item_layout(self.block), name=name) for name in ("made", "fetched", "read"))
        fetched_valid, read_valid = Signal(), Signal()
        event = (self._entry >= heads) & (count != 0)
        m.d.sync += [self._count.eq(self.reader.count), self._complete.eq(self.reader.complete)]
        m.d.comb += [
            heads.eq(thresholds + biases),
            count.eq(Mux(self._convs, 0, self._count)),     # a convolution's events are all walked before its words
            self._closes.eq(self._entry + 1 >= heads + count),
            self._place_ends.eq(self._word_part == self._of([layer.column_words - 1 for layer in layers])),
            self._layer_ends.eq(self._word == self._of([layer.words - 1 for layer in layers])),
            made.tapped.eq(self._walks_events),
            made.event.eq(event),
            made.threshold.eq((self._entry == 0) & thresholds),
            made.bias.eq((self._entry == thresholds) & biases),
            made.first.eq(self._entry == 0),
            made.closes.eq(self._closes),
            made.touches.eq(event & (self._word == 0)),
            made.place_ends.eq(self._place_ends),
            made.layer_ends.eq(self._layer_ends),
            made.word.eq(self._word),
            made.base.eq(self._base),
            self.reader.position.eq(Mux(self._walks_events, self._entry, self._entry - heads)),
            self.reader.en.eq(self._moves),
            entries.i.valid.eq(read_valid),
            entries.i.payload.eq(read),
            self._moves.eq(~read_valid | entries.i.ready),
            self._under_way.eq(read_valid | fetched_valid),
        ]
        with m.If(self._moves):
            m.d.sync += [
                fetched_valid.eq(self._walks_events | self._walks_words), fetched.eq(made),
                read_valid.eq(fetched_valid), read.eq(fetched), read.source.eq(self.reader.source),
            ]

    def _next_entry(self, m: Module) -> None:
        """From entry to entry, from word to word."""
        layers = self.plan.layers
        m.d.sync += self._entry.eq(self._entry + 1)
        with m.If(self._closes):
            m.d.sync += [self._entry.eq(0), self._word.eq(self._word + 1), self._word_part.eq(self._word_part + 1),
                         self._base.eq(self._base + self._of([layer.rows for layer in layers]))]
            with m.If(self._place_ends):
                m.d.sync += [self._word_part.eq(0), self._base.eq(self._of([layer.weight_base for layer in layers]))]
