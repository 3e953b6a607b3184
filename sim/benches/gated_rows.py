"""cocotb bench of :mod:`rtl_gen.gated_rows`."""

import random

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge

from rtl_gen.contract.plan import plan_of

from ..bench import load_spec, start


@cocotb.test(timeout_time=50, timeout_unit="us")
async def a_window_is_gathered_and_the_next_begins_anew(dut):
    """Windows of some steps, groups right behind one another, and pauses between steps; then all groups are read."""
    block, rng = load_spec().blocks[0], random.Random(cocotb.RANDOM_SEED)
    lanes, groups = block.directives.lanes, plan_of(block).readout_words
    for name in ("en", "first", "marks", "reader__group"):
        dut[name].value = 0
    await start(dut)
    seen = 0
    for number in range(20):
        wanted = [0] * groups
        for step in range(rng.randint(1, 4)):
            for group in range(groups):
                marks = rng.getrandbits(lanes) & rng.getrandbits(lanes) & rng.getrandbits(lanes)
                wanted[group] |= marks
                dut.en.value, dut.first.value, dut.marks.value = 1, int(step == group == 0), marks
                await FallingEdge(dut.clk)
                dut.en.value, dut.marks.value = 0, rng.getrandbits(lanes)
                await ClockCycles(dut.clk, rng.choice((0, 1, 3)) or (groups == 1))
                await FallingEdge(dut.clk)
        await FallingEdge(dut.clk)
        for group in rng.sample(range(groups), groups):
            dut.reader__group.value = group
            await FallingEdge(dut.clk)
            assert int(dut.reader__gated.value) == wanted[group], f"window {number}, group {group}"
            seen += wanted[group] not in (0, (1 << lanes) - 1)
    assert seen, "no group of which some neurons had a gate"
