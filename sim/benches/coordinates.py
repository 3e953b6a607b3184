"""cocotb bench of :mod:`rtl_gen.coordinates`."""

import random

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles
from cocotb.utils import get_sim_time

from rtl_gen.contract.division import GridDivisions
from rtl_gen.coordinates import coordinates_layout, index_layout

from ..bench import PERIOD_NS, load_arrays, start
from ..stream import StreamSink, StreamSource

CARRIED_BITS = 5


def ends(dut, rng, source_duty=1.0, sink_duty=1.0):
    """The grid, and both ends."""
    grid = GridDivisions(*load_arrays()["grid"].tolist())
    return (grid, StreamSource(dut, "i", rng=rng, layout=index_layout(grid, CARRIED_BITS), duty=source_duty),
            StreamSink(dut, "o", rng=rng, layout=coordinates_layout(grid, CARRIED_BITS), duty=sink_duty))


@cocotb.test(timeout_time=500, timeout_unit="us")
@cocotb.parametrize(source_duty=[1.0, 0.5], sink_duty=[1.0, 0.5])
async def takes_every_index_apart(dut, source_duty, sink_duty):
    rng = random.Random(cocotb.RANDOM_SEED)
    grid, source, sink = ends(dut, rng, source_duty, sink_duty)
    shape = grid.height, grid.width, grid.channels
    indices = list(range(int(np.prod(shape)))) * 2
    rng.shuffle(indices)
    carried = [rng.randrange(1 << CARRIED_BITS) for _ in indices]
    await start(dut)
    assert dut.idle.value == 1
    cocotb.start_soon(source.send({"index": index, "carried": along}
                                  for index, along in zip(indices, carried, strict=True)))
    expected = []
    for index, along in zip(indices, carried, strict=True):
        y, x, c = (int(value) for value in np.unravel_index(index, shape))
        expected.append({"index": index, "y": y, "x": x, "c": c, "carried": along})
    for number, wanted in enumerate(expected):
        assert (await sink.receive(1))[0] == wanted
        assert dut.idle.value == 0 or number == len(expected) - 1 or source_duty < 1.0, "idle with an index inside"
    await ClockCycles(dut.clk, 12)
    assert dut.o__valid.value == 0, "an index too many"
    assert dut.idle.value == 1


@cocotb.test(timeout_time=100, timeout_unit="us")
async def takes_an_index_a_cycle(dut):
    grid, source, sink = ends(dut, random.Random(1))
    await start(dut)
    began = get_sim_time("ns")
    cocotb.start_soon(source.send({"index": 0} for _ in range(40)))
    await sink.receive(40)
    assert round((get_sim_time("ns") - began) / PERIOD_NS) == 40 + grid.latency
