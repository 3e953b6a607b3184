"""cocotb bench of :mod:`rtl_gen.seen_filter`."""

import random

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotb.utils import get_sim_time

from rtl_gen.contract.engines.seen import SeenMemory
from rtl_gen.token import TokenKind, token_layout

from ..bench import PERIOD_NS, load_arrays, start
from ..stream import StreamSink, StreamSource

CLASSES = 3
START, EVENT, STEP, ABORT = (kind.value for kind in TokenKind)


def ends(dut, rng, source_duty=1.0, sink_duty=1.0):
    """How many indices there are, how many events of each count, and both ends."""
    indices, most = (int(load_arrays()[name]) for name in ("indices", "most"))
    layout = token_layout(indices, CLASSES)
    return (indices, most, StreamSource(dut, "i", rng=rng, layout=layout, duty=source_duty),
            StreamSink(dut, "o", rng=rng, layout=layout, duty=sink_duty))


async def count(dut, totals):
    while True:
        await RisingEdge(dut.clk)
        totals["accepted"] += dut.accepted.value == 1
        totals["dropped"] += dut.dropped.value == 1


async def settled(dut):
    """Wait until it is idle; gives the cycles."""
    cycles = 0
    while dut.idle.value != 1:
        await FallingEdge(dut.clk)
        cycles += 1
    return cycles


def random_steps(rng, indices, most, steps):
    """Tokens, and those that must be left of them."""
    sent, left = [], []
    for number in range(steps):
        if number % 7 == 0:
            token = {"kind": START, "last": 0, "value": rng.randrange(2 * CLASSES)}
            sent.append(token)
            left.append(token)
        # The same few again and again, so that what was marked in any step before would show.
        pool = rng.choice((range(indices), rng.sample(range(indices), min(3, indices))))
        events = [rng.choice(pool) for _ in range(most * rng.choice((0, 1, 4, 9)))]
        sent += [{"kind": EVENT, "last": 0, "value": index} for index in events]
        left += [{"kind": EVENT, "last": 0, "value": index} for at, index in enumerate(events)
                 if events[:at].count(index) < most]
        token = {"kind": rng.choice((STEP, STEP, ABORT)), "last": rng.randrange(2), "value": 0}
        sent.append(token)
        left.append(token)
    return sent, left


@cocotb.test(timeout_time=2000, timeout_unit="us")
@cocotb.parametrize(source_duty=[1.0, 0.5], sink_duty=[1.0, 0.5])
async def passes_the_first_of_each_event(dut, source_duty, sink_duty):
    rng = random.Random(cocotb.RANDOM_SEED)
    indices, most, source, sink = ends(dut, rng, source_duty, sink_duty)
    totals = {"accepted": 0, "dropped": 0}
    await start(dut)
    cocotb.start_soon(count(dut, totals))
    sent, left = random_steps(rng, indices, most, 100 if most < 16 else 20)
    cocotb.start_soon(source.send(sent))
    assert await sink.receive(len(left)) == left
    await ClockCycles(dut.clk, 8)
    await FallingEdge(dut.clk)
    await settled(dut)
    assert dut.o__valid.value == 0, "a token too many"
    events = [sum(token["kind"] == EVENT for token in tokens) for tokens in (sent, left)]
    assert totals == {"accepted": events[1], "dropped": events[0] - events[1]}
    assert totals["dropped"] > 0, "no event came twice"


@cocotb.test(timeout_time=2000, timeout_unit="us")
async def forgets_a_step_however_many_went_by(dut):
    """An event comes, then does not for any number of steps up to more than are numbered; then it is the first again.
    """
    indices, most, source, sink = ends(dut, random.Random(1))
    await start(dut)
    for silent in range(2 << SeenMemory.NUMBER_BITS):
        for index in {0, indices - 1}:
            tokens = [{"kind": EVENT, "last": 0, "value": index}] * most + [{"kind": STEP, "last": 0, "value": 0}] * (
                silent + 1)
            cocotb.start_soon(source.send(tokens))
            assert await sink.receive(len(tokens)) == tokens, f"after {silent} steps"


@cocotb.test(timeout_time=500, timeout_unit="us")
async def forgets_at_a_reset_which_events_came(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    indices, most, source, sink = ends(dut, rng)
    declared = SeenMemory(indices, most=most)
    events = [{"kind": EVENT, "last": 0, "value": index} for index in range(indices)] * most
    await start(dut)
    for whole in range(3):
        taking = cocotb.start_soon(sink.receive(len(events)))
        await source.send(events)
        assert await taking == events, f"an event of before reset {whole} is taken for the first of two"
        dut.rst.value = 1
        await ClockCycles(dut.clk, 2)
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        assert dut.i__ready.value == 0
        assert await settled(dut) == declared.words


@cocotb.test(timeout_time=100, timeout_unit="us")
async def takes_a_token_a_cycle_and_clears_behind_a_step(dut):
    indices, most, source, sink = ends(dut, random.Random(1))
    await start(dut)
    await settled(dut)
    count = min(indices, 20)
    tokens = [{"kind": EVENT, "last": 0, "value": index} for index in range(count)] + [{"kind": STEP}]
    cocotb.start_soon(sink.receive(2 * len(tokens) + 1))
    began = get_sim_time("ns")
    await source.send([*tokens, *tokens, {"kind": START}])
    assert round((get_sim_time("ns") - began) / PERIOD_NS) == 2 * (
        len(tokens) + SeenMemory(indices, most=most).cleared) + 1
