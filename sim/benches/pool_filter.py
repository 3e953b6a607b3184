"""cocotb bench of :mod:`rtl_gen.pool_filter`."""

import json
import os
import random
from collections import Counter
from dataclasses import replace

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles

from rtl_gen.contract.grid import PoolSpec
from rtl_gen.token import TokenKind, token_layout
from sim.reference.grid import pooled

from ..bench import start
from ..stream import StreamSink, StreamSource

POOL_VARIABLE = "SNNFPGA_POOL"
CLASSES = 3
START, EVENT, STEP, ABORT = (kind.value for kind in TokenKind)


def random_steps(rng, inputs):
    """Tokens of steps, with events in any order and none twice."""
    tokens = []
    for number in range(30):
        tokens += [{"kind": START, "last": 0, "value": rng.randrange(2 * CLASSES)}] * (number % 4 == 0)
        events = rng.sample(range(inputs), rng.choice((0, 1, inputs // 2, inputs)))
        tokens += [{"kind": EVENT, "last": 0, "value": index} for index in events]
        tokens.append({"kind": rng.choice((STEP, ABORT)), "last": rng.randrange(2), "value": 0})
    return tokens


@cocotb.test(timeout_time=500, timeout_unit="us")
@cocotb.parametrize(source_duty=[1.0, 0.5], sink_duty=[1.0, 0.5])
async def counts_are_those_of_the_reference(dut, source_duty, sink_duty):
    """Every step between its other tokens: so many events for each square; all else as it came."""
    # Events are counted whatever the kind: that of a square's several one stays is another filter's.
    pool = replace(PoolSpec(**json.loads(os.environ[POOL_VARIABLE])), kind="sum")
    rng = random.Random(cocotb.RANDOM_SEED)
    source = StreamSource(dut, "i", rng=rng, layout=token_layout(pool.inputs, CLASSES), duty=source_duty)
    sink = StreamSink(dut, "o", rng=rng, layout=token_layout(pool.outputs, CLASSES), duty=sink_duty)
    sent = random_steps(rng, pool.inputs)
    await start(dut)
    assert dut.idle.value == 1
    cocotb.start_soon(source.send(sent))
    events = []
    for token in sent:
        if token["kind"] == EVENT:
            events.append(token["value"])
            continue
        step = np.zeros((1, pool.inputs), np.uint8)
        step[0, events] = 1
        counts = pooled(pool, step)[0]
        found = Counter(taken["value"] for taken in await sink.receive(int(counts.sum())))
        assert [found[square] for square in range(pool.outputs)] == counts.tolist()
        assert (await sink.receive(1))[0] == token
        events = []
    await ClockCycles(dut.clk, 16)
    assert dut.o__valid.value == 0, "a token too many"
    assert dut.idle.value == 1
