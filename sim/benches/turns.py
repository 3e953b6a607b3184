"""cocotb bench of :mod:`rtl_gen.turns`."""

import random

import cocotb
from cocotb.triggers import FallingEdge

from rtl_gen.turns import Owner

from ..bench import start


@cocotb.test(timeout_time=100, timeout_unit="us")
async def a_turn_lasts_as_long_as_it_says(dut):
    rng, owner, seen = random.Random(cocotb.RANDOM_SEED), Owner.FORWARD, set()
    dut.free.value = dut.handed.value = dut.done.value = 0
    await start(dut)
    for _ in range(2000):
        # A window is dealt with only while it is the update engine's turn; nothing is handed over from an empty block.
        updating = owner is Owner.UPDATE
        done = updating and rng.random() < 0.2
        free = not updating and rng.random() < 0.5
        handed = not updating and not free and rng.random() < 0.3
        dut.free.value, dut.handed.value, dut.done.value = int(free), int(handed), int(done)
        await FallingEdge(dut.clk)
        if handed:
            owner = Owner.UPDATE
        elif done or not updating:
            owner = Owner.HOST if free else Owner.FORWARD
        assert int(dut.owner.value) == owner.value, f"free {free}, handed {handed}, done {done}"
        seen.add(owner)
    assert seen == set(Owner)
