"""cocotb bench of :mod:`rtl_gen.ingest`."""

import random
from collections import Counter

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, with_timeout
from cocotb.utils import get_sim_time

from rtl_gen.beat import beat_layout
from rtl_gen.contract.memory_map import geometry
from rtl_gen.contract.protocol import INDEX_BITS, LABEL_BITS, Memory
from rtl_gen.ingest import INGEST_COUNTERS
from rtl_gen.packet import packet_layout
from rtl_gen.token import TokenKind, token_layout

from ..bench import PERIOD_NS, load_spec, start
from ..malformed import StreamMaker, sample_beats
from ..reference.ingest import Ingest, Sample, Write
from ..stream import StreamSink, StreamSource, pack, unpack


def tokens_of(spec, samples):
    """Tokens, as (kind, value, last), that a list of samples becomes."""
    label_bits = max(1, (spec.classes - 1).bit_length())
    tokens = []
    for sample in samples:
        label = sample.start_label & ((1 << label_bits) - 1)
        flags = sample.learn | sample.of_steps << 1 | sample.tell << 2
        tokens.append((TokenKind.START, label | flags << label_bits, 0))
        for number, step in enumerate(sample.steps, start=1):
            tokens += [(TokenKind.EVENT, index, 0) for index in step]
            tokens.append((TokenKind.STEP, None if sample.step_labels[number - 1] < 0 else
                           1 << label_bits | sample.step_labels[number - 1],
                           int(sample.finished and number == len(sample.steps))))
        tokens += [(TokenKind.EVENT, index, 0) for index in sample.partial]
        if sample.aborted:
            tokens.append((TokenKind.ABORT, 0, 0))
    return tokens


class Beats(StreamSource):
    """Drives beats, and with each what is found about it before it comes."""

    def __init__(self, dut, spec, *, rng, duty=1.0):
        self.spec = spec
        super().__init__(dut, "i", layout=beat_layout(), rng=rng, duty=duty)

    async def send(self, payloads):
        await super().send({
            "packet": pack(packet_layout(), beat),
            "no_input": beat["data"] % (1 << INDEX_BITS) >= self.spec.inputs,
            "no_class": beat["data"] % (1 << LABEL_BITS) >= self.spec.classes,
        } for beat in payloads)


class Blocks:
    """What stands for the blocks: takes tokens, is drained some cycles later, and collects words and events."""

    def __init__(self, dut, spec, rng, sink):
        self.dut, self.spec, self.rng, self.sink = dut, spec, rng, sink
        self.label_bits = max(1, (spec.classes - 1).bit_length())
        self.tokens, self.words, self.counters, self.flags = [], [], dict.fromkeys(INGEST_COUNTERS, 0), 0
        self.busy, self.pauses, self.served, self.changes = 0, 0, 0, 0

    async def take(self, layout):
        while True:
            for payload in await self.sink.receive(1):
                token = unpack(layout, payload)
                kind, value = TokenKind(token["kind"]), token["value"]
                if kind == TokenKind.STEP and not value >> self.label_bits:
                    value = None        # without a label the bits of one say nothing
                self.tokens.append((kind, value, token["last"]))

    async def watch(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            self._count(int(dut.counted.value), int(dut.flags.value))
            if dut.write__en.value == 1:
                assert dut.drained.value == 1, "wrote while the blocks were at work"
                self._keep_word()
            if dut.between.value == 1:
                assert dut.drained.value == 1
                assert dut.o__valid.value == 0, "between samples, with a sample about to begin"
            moves = dut.o__valid.value == 1 and dut.o__ready.value == 1
            was = self.busy
            self.busy = self.rng.randint(1, 8) if moves else max(0, self.busy - 1)
            if (was == 0) != (self.busy == 0):
                dut.drained.value = self.busy == 0      # from this edge on, as a block's own register would

    def _count(self, counted, flags):
        for position, name in enumerate(INGEST_COUNTERS):
            self.counters[name] += counted >> position & 1
        self.flags |= flags

    def _keep_word(self):
        dut = self.dut
        block, memory = int(dut.write__block.value), Memory(int(dut.write__select.value))
        bits = geometry(self.spec, block, 0, memory).beats * 32
        self.words.append((block, memory, int(dut.write__address.value),
                           int(dut.write__data.value) & ((1 << bits) - 1)))

    async def halt_and_hold(self):
        """Halts and host accesses at random; while either is in force nothing may move."""
        dut, rng = self.dut, self.rng
        halting = 1
        dut.halt.value = halting
        while True:
            await FallingEdge(dut.clk)
            # Before the halt has taken hold, a resume must do nothing.
            dut.resume.value = int(dut.halted.value == 0 and rng.random() < 0.3)
            if rng.random() < 0.02:
                halting = rng.randrange(2)
                dut.halt.value = halting
            if rng.random() < 0.02:
                dut.hold.value = 1
                while not (dut.quiet.value == 1 and dut.drained.value == 1):
                    await FallingEdge(dut.clk)
                    dut.resume.value = dut.halted.value == 1 and rng.randrange(2)
                before = len(self.tokens), len(self.words)
                for _ in range(rng.randint(1, 10)):
                    await FallingEdge(dut.clk)
                    dut.resume.value = 0
                    assert dut.quiet.value == 1, "went on while the memories were being read"
                assert (len(self.tokens), len(self.words)) == before
                dut.hold.value = 0
                self.served += 1
            elif halting and dut.halted.value == 1:
                before = len(self.tokens)
                assert self.tokens[-1][0] == TokenKind.STEP
                for _ in range(rng.randint(1, 5)):
                    await FallingEdge(dut.clk)
                    assert dut.halted.value == 1
                assert len(self.tokens) == before
                self.pauses += 1
                dut.resume.value = 1
                await FallingEdge(dut.clk)
                dut.resume.value = 0
                await FallingEdge(dut.clk)      # and it goes on

    async def change_rates(self):
        """Ask at random for a moment between samples, in which the last one has left and no other has begun."""
        dut = self.dut
        while True:
            await ClockCycles(dut.clk, self.rng.randint(1, 60))
            await FallingEdge(dut.clk)
            dut.hold_start.value = 1
            await FallingEdge(dut.clk)
            while dut.between.value != 1:
                await FallingEdge(dut.clk)
            assert not self.tokens or self.tokens[-1][0] == TokenKind.ABORT or self.tokens[-1][2], "within a sample"
            before = len(self.tokens)
            await FallingEdge(dut.clk)
            assert len(self.tokens) == before, "a sample began as the rates changed"
            dut.hold_start.value = 0
            self.changes += 1


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(duties=[(1.0, 1.0), (0.6, 0.4)], halts=[False, True])
async def matches_reference(dut, duties, halts):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    source = Beats(dut, spec, rng=rng, duty=duties[0])
    blocks = Blocks(dut, spec, rng, StreamSink(dut, "o", rng=rng, duty=duties[1]))
    await begin(dut, blocks)
    if halts:
        cocotb.start_soon(blocks.halt_and_hold())
        cocotb.start_soon(blocks.change_rates())

    maker, model = StreamMaker(spec, rng), Ingest(spec)
    beats = [*maker.beats(150), *maker.good_sample(), *maker.good_write()]
    for value, last in beats:
        model.take(value, last)
    await source.send({"data": value, "last": last} for value, last in beats)
    await compare(dut, blocks, model)
    assert [name for name, value in model.counters.items() if value == 0] == ["timeouts"], "an error never happened"
    assert sum(isinstance(action, Sample) for action in model.actions) > 20
    if halts:
        assert blocks.pauses > 5, "never halted"
        assert blocks.served > 5, "never held"
        assert blocks.changes > 5, "never between samples for a change of rates"


async def begin(dut, blocks, *, watchdog=0):
    dut.halt.value = dut.resume.value = dut.hold.value = dut.hold_start.value = 0
    dut.watchdog.value, dut.drained.value = watchdog, 1
    await start(dut)
    cocotb.start_soon(blocks.take(token_layout(blocks.spec.inputs, blocks.spec.classes)))
    cocotb.start_soon(blocks.watch())


async def compare(dut, blocks, model):
    for _ in range(30):
        await RisingEdge(dut.clk)
    assert blocks.tokens == tokens_of(blocks.spec, model.samples)
    assert blocks.words == [(write.block, write.memory, address, word) for write in model.actions
                            if isinstance(write, Write) for address, word in enumerate(write.words)]
    assert blocks.counters == model.counters
    assert blocks.flags == model.errors


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(duty=[1.0, 0.4], watchdog=[1, 20])
async def ends_what_stands_still(dut, duty, watchdog):
    """After so many cycles without a beat and not one fewer, whatever has begun, and nothing where nothing has."""
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    source = Beats(dut, spec, rng=rng)
    blocks = Blocks(dut, spec, rng, StreamSink(dut, "o", rng=rng, duty=duty))
    await begin(dut, blocks, watchdog=watchdog)
    maker, model, ended = StreamMaker(spec, rng), Ingest(spec), Counter()
    parts = [part for _ in range(100) for part in (maker.beats(1), maker.cut_short())]
    beats = [(beat, place == len(part)) for part in parts for place, beat in enumerate(part, start=1)]
    # The first may end what was left open, a packet among it, and the second has an end of its own.
    final = [*maker.good_sample(), *maker.good_sample()]
    for (value, last), ends in [*beats, *((beat, False) for beat in final)]:
        model.take(value, last)
        await source.send([{"data": value, "last": last}])
        pause = 0
        if ends or rng.random() < 0.1:
            pause = rng.choice((watchdog - 1, watchdog, watchdog + 1, 3 * watchdog))
            for _ in range(pause):
                await FallingEdge(dut.clk)
        if pause >= watchdog:
            before = dict(model.counters)
            model.time_out()
            ended.update(name for name, value in model.counters.items() if value != before[name])
    await compare(dut, blocks, model)
    assert min(ended["samples_aborted"], ended["writes_refused"]) > 5
    assert ended["timeouts"] > ended["samples_aborted"] + ended["writes_refused"], "no refused sample stood still"


@cocotb.test(timeout_time=100, timeout_unit="us")
async def ends_what_stood_still_before_it_was_set(dut):
    spec, rng = load_spec(), random.Random(1)
    source = Beats(dut, spec, rng=rng)
    blocks = Blocks(dut, spec, rng, StreamSink(dut, "o", rng=rng))
    await begin(dut, blocks)
    model, (first, *_) = Ingest(spec), sample_beats([[0]], label=0, learn=True)
    model.take(*first)
    await source.send([{"data": first[0], "last": False}])
    await ClockCycles(dut.clk, 100)
    assert dut.open.value == 1
    dut.watchdog.value = 10
    model.time_out()
    await compare(dut, blocks, model)
    assert dut.open.value == 0


@cocotb.test(timeout_time=100, timeout_unit="us")
async def waits_for_a_host_that_halts(dut):
    """While it is halted nobody is late; once it goes on the watchdog waits anew."""
    spec, rng = load_spec(), random.Random(1)
    source = Beats(dut, spec, rng=rng)
    blocks = Blocks(dut, spec, rng, StreamSink(dut, "o", rng=rng))
    await begin(dut, blocks, watchdog=10)
    dut.halt.value = 1
    beats = sample_beats([[0], [0]], label=0, learn=True)
    await source.send([{"data": value, "last": False} for value, _ in beats[:3]])
    await ClockCycles(dut.clk, 50)
    assert dut.halted.value == 1
    await FallingEdge(dut.clk)
    dut.halt.value = 0
    for cycle in range(1, 11):
        await FallingEdge(dut.clk)
        assert (dut.counted.value != 0) == (cycle == 10)
    await FallingEdge(dut.clk)
    assert blocks.counters["timeouts"] == 1


@cocotb.test(timeout_time=100, timeout_unit="us")
async def takes_a_beat_a_cycle(dut):
    spec = load_spec()
    source = Beats(dut, spec, rng=random.Random(1))
    sink = StreamSink(dut, "o", rng=random.Random(1))
    dut.halt.value = dut.resume.value = dut.hold.value = dut.hold_start.value = dut.watchdog.value = 0
    dut.drained.value = 0
    await start(dut)
    beats = sample_beats([[0] * 20, [0] * 20], label=0, learn=False)
    receiving = cocotb.start_soon(sink.receive(len(beats)))
    began = get_sim_time("ns")
    cocotb.start_soon(source.send({"data": value, "last": last} for value, last in beats))
    await with_timeout(receiving, 10, "us")
    assert (get_sim_time("ns") - began) / PERIOD_NS == len(beats)
    assert spec.max_steps >= 2
