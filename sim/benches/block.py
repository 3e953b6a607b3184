"""cocotb bench of :mod:`rtl_gen.block` and of :mod:`rtl_gen.folded.block`: tokens in, spikes and answers out, weights
after learning."""

import os
import random
from dataclasses import replace
from itertools import pairwise

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from rtl_gen.block_registers import increment_layout
from rtl_gen.contract.arithmetic import index_bits
from rtl_gen.contract.memory_map import (
    geometry,
    pack,
    readout_to_words,
    unpack,
    weights_to_words,
    words_to_readout,
    words_to_weights,
)
from rtl_gen.contract.network import RATE_OFF
from rtl_gen.contract.plan import plan_of
from rtl_gen.contract.protocol import BLOCK_COUNTERS, KIND_SHIFT, Memory, Packet
from rtl_gen.contract.windows import told_after, window_logits
from rtl_gen.packet import packet_layout
from rtl_gen.token import TokenKind, token_layout

from ..bench import load_arrays, load_spec, start
from ..reference.initial import random_network
from ..reference.network import Reference
from ..stream import StreamSink, StreamSource
from ..stream import unpack as unpack_fields

START, EVENT, STEP, ABORT = (kind.value for kind in TokenKind)
RATES = (RATE_OFF, 1, 0, 3, 2)      # one after the other; a short run has the first ones


def sample_tokens(spec, spikes, label, learn, rng, partial=None, tell=False):
    """Tokens of a sample, (T, inputs) counts, with a label or one a step, -1 where there is none; ``partial`` is the
    unfinished step of one that is aborted."""
    bits, of_steps = index_bits(spec.classes), np.ndim(label) > 0
    yield {"kind": START, "value": (0 if of_steps else label) | (learn | of_steps << 1 | tell << 2) << bits}
    labels = [own if own < 0 else 1 << bits | own for own in np.asarray(label).tolist()] if of_steps else []
    steps = [*spikes, *([] if partial is None else [partial])]
    for t, step in enumerate(steps):
        events = [int(i) for i in np.repeat(np.arange(len(step)), step)]
        rng.shuffle(events)                 # the order within a step must not matter
        for index in events:
            yield {"kind": EVENT, "value": index}
        aborts = partial is not None and t == len(spikes)
        yield {"kind": ABORT if aborts else STEP, "last": int(t == len(steps) - 1 and not aborts),
               "value": max(0, labels[t]) if labels and not aborts else 0}


class Host:
    """The block's host port."""

    def __init__(self, dut, spec):
        self.dut = dut
        self.spec = spec
        dut.host__w_en.value = dut.host__part.value = 0

    async def write(self, memory, values, layer=0):
        shape = geometry(self.spec, 0, layer, memory)
        beats = pack(shape, values).reshape(shape.depth, shape.beats)
        self.dut.host__select.value, self.dut.host__layer.value = int(memory), layer
        for address, word in enumerate(beats):
            self.dut.host__address.value = address
            self.dut.host__w_data.value = sum(int(beat) << 32 * i for i, beat in enumerate(word))
            self.dut.host__w_en.value = 1
            await FallingEdge(self.dut.clk)
        self.dut.host__w_en.value = 0

    async def read(self, memory, layer=0):
        shape = geometry(self.spec, 0, layer, memory)
        self.dut.host__select.value, self.dut.host__layer.value = int(memory), layer
        beats = []
        for address in range(shape.depth):
            self.dut.host__address.value = address
            await ClockCycles(self.dut.clk, 5)
            await FallingEdge(self.dut.clk)
            for part in range(shape.beats):
                self.dut.host__part.value = part
                await FallingEdge(self.dut.clk)
                beats.append(int(self.dut.host__r_data.value))
        return unpack(shape, np.array(beats, np.uint32))

    async def of_neurons(self, memory, layer):
        """What a memory of neurons holds for each of a layer's."""
        return (await self.read(memory, layer)).reshape(-1)[plan_of(self.spec.blocks[0]).layers[layer].slots]

    async def begin(self, network):
        """Write all weights."""
        for layer, stored in enumerate(network.weights[0]):
            await self.write(Memory.WEIGHTS, weights_to_words(self.spec, 0, layer, stored), layer)
        await self.write(Memory.READOUT, readout_to_words(self.spec, 0, network.readouts[0]))


class Counter:
    """Sums the block's increments cycle by cycle."""

    def __init__(self, dut, spec):
        self.dut = dut
        self.layout = increment_layout(spec, 0)
        self.totals = dict.fromkeys(self.layout.members, 0)

    async def run(self):
        while True:
            await RisingEdge(self.dut.clk)
            bits = int(self.dut.registers__increments.value)
            if bits:
                for name, value in unpack_fields(self.layout, bits).items():
                    self.totals[name] += value


async def idle(dut):
    quiet = 0
    while quiet < 3:
        await FallingEdge(dut.clk)
        quiet = quiet + 1 if dut.idle.value == 1 else 0


def random_samples(spec, rng, count, density):
    """(spikes, label or labels of steps, learn, partial step or None): short last windows, duplicates, aborts, samples
    not learned, windows without a label."""
    window = spec.blocks[0].window
    for _ in range(count):
        steps = rng.randrange(1, 2 * window + 2)
        seed = np.random.default_rng(rng.getrandbits(32))
        spikes = (seed.random((steps, spec.inputs)) < density).astype(np.uint8)
        spikes[seed.random(spikes.shape) < 0.03] += 1
        if spec.input_max > 1:
            spikes *= seed.integers(1, spec.input_max + 2, spikes.shape).astype(np.uint8)
        partial = spikes[-1] if rng.random() < 0.15 else None
        spikes = spikes if partial is None else spikes[:-1]
        label = rng.randrange(spec.classes)
        if rng.random() < 0.3:
            label = np.where(seed.random(len(spikes)) < 1.5 / window, seed.integers(0, spec.classes, len(spikes)), -1)
        yield spikes, label, rng.random() < 0.8, partial


@cocotb.test(timeout_time=int(os.environ.get("SNNFPGA_TIMEOUT_US", "20000")), timeout_unit="us")
async def matches_reference(dut):
    spec = load_spec()
    settings = {name: value.item() for name, value in load_arrays().items()}
    rng = random.Random(cocotb.RANDOM_SEED)
    duty = float(os.environ.get("SNNFPGA_DUTY", "1.0"))
    tokens, spikes_layout = (token_layout(n, spec.classes) for n in (spec.inputs, spec.blocks[0].outputs))
    source = StreamSource(dut, "i", rng=rng, layout=tokens, duty=duty)
    # Slower than what feeds it, so that the fork fills up on this side alone.
    sink = StreamSink(dut, "o", rng=rng, layout=spikes_layout, duty=duty if duty == 1 else duty / 5)
    answers = StreamSink(dut, "result", rng=rng, layout=packet_layout(), duty=duty)
    network = with_heads(random_network(spec, 7, density=settings["density"], gain=settings["gain"]))
    reference = Reference(network)
    host, counter = Host(dut, spec), Counter(dut, spec)
    dut.registers__seed.value = spec.seed
    dut.registers__w_en.value = dut.registers__rate__shift.value = dut.registers__rate__off.value = 0
    await start(dut)

    await idle(dut)
    await host.begin(network)
    cocotb.start_soon(counter.run())

    fired = []
    for number, (spikes, label, learn, partial) in enumerate(
            random_samples(spec, rng, settings["samples"], settings["density"])):
        if number % 3 == 2:                 # the others follow at once on the sample before them
            await idle(dut)
            (rate,) = reference.rates = [RATES[number // 3 % len(RATES)]]
            dut.registers__rate__off.value, dut.registers__rate__shift.value = divmod(rate, RATE_OFF)
        tell = number % 4 == 1
        cocotb.start_soon(source.send(list(sample_tokens(spec, spikes, label, learn, rng, partial, tell))))
        where = (f"sample {number} ({len(spikes)} steps, label {label}, learn {learn}, partial {partial is not None}, "
                 f"rate {reference.rates[0]})")
        learns = learn and spec.blocks[0].directives.learns
        answered = [] if not tell else cocotb.start_soon(answers.receive(
            (1 + spec.classes) * len(told_after(spec.blocks[0], len(spikes) + (partial is not None)))))
        if partial is None:
            result = reference.run(spikes, label, learns, trace=True, windows=tell)
            made = result.spikes[0][-1]
            fired.append(made.mean())
        else:
            made = reference_trace(reference, spikes, label, learns, partial)
        expected = list(sample_tokens(spec, made, label, learn, random.Random(1), None, tell))
        if partial is not None:
            expected = [{**token, "last": 0} for token in expected] + [{"kind": ABORT}]
        got = await sink.receive(len(expected))
        assert in_order(got) == in_order(expected), f"{where}: spikes"
        told = split_packets(await answered, spec.classes) if tell else []
        assert all(header >> KIND_SHIFT == Packet.SO_FAR for header, _ in told), f"{where}: kind of what is told"
        if partial is None:
            beats = await answers.receive(1 + spec.classes)
            values = np.array([beat["data"] for beat in beats[1:]], np.uint32).view(np.int32)
            assert [beat["last"] for beat in beats] == [0] * spec.classes + [1]
            assert beats[0]["data"] == result.prediction, f"{where}: prediction"
            assert values.tolist() == result.answers[0].tolist(), f"{where}: answers"
            if tell:
                logits = window_logits(spec.blocks[0], len(spikes), [*(told for _, told in told), values])
                assert logits.tolist() == result.windows[0].tolist(), f"{where}: logits of windows"
                assert [header & 0xff for header, _ in told] == [int(np.argmax(told)) for _, told in told], (
                    f"{where}: what is the largest so far")
        if number % 20 == 19 or number == settings["samples"] - 1:
            await idle(dut)
            await compare(host, reference, where)
            if partial is None:
                await compare_neurons(host, result, -1, where)
                read = (await host.read(Memory.ANSWERS)).reshape(-1)
                assert read.tolist() == result.answers[0].tolist(), f"{where}: answers read"
            found = {name: counter.totals[name] for name in BLOCK_COUNTERS}
            assert found == reference.counters[0], f"{where}: counters"
            assert int(dut.registers__window_number.value) == reference.network().window_numbers[0]
    await ClockCycles(dut.clk, 8)
    assert dut.o__valid.value == 0, "more spikes than the reference has"
    assert dut.result__valid.value == 0, "more results than the reference has"
    alive(spec, network, reference, fired)


def with_heads(network):
    """The network with rows of thresholds that are not all as their layer's."""
    generator = np.random.default_rng(9)
    weights = [stored.copy() for stored in network.weights[0]]
    for layer, stored in zip(network.spec.blocks[0].layers, weights, strict=True):
        if layer.neuron.threshold_shift is not None:
            stored[layer.event_rows] = generator.permutation(stored[0])
            highest = (1 << layer.weights.stored_bits - 1) - 1
            stored[layer.event_rows, :2] = (highest, -highest - 1)[:layer.columns]
    return replace(network, weights=(tuple(weights), *network.weights[1:]))


def reference_trace(reference, spikes, label, learn, partial):
    """Spikes of an aborted sample's completed steps: those of the same steps run on a copy without learning from the
    window that the abort cuts off, which no spike depends on."""
    copy = Reference(reference.network())
    made = copy.run(spikes, label, learn, trace=True).spikes[0][-1] if len(spikes) else np.zeros((0, 1), np.uint8)
    reference.abort(spikes, label, learn, partial)
    return made


def split_packets(beats, classes):
    """Header and answers of each packet that tells them."""
    values = [beat["data"] for beat in beats]
    return [(values[at], np.array(values[at + 1:at + 1 + classes], np.uint32).view(np.int32))
            for at in range(0, len(values), 1 + classes)]


def in_order(tokens):
    """Tokens with the events of each step sorted, and each as (kind, value, last)."""
    found, events = [], []
    for token in tokens:
        kind, value, last = (token.get(name, 0) for name in ("kind", "value", "last"))
        if kind == EVENT:
            events.append((kind, value, last))
        else:
            found += [*sorted(events), (kind, value, last)]
            events = []
    return found + sorted(events)


async def compare(host, reference, where):
    spec, expected = host.spec, reference.network()
    for layer, wanted in enumerate(expected.weights[0]):
        weights = words_to_weights(spec, 0, layer, await host.read(Memory.WEIGHTS, layer))
        differ = np.argwhere(weights != wanted)
        assert not len(differ), (f"{where}: {len(differ)} weights of layer {layer} differ, first at {differ[0]}: "
                                 f"{weights[tuple(differ[0])]} for {wanted[tuple(differ[0])]}")
    readout = words_to_readout(spec, 0, await host.read(Memory.READOUT))
    differ = np.argwhere(readout != expected.readouts[0])
    assert not len(differ), (f"{where}: {len(differ)} readout weights differ, first at {differ[0]}: "
                             f"{readout[tuple(differ[0])]} for {expected.readouts[0][tuple(differ[0])]}")


async def compare_neurons(host, result, step, where):
    """Membranes and spikes of all layers after a step."""
    for layer, (membranes, spikes) in enumerate(zip(result.membranes[0], result.spikes[0], strict=True)):
        read = await host.of_neurons(Memory.MEMBRANES, layer)
        assert read.tolist() == membranes[step].tolist(), f"{where}: membranes of layer {layer}"
        read = await host.of_neurons(Memory.SPIKES, layer)
        assert read.tolist() == spikes[step].tolist(), f"{where}: spikes of layer {layer} in the last step"


def alive(spec, network, reference, fired):
    """A network that is silent, saturated or does not learn would prove nothing."""
    assert 0.03 <= np.mean(fired) <= 0.6, f"hidden rate {np.mean(fired):.3f} is outside 3..60 %"
    if spec.blocks[0].directives.learns:
        for layer, (before, after) in enumerate(zip(network.weights[0], reference.network().weights[0], strict=True)):
            changed = (before != after).mean()
            assert changed >= 0.2, f"only {changed:.1%} of the weights of layer {layer} changed"


@cocotb.test(timeout_time=int(os.environ.get("SNNFPGA_TIMEOUT_US", "20000")), timeout_unit="us",
             skip="SNNFPGA_STEPS" not in os.environ)
async def every_step_matches_the_reference(dut):
    """Membranes and spikes of all layers after each step of some samples that are not learned from."""
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    settings = {name: value.item() for name, value in load_arrays().items()}
    source = StreamSource(dut, "i", rng=rng, layout=token_layout(spec.inputs, spec.classes))
    network = with_heads(random_network(spec, 8, density=settings["density"], gain=settings["gain"]))
    reference, host = Reference(network), Host(dut, spec)
    dut.o__ready.value = dut.result__ready.value = 1
    dut.registers__w_en.value = dut.registers__rate__shift.value = dut.registers__rate__off.value = 0
    await start(dut)
    await idle(dut)
    await host.begin(network)
    for number in range(int(os.environ["SNNFPGA_STEPS"])):
        generator = np.random.default_rng(rng.getrandbits(32))
        spikes = (generator.random((4, spec.inputs)) < settings["density"]).astype(np.uint8)
        result = reference.run(spikes, 0, False, trace=True)
        tokens = list(sample_tokens(spec, spikes, 0, False, rng))
        ends = [0, *(at + 1 for at, token in enumerate(tokens) if token["kind"] == STEP)]
        for step, (first, last) in enumerate(pairwise(ends)):
            await source.send(tokens[first:last])
            await idle(dut)
            await compare_neurons(host, result, step, f"sample {number} step {step}")
