"""cocotb bench of :mod:`rtl_gen.folded.forward`: spikes, and what of windows is recorded, with the weights played.

The bench is the weight memory, whoever takes the spikes, and whoever deals with windows.
"""

import random
from collections import Counter, deque
from dataclasses import replace
from itertools import pairwise

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from rtl_gen.contract.engines.folded.forward import FoldedForward
from rtl_gen.contract.memories import WEIGHT_LATENCY
from rtl_gen.contract.memory_map import weights_to_words
from rtl_gen.contract.plan import plan_of
from rtl_gen.forward_layouts import window_end_layout
from rtl_gen.token import TokenKind, token_layout

from ..bench import load_spec, start
from ..lanes import join, split
from ..reference.block import Block
from ..reference.grid import pooled
from ..reference.initial import random_network
from ..stream import StreamSink, StreamSource
from .block import in_order, sample_tokens
from .taps import taps_of

SAMPLES = 14
QUIET = ("synaptic_operations", "bias_reads", "recorder__touch_en", "recorder__gate_en")


class Around:
    """The weights, and a record of all that leaves the engine but its spikes."""

    def __init__(self, dut, spec, network, rng):
        self.dut, self.rng, self.block, self.plan = dut, rng, spec.blocks[0], plan_of(spec.blocks[0])
        self.words = []
        for layer, stored in enumerate(network.weights[0]):
            bits = self.block.layers[layer].weights.stored_bits
            self.words += [join(word, bits) for word in weights_to_words(spec, 0, layer, stored).tolist()]
        self.touched, self.gated, self.windows, self.updating = [], [], [], False
        self.gate_bits = max(layer.surrogate.gate_bits for layer in self.block.layers)
        for name in ("window_done", "hold", "off", "host_reads", "host_layer", "host_address"):
            dut[name].value = 0

    async def run(self):
        dut, coming, there = self.dut, deque([0] * WEIGHT_LATENCY, maxlen=WEIGHT_LATENCY), None
        while True:
            await RisingEdge(dut.clk)
            word = self.words[min(int(dut.weight_reader__address.value), len(self.words) - 1)]
            coming.append(0 if dut.blank.value == 1 else word)
            self._record()
            if coming[0] != there:
                dut.weight_reader__weights.value = there = coming[0]

    def _record(self):
        dut = self.dut
        if dut.recorder__touch_en.value == 1:
            self.touched.append(tuple(int(dut[f"recorder__touch_{name}"].value) for name in (
                "layer", "source", "pixel", "channel", "position")))
        if dut.recorder__gate_en.value == 1:
            lanes = split(int(dut.recorder__gates.value), 1 + self.gate_bits, self.plan.lanes, signed=False)
            self.gated.append((int(dut.recorder__gate_position.value), int(dut.recorder__gate_word.value),
                               [(lane & 1, lane >> 1) for lane in lanes]))
        if self.updating:
            assert not any(int(dut[name].value) for name in QUIET), "went on before the window was dealt with"

    async def update(self):
        """Takes the ends of windows and gives them back."""
        dut = self.dut
        sink = StreamSink(dut, "window_end", rng=self.rng, layout=window_end_layout(self.block), duty=0.7)
        while True:
            end = (await sink.receive(1))[0]
            self.windows.append((end["steps"], end["discard"], Counter(self.touched), sorted(self.gated)))
            self.touched, self.gated, self.updating = [], [], True
            await ClockCycles(dut.clk, self.rng.randint(1, 30))
            await FallingEdge(dut.clk)
            self.updating, dut.window_done.value = False, 1
            await FallingEdge(dut.clk)
            dut.window_done.value = 0


class Recorded:
    """What a window must have recorded, from the reference."""

    def __init__(self, plan, passage, events):
        self.plan, self.passage = plan, passage
        self.inputs = [pooled(layer.layer.pool, below) for layer, below in zip(
            plan.layers, [events, *passage.spikes[:-1]], strict=True)]

    def touches(self, first, steps):
        """How often each (layer, source, pixel, channel, position) is active."""
        found = Counter()
        for number, layer in enumerate(self.plan.layers):
            synapses = layer.layer.synapses
            for position in range(steps):
                counts = self.inputs[number][first + position].astype(int).tolist()
                if synapses.recurrent:
                    counts += self.passage.spikes[number][first + position - 1].tolist() if first + position else []
                for source, count in enumerate(counts):
                    place = divmod(source, synapses.channels) if synapses.kind == "conv" else (0, 0)
                    if count:
                        found[(number, layer.source_base + source, *place, position)] += count
        return found

    def gates(self, first, steps):
        """(position, word, lanes) of all words; of lanes that are neurons (spike, gate), of others None."""
        for position in range(steps):
            for number, layer in enumerate(self.plan.layers):
                lanes = [None] * (layer.words * layer.lanes)
                of_step = (values[number][first + position].tolist()
                           for values in (self.passage.spikes, self.passage.gates))
                for slot, spike, gate in zip(layer.slots, *of_step, strict=True):
                    lanes[slot] = (spike, gate)
                for word in range(layer.words):
                    yield position, layer.word_base + word, lanes[word * layer.lanes:(word + 1) * layer.lanes]


def windows_of(block, recorded, steps, aborted):
    """(steps, discard, touches, gates) of the windows of a sample that are recorded."""
    for number, first in enumerate(range(0, steps, block.window)):
        if number % block.update_interval != block.update_interval - 1:
            continue
        length = min(block.window, steps - first)
        discard = length <= block.window - block.loss_steps or (aborted and length < block.window)
        yield length, int(discard), recorded.touches(first, length), sorted(recorded.gates(first, length),
                                                                            key=lambda gate: gate[:2])


def compare(found, expected):
    assert [window[:2] for window in found] == [window[:2] for window in expected]
    for number, (*_, touched, gated) in enumerate(found):
        assert touched == expected[number][2], f"window {number}: active sources"
        assert [gate[:2] for gate in gated] == [gate[:2] for gate in expected[number][3]], f"window {number}: words"
        for got, wanted in zip(gated, expected[number][3], strict=True):
            for lane, value in zip(got[2], wanted[2], strict=True):
                assert lane == value if value is not None else not lane[0], f"window {number}: gates of {wanted[:2]}"


@cocotb.test(timeout_time=600, timeout_unit="us")
@cocotb.parametrize(duty=[1.0, 0.5])
async def matches_reference(dut, duty):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    block, tokens = spec.blocks[0], token_layout(spec.inputs, spec.classes)
    network = random_network(spec, 7, density=0.3, gain=0.8)
    around, reference, expected = Around(dut, spec, network, rng), Block(network, 0), []
    source = StreamSource(dut, "i", rng=rng, layout=tokens, duty=duty)
    sink = StreamSink(dut, "o", rng=rng, layout=token_layout(block.outputs, spec.classes), duty=duty)
    await start(dut)
    cocotb.start_soon(around.run())
    cocotb.start_soon(around.update())
    for number in range(SAMPLES):
        generator = np.random.default_rng(rng.getrandbits(32))
        steps = rng.randint(1, 2 * block.window * block.update_interval + 1)
        events = (generator.random((steps, spec.inputs)) < rng.choice((0.0, 0.1, 0.4))).astype(np.uint8)
        learn, partial = rng.random() < 0.7, events[0] if rng.random() < 0.3 else None
        while dut.idle.value != 1 or around.updating:
            await FallingEdge(dut.clk)
        dut.off.value = off = int(rng.random() < 0.2)
        passage = reference.run(events, 0, False, 0)
        sent = list(sample_tokens(spec, events, 0, learn, rng, partial))
        cocotb.start_soon(source.send(sent))
        wanted = list(sample_tokens(spec, passage.spikes[-1], 0, learn, random.Random(1)))
        if partial is not None:
            wanted = [{**token, "last": 0} for token in wanted] + [{"kind": TokenKind.ABORT.value}]
        await ClockCycles(dut.clk, rng.choice((1, 1, 500)))     # whoever takes the spikes stands still
        await FallingEdge(dut.clk)
        got = await sink.receive(len(wanted))
        assert in_order(got) == in_order(wanted), f"sample {number}: spikes"
        if learn and not off and block.directives.learns:
            expected += windows_of(block, Recorded(around.plan, passage, events), steps, partial is not None)
    while dut.idle.value != 1 or around.updating or dut.window_end__valid.value == 1:
        await FallingEdge(dut.clk)
    assert expected or not block.directives.learns, "no window was recorded"
    compare(around.windows, expected)
    assert not around.touched, "sources were marked outside a recorded window"
    assert not around.gated, "gates were recorded outside a recorded window"


def silent(network):
    """The network with weights under which nothing fires."""
    return replace(network, weights=(tuple(np.zeros_like(stored) for stored in network.weights[0]),))


def walked(plan, events):
    """What an engine's first layer walks in a step: events, and the word of each of their taps in turn, or None."""
    layer = plan.layers[0]
    counts = pooled(layer.layer.pool, events[None])[0]
    sources = np.repeat(np.arange(len(counts)), counts.astype(int)).tolist()
    if layer.layer.synapses.kind != "conv":
        return len(sources), []
    words = []
    for source in sources:
        pixel, channel = divmod(source, layer.layer.synapses.channels)
        taps = sorted((word for word, *_ in taps_of(layer, *divmod(pixel, layer.layer.synapses.width), channel)),
                      key=lambda word: (-(word // layer.column_words), word))
        words += taps or [None]
    return len(sources), words


@cocotb.test(timeout_time=600, timeout_unit="us")
async def a_step_takes_the_cycles_it_says(dut):
    """Steps follow each other at once, and as nothing fires the end of one is as late as that of another."""
    spec, rng = load_spec(), random.Random(1)
    block, tokens = spec.blocks[0], token_layout(spec.inputs, spec.classes)
    network = silent(random_network(spec, 7))
    around, engine = Around(dut, spec, network, rng), FoldedForward(plan_of(block))
    source = StreamSource(dut, "i", rng=rng, layout=tokens)
    dut.o__ready.value = dut.window_end__ready.value = 1
    await start(dut)
    cocotb.start_soon(around.run())
    generator = np.random.default_rng(3)
    densities = (0.4, 0.5, 1.0, 0.3, 0.1, 0.0, 0.0)     # a step's events come while the one before is computed
    events = np.array([generator.random(spec.inputs) < density for density in densities], np.uint8)
    sent = [{"kind": TokenKind.START.value, "value": 0}]
    for step in events:
        sent += [{"kind": TokenKind.EVENT.value, "value": int(index)} for index in np.flatnonzero(step)]
        sent.append({"kind": TokenKind.STEP.value})
    cocotb.start_soon(source.send(sent))
    ends, cycle = [], 0
    while len(ends) < len(events):
        await RisingEdge(dut.clk)
        cycle += 1
        if dut.o__valid.value == 1 and int(dut.o__payload.value) & 3 == TokenKind.STEP.value:
            ends.append(cycle)
    wanted = [engine.cycles([walked(around.plan, step), *((0, []) for _ in around.plan.layers[1:])])
              for step in events]
    took = [last - first for first, last in pairwise(ends)]
    assert took == wanted[1:], f"steps of {events.sum(axis=1).tolist()[1:]} events took {took} cycles, not {wanted[1:]}"
