"""cocotb bench of :mod:`rtl_gen.slice`."""

import random

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge
from cocotb.utils import get_sim_time

from rtl_gen.slice import Slice

from ..bench import PERIOD_NS, start
from ..stream import StreamSink, StreamSource


@cocotb.test(timeout_time=100, timeout_unit="us")
@cocotb.parametrize(source_duty=[1.0, 0.5], sink_duty=[1.0, 0.5])
async def hands_on_every_payload(dut, source_duty, sink_duty):
    rng = random.Random(cocotb.RANDOM_SEED)
    source = StreamSource(dut, "i", rng=rng, duty=source_duty)
    sink = StreamSink(dut, "o", rng=rng, duty=sink_duty)
    await start(dut)
    payloads = [rng.randrange(1 << 8) for _ in range(200)]
    cocotb.start_soon(source.send(payloads))
    assert await sink.receive(len(payloads)) == payloads
    await ClockCycles(dut.clk, 4)
    assert dut.o__valid.value == 0, "a payload too many"


@cocotb.test(timeout_time=100, timeout_unit="us")
async def sustains_a_payload_a_cycle(dut):
    source = StreamSource(dut, "i", rng=random.Random(1))
    sink = StreamSink(dut, "o", rng=random.Random(1))
    await start(dut)
    began = get_sim_time("ns")
    cocotb.start_soon(source.send(range(64)))
    await sink.receive(64)
    assert (get_sim_time("ns") - began) / PERIOD_NS == 64 + Slice.LATENCY


@cocotb.test(timeout_time=100, timeout_unit="us")
async def ready_and_valid_are_registers(dut):
    """Neither changes within a cycle, whatever the other end does."""
    await start(dut)
    rng = random.Random(cocotb.RANDOM_SEED)
    dut.i__payload.value = 0
    for _ in range(200):
        dut.i__valid.value, dut.o__ready.value = rng.randrange(2), rng.randrange(2)
        await cocotb.triggers.Timer(1, unit="ns")
        before = int(dut.i__ready.value), int(dut.o__valid.value)
        dut.i__valid.value, dut.o__ready.value = rng.randrange(2), rng.randrange(2)
        await cocotb.triggers.Timer(1, unit="ns")
        assert (int(dut.i__ready.value), int(dut.o__valid.value)) == before
        await FallingEdge(dut.clk)
