"""cocotb bench of :mod:`rtl_gen.fifo`."""

import random

import cocotb
from cocotb.triggers import FallingEdge
from cocotb.utils import get_sim_time

from ..bench import PERIOD_NS, load_arrays, start
from ..stream import StreamSink, StreamSource


async def watch(dut, levels):
    while True:
        await FallingEdge(dut.clk)
        levels.append(int(dut.level.value))


@cocotb.test(timeout_time=200, timeout_unit="us")
@cocotb.parametrize(duties=[(1.0, 1.0), (1.0, 0.3), (0.3, 1.0), (0.5, 0.5)])
async def keeps_the_order(dut, duties):
    rng, levels = random.Random(cocotb.RANDOM_SEED), []
    source = StreamSource(dut, "i", rng=rng, duty=duties[0])
    sink = StreamSink(dut, "o", rng=rng, duty=duties[1])
    await start(dut)
    cocotb.start_soon(watch(dut, levels))
    payloads = [rng.randrange(1 << 8) for _ in range(200)]
    cocotb.start_soon(source.send(payloads))
    assert await sink.receive(len(payloads)) == payloads
    for _ in range(4):
        await FallingEdge(dut.clk)
        assert dut.o__valid.value == 0, "a payload too many"
    assert levels[-1] == 0
    assert max(levels) <= int(load_arrays()["depth"])


@cocotb.test(timeout_time=20, timeout_unit="us")
async def holds_its_depth_and_says_so(dut):
    depth = int(load_arrays()["depth"])
    source, sink = (end(dut, port, rng=random.Random(1)) for end, port in ((StreamSource, "i"), (StreamSink, "o")))
    await start(dut)
    for held in range(1, depth + 1):
        await source.send([held])
        assert int(dut.level.value) == held
    assert dut.i__ready.value == 0, "room for more than its depth"
    assert await sink.receive(depth) == list(range(1, depth + 1))
    assert int(dut.level.value) == 0


@cocotb.test(timeout_time=20, timeout_unit="us")
async def passes_a_payload_a_cycle(dut):
    """With a depth of 2 one every other cycle."""
    source, sink = (end(dut, port, rng=random.Random(1)) for end, port in ((StreamSource, "i"), (StreamSink, "o")))
    await start(dut)
    cocotb.start_soon(source.send(range(80)))
    await sink.receive(8)
    began = get_sim_time("ns")
    await sink.receive(64)
    assert (get_sim_time("ns") - began) / PERIOD_NS == (64 if int(load_arrays()["depth"]) > 2 else 128)
    await sink.receive(8)
