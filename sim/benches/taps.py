"""cocotb bench of :mod:`rtl_gen.folded.taps`: each event's taps against the definition of a convolution."""

import random

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from rtl_gen.contract.plan import plan_of
from rtl_gen.folded.taps import TapWalk, tap_event_layout, tap_layout

from ..bench import load_spec, start
from ..stream import StreamSink, StreamSource


def taps_of(plan, y, x, c):
    """Each (word, address, whether its place ends) by which an event reaches neurons, from the definition."""
    conv = plan.layer.synapses
    for oy in range(conv.out_height):
        for ox in range(conv.out_width):
            ky, kx = y + conv.padding - oy * conv.stride, x + conv.padding - ox * conv.stride
            if 0 <= ky < conv.kernel and 0 <= kx < conv.kernel:
                row = (ky * conv.kernel + kx) * conv.channels + c
                for part in range(plan.column_words):
                    yield ((oy * conv.out_width + ox) * plan.column_words + part,
                           plan.weight_base + part * plan.rows + row, int(part == plan.column_words - 1))


def all_events(plan):
    """Every event of every convolution of the block."""
    for number, layer in enumerate(plan.layers):
        conv = layer.layer.synapses
        if conv.kind == "conv":
            yield from ((number, y, x, c) for y in range(conv.height) for x in range(conv.width)
                        for c in range(conv.channels))


@cocotb.test(timeout_time=500, timeout_unit="us")
@cocotb.parametrize(duty=[1.0, 0.5])
async def matches_the_definition(dut, duty):
    plan, rng = plan_of(load_spec().blocks[0]), random.Random(cocotb.RANDOM_SEED)
    source = StreamSource(dut, "i", rng=rng, layout=tap_event_layout(plan), duty=duty)
    sink = StreamSink(dut, "o", rng=rng, layout=tap_layout(plan), duty=duty)
    await start(dut)
    events = list(all_events(plan))
    rng.shuffle(events)
    cocotb.start_soon(source.send([dict(zip(("layer", "y", "x", "c"), event, strict=True)) for event in events]))
    met = 0
    for number, *event in events:
        expected = sorted(taps_of(plan.layers[number], *event))
        got = await sink.receive(max(1, len(expected)))
        assert [tap["last"] for tap in got] == [0] * (len(got) - 1) + [1], f"{event}: last"
        assert [tap["empty"] for tap in got] == [int(not expected)] * len(got), f"{event}: empty"
        if expected:
            found = sorted((tap["word"], tap["address"], tap["place_ends"]) for tap in got)
            assert found == expected, f"{event} of layer {number}"
        met += len(expected)
    assert met > len(events) / 4, "hardly any event was seen"
    await ClockCycles(dut.clk, 8)
    assert dut.o__valid.value == 0, "more taps than the definition has"


@cocotb.test(timeout_time=500, timeout_unit="us")
async def a_tap_a_cycle(dut):
    plan = plan_of(load_spec().blocks[0])
    source = StreamSource(dut, "i", rng=random.Random(1), layout=tap_event_layout(plan))
    await start(dut)
    dut.o__ready.value = 1
    events = list(all_events(plan))
    taps = sum(max(1, len(list(taps_of(plan.layers[number], *event)))) for number, *event in events)
    cocotb.start_soon(source.send([dict(zip(("layer", "y", "x", "c"), event, strict=True)) for event in events]))
    came, waited = [], 0
    while len(came) < taps:
        await RisingEdge(dut.clk)
        waited += dut.i__valid.value == 1
        if dut.o__valid.value == 1:
            came.append(waited)
    assert came[0] == TapWalk.LATENCY + 1
    assert came[-1] - came[0] <= taps - 1, f"{taps} taps took {came[-1] - came[0] + 1} cycles"
