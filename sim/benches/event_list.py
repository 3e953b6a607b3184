"""cocotb bench of :mod:`rtl_gen.event_list`. The bench plays the forward engine, which reads the banks."""

import random

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotb.utils import get_sim_time

from rtl_gen.event_list import step_layout
from rtl_gen.token import TokenKind, token_layout

from ..bench import PERIOD_NS, load_arrays, start
from ..stream import StreamSink, StreamSource

START, EVENT, STEP, ABORT = (kind.value for kind in TokenKind)


class Reader:
    """Takes steps, reads their events, gives the seen bits back, and releases the bank."""

    def __init__(self, dut, sink, rng, duty, indices):
        self.dut, self.sink, self.rng, self.duty = dut, sink, rng, duty
        self.indices = indices
        self.reads, self.first = (int(load_arrays()[name]) for name in ("reads", "first"))
        self.steps = []
        dut.reader__clear_en.value = dut.reader__release.value = 0

    async def run(self):
        while True:
            step = (await self.sink.receive(1))[0]
            events = []
            if step["kind"] != START:
                events = await self.read(step["bank"], step["count"])
            self.steps.append((step["kind"], step["last"], step["value"] if step["kind"] == START else 0, events))

    async def read(self, bank, count):
        dut, events = self.dut, []
        assert dut.empty.value == 0, "empty although a step was not read"
        for position in range(count):
            pair, half = divmod(position + self.first, self.reads)
            dut.reader__bank.value, dut.reader__position.value = bank, pair
            await ClockCycles(dut.clk, 2)
            await FallingEdge(dut.clk)
            # With one input an index has no bits, and a port of no bits nothing to read.
            events.append(int(dut["reader__second" if half else "reader__index"].value) if self.indices > 1 else 0)
            while self.rng.random() >= self.duty:
                await FallingEdge(dut.clk)
            dut.reader__clear_en.value = 1
            dut.reader__clear_bank.value, dut.reader__clear_index.value = bank, events[-1]
            # The last event may be given back in the very cycle of the release.
            together = position == count - 1 and self.rng.random() < 0.5
            dut.reader__release.value = 1 << bank if together else 0
            await FallingEdge(dut.clk)
            dut.reader__clear_en.value = dut.reader__release.value = 0
            if together:
                return events
        dut.reader__release.value = 1 << bank
        await FallingEdge(dut.clk)
        dut.reader__release.value = 0
        return events


async def count(dut, totals):
    while True:
        await RisingEdge(dut.clk)
        totals["accepted"] += dut.accepted.value == 1
        totals["dropped"] += dut.dropped.value == 1


def random_tokens(rng, indices, classes, samples):
    """Tokens, and what the reader must see: (kind, last, value, events)."""
    tokens, expected = [], []
    for _ in range(samples):
        value = rng.randrange(2 * classes)
        tokens.append({"kind": START, "value": value})
        expected.append((START, 0, value, []))
        steps = rng.randint(1, 4)
        aborted = rng.random() < 0.3
        for t in range(steps):
            most = rng.choice((0, 1, indices + 2, 2 * indices + 2))
            events = [rng.randrange(indices) for _ in range(rng.randint(0, most))]
            if rng.random() < 0.2:
                events = rng.sample(range(indices), indices)      # a full bank
            tokens += [{"kind": EVENT, "value": index} for index in events]
            kind, last = (ABORT, 0) if aborted and t == steps - 1 else (STEP, int(t == steps - 1))
            tokens.append({"kind": kind, "last": last})
            expected.append((kind, last, 0, list(dict.fromkeys(events))))
    return tokens, expected


def ends(dut, duty, rng):
    indices, classes = (int(load_arrays()[name]) for name in ("indices", "classes"))
    source = StreamSource(dut, "i", rng=rng, layout=token_layout(indices, classes), duty=duty)
    sink = StreamSink(dut, "step", rng=rng, layout=step_layout(indices, classes), duty=duty)
    return indices, classes, source, sink


async def cleared(dut, indices):
    """Wait until the list has gone through its inputs, as it must, once each and in as many cycles."""
    rows = []
    while dut.clearing__en.value == 1:
        assert dut.i__ready.value == 0, "a token was taken before the list was cleared"
        assert dut.empty.value == 0, "empty before the list was cleared"
        rows.append(int(dut.clearing__row.value) if indices > 1 else 0)
        await FallingEdge(dut.clk)
    assert rows == list(range(indices))


@cocotb.test(timeout_time=300, timeout_unit="us")
async def forgets_at_a_reset_which_events_came(dut):
    """An unfinished step, a reset, and the same events again: none of them comes for the second time."""
    rng = random.Random(cocotb.RANDOM_SEED)
    indices, _, source, sink = ends(dut, 1.0, rng)
    reader = Reader(dut, sink, rng, 1.0, indices)
    await start(dut)
    await cleared(dut, indices)
    events = [{"kind": EVENT, "value": i} for i in range(indices)]
    for whole in (0, 1):        # so that either bank is left full once
        await source.send([*events, {"kind": STEP}] * whole + events)
        dut.rst.value = 1
        await ClockCycles(dut.clk, 2)
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        await FallingEdge(dut.clk)
        while dut.clearing__en.value == 1:
            await FallingEdge(dut.clk)
        taking = cocotb.start_soon(sink.receive(2))
        await source.send([*events, {"kind": STEP}] * 2)
        for step in await taking:
            assert step["count"] == indices, "an event of before the reset is taken for the first of two"
            assert await reader.read(step["bank"], indices) == list(range(indices))


@cocotb.test(timeout_time=300, timeout_unit="us")
@cocotb.parametrize(source_duty=[1.0, 0.5], reader_duty=[1.0, 0.4])
async def keeps_the_first_of_each_event_in_order(dut, source_duty, reader_duty):
    rng = random.Random(cocotb.RANDOM_SEED)
    indices, classes, source, sink = ends(dut, source_duty, rng)
    sink.duty = reader_duty
    reader, totals = Reader(dut, sink, rng, reader_duty, indices), {"accepted": 0, "dropped": 0}
    await start(dut)
    await cleared(dut, indices)
    cocotb.start_soon(count(dut, totals))
    cocotb.start_soon(reader.run())
    tokens, expected = random_tokens(rng, indices, classes, 12)
    await source.send(tokens)
    while len(reader.steps) < len(expected):
        await FallingEdge(dut.clk)
    await ClockCycles(dut.clk, 8)
    assert reader.steps == expected
    accepted = sum(len(events) for *_, events in expected)
    assert totals == {"accepted": accepted, "dropped": sum(t["kind"] == EVENT for t in tokens) - accepted}
    assert totals["dropped"] > 0, "no event came twice"
    assert dut.step__valid.value == 0, "more steps than were sent"
    assert dut.empty.value == 1


@cocotb.test(timeout_time=300, timeout_unit="us")
async def takes_a_token_a_cycle_while_a_bank_is_free(dut):
    indices, _, source, sink = ends(dut, 1.0, random.Random(1))
    reader = Reader(dut, sink, random.Random(1), 1.0, indices)
    await start(dut)
    await cleared(dut, indices)
    began = get_sim_time("ns")
    step = [{"kind": EVENT, "value": i} for i in range(indices)] + [{"kind": STEP}]
    taking = cocotb.start_soon(sink.receive(3))
    await source.send([{"kind": START}, *step, *step])
    assert (get_sim_time("ns") - began) / PERIOD_NS == 1 + 2 * len(step)
    steps = await taking

    # Both banks hold a step that nobody read: an event waits, for the first of them to be released.
    waiting = cocotb.start_soon(source.send([step[0]]))
    for _ in range(20):
        await FallingEdge(dut.clk)
        assert dut.i__ready.value == 0, "an event was taken although both banks are busy"
        assert dut.step__valid.value == 0
    assert [(taken["count"], taken["bank"]) for taken in steps[1:]] == [(indices, 0), (indices, 1)]
    assert await reader.read(0, indices) == list(range(indices))
    assert dut.i__ready.value == 1, "an event is not taken although a bank was released"
    await waiting
    assert await reader.read(1, indices) == list(range(indices))
