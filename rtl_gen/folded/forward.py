"""Folded forward engine: the layers of a block, one after another, on one pipeline."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..addends import sum_of
from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.forward import FoldedForward
from ..contract.plan import plan_of
from ..fifo import StreamFifo
from ..forward_layouts import window_end_layout
from ..ports import WeightReader
from ..seen_filter import SeenFilter
from ..token import TokenKind, token_layout
from .by_layer import by_layer
from .layouts import spikes_layout
from .lists import FoldedLists
from .pipeline import FoldedPipeline
from .ports import FoldedRecorder
from .router import FoldedRouter, FoldedSerialiser, PoolChain
from .walk import FoldedWalk

__all__ = ["FoldedForwardEngine"]

class FoldedForwardEngine(wiring.Component):
    """Computes the steps of all layers of a block, a word of weights a cycle.

    Its events come as tokens, and what its last layer fires leaves as tokens; what the other layers fire stays inside.

    Computes :mod:`sim.reference.forward` and :mod:`sim.reference.grid` bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    i, o : In(stream of tokens), Out(stream of tokens)
        The block's events, and the last layer's spikes.
    weight_reader, blank : Out(WeightReader), Out(1)
        The weight memory's reading side; where ``blank`` is set, 0 is to come for the word addressed in this cycle.
    recorder : Out(FoldedRecorder)
        Active sources, gates and spikes of a window that is recorded.
    window_end : Out(stream of window_end_layout)
        A recorded window is over, and all of it is written.
    window_done : In(1)
        It was dealt with: the next step may start.
    hold : In(1)
        No step may start yet.
    off : In(1)
        No window of the sample is recorded; constant while one is inside.
    host_reads, host_layer, host_address, host_membranes, host_spikes : In(1), In, In, Out, Out
        Reading side for the host, of a layer's words, while nothing is inside.
    idle : Out(1)
        Nothing is inside.
    accepted, dropped, spike : Out(1)
        An event of the input was taken, or dropped as its step's second; a neuron of any layer fired.
    synaptic_operations, busy_lanes, bias_reads, membrane_saturations, active, stalled : Out
        Increments of the counters.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self._plan = plan_of(block)
        self._engine = engine = FoldedForward(self._plan)
        self._pipeline = pipeline = FoldedPipeline(block)
        classes = block.readout.classes
        shared = ("host_membranes", "host_spikes", "synaptic_operations", "busy_lanes", "bias_reads",
                  "membrane_saturations")
        super().__init__({
            "i": In(stream.Signature(token_layout(block.inputs, classes))),
            "o": Out(stream.Signature(token_layout(block.outputs, classes))),
            "weight_reader": Out(WeightReader(block)),
            "blank": Out(1),
            "recorder": Out(FoldedRecorder(block)),
            "window_end": Out(stream.Signature(window_end_layout(block))),
            "window_done": In(1),
            "hold": In(1),
            "off": In(1),
            "host_reads": In(1),
            "host_layer": In(index_bits(block.depth)),
            "host_address": In(index_bits(max(layer.words for layer in self._plan.layers))),
            **{name: pipeline.signature.members[name] for name in shared},
            "idle": Out(1), "accepted": Out(1), "dropped": Out(1), "spike": Out(1), "active": Out(1),
            "stalled": Out(1),
        })
        self._shared = shared
        self.latency = engine.latency

    def elaborate(self, platform: object) -> Module:
        m = Module()
        block, pipeline = self.block, self._pipeline
        m.submodules.seen = seen = SeenFilter(block.inputs, block.readout.classes,
                                               block.layers[0].input_max)
        m.submodules.pool = pool = PoolChain(block, 0)
        m.submodules.lists = lists = FoldedLists(block)
        m.submodules.walk = walk = FoldedWalk(block)
        m.submodules.pipeline = pipeline
        m.submodules.words = words = StreamFifo(spikes_layout(block), depth=self._engine.queue_depth)
        m.submodules.serialiser = serialiser = FoldedSerialiser(block)
        m.submodules.router = router = FoldedRouter(block)

        wiring.connect(m, wiring.flipped(self.i), seen.i)
        wiring.connect(m, seen.o, pool.i)
        wiring.connect(m, pool.o, lists.i0)
        wiring.connect(m, lists.step, walk.step)
        wiring.connect(m, walk.reader, lists.reader)
        wiring.connect(m, walk.o, pipeline.i)
        wiring.connect(m, words.o, serialiser.i)
        wiring.connect(m, serialiser.o, router.i)
        for number in range(1, block.depth):
            wiring.connect(m, getattr(router, f"o{number}"), getattr(lists, f"i{number}"))
        wiring.connect(m, router.o, wiring.flipped(self.o))
        wiring.connect(m, walk.window_end, wiring.flipped(self.window_end))
        wiring.connect(m, pipeline.weight_reader, wiring.flipped(self.weight_reader))
        room = Signal()
        m.d.sync += room.eq(words.level <= self._engine.waiting_words)
        m.d.comb += [
            walk.pipeline_empty.eq(pipeline.empty), walk.room.eq(room), walk.window_done.eq(self.window_done),
            walk.hold.eq(self.hold), walk.off.eq(self.off),
            pipeline.layer.eq(walk.layer), pipeline.first_step.eq(walk.first_step), pipeline.room.eq(room),
            self.blank.eq(pipeline.blank),
            *(getattr(lists, name).eq(getattr(router, name)) for name in ("own_en", "own_layer", "own", "own_ends")),
        ]
        self._push(m, walk, words)
        self._record(m, walk)
        bases = by_layer(self.host_layer, [layer.word_base for layer in self._plan.layers])
        m.d.comb += [
            pipeline.host_reads.eq(self.host_reads),
            pipeline.host_address.eq(bases + self.host_address),
            *(getattr(self, name).eq(getattr(pipeline, name)) for name in self._shared),
            self.accepted.eq(seen.accepted),
            self.dropped.eq(seen.dropped),
            self.spike.eq(serialiser.o.valid & serialiser.o.ready & (serialiser.o.p.kind == TokenKind.EVENT)),
            self.active.eq(~pipeline.empty),
            self.stalled.eq(walk.stalled),
            self.idle.eq(Cat(seen.idle, pool.idle, lists.empty, walk.idle, pipeline.empty, ~words.o.valid,
                             words.level == 0, serialiser.idle, router.idle, ~self.i.valid).all()),
        ]
        return m

    def _push(self, m: Module, walk: FoldedWalk, words: StreamFifo) -> None:
        """Spikes of words go to the serialiser, and a START or an ABORT between them."""
        pipeline, into = self._pipeline, words.i
        m.d.comb += [
            into.valid.eq(pipeline.fired | walk.push),
            into.p.layer.eq(walk.layer),
            into.p.place_ends.eq(pipeline.place_ends),
            into.p.layer_ends.eq(pipeline.layer_ends),
            into.p.last.eq(walk.last),
            into.p.label.eq(walk.step.p.value),
            into.p.kind.eq(TokenKind.STEP),
            into.p.payload.eq(pipeline.spikes),
            into.p.count.eq(sum_of(pipeline.spikes)),
        ]
        with m.If(walk.push):
            m.d.comb += [into.p.kind.eq(walk.step.p.kind), into.p.payload.eq(walk.step.p.value)]

    def _record(self, m: Module, walk: FoldedWalk) -> None:
        """What a window that is recorded has of sources, gates and spikes."""
        pipeline, recorder = self._pipeline, self.recorder
        sources = by_layer(walk.layer, [layer.source_base for layer in self._plan.layers])
        m.d.comb += [
            recorder.touch_en.eq(walk.touch_en & walk.record),
            recorder.touch_layer.eq(walk.layer),
            recorder.touch_source.eq(sources + walk.touch_source),
            recorder.touch_pixel.eq(walk.touch_pixel),
            recorder.touch_channel.eq(walk.touch_channel),
            recorder.touch_position.eq(walk.position),
            recorder.gate_en.eq(pipeline.fired & walk.record),
            recorder.gate_word.eq(pipeline.word),
            recorder.gate_position.eq(walk.position),
            recorder.gates.eq(pipeline.gates),
        ]
