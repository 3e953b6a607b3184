"""cocotb bench of :mod:`rtl_gen.counter_bank`: every turn against a sum."""

import json
import os
import random

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from ..bench import start

AT_ONCE = 0.2       # share of cycles in which a counter grows


def draw(largest, rng):
    return [rng.randint(1, most) if rng.random() < AT_ONCE else 0 for most in largest]


def packed(largest, amounts):
    word, at = 0, 0
    for most, amount in zip(largest, amounts, strict=True):
        word |= amount << at
        at += most.bit_length()
    return word


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def counts(dut):
    largest, bits = json.loads(os.environ["LARGEST"]), int(os.environ["BITS"])
    rng = random.Random(cocotb.RANDOM_SEED)
    dut.amounts.value, dut.clear.value = 0, 0
    await start(dut)
    full = clears = 0
    for _ in range(3):
        dut.rst.value = 1
        await RisingEdge(dut.clk)
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        counters, turn, last = [0] * len(largest), 0, [0] * len(largest)
        for _ in range(1000):
            amounts, clear = draw(largest, rng), rng.random() < 0.005
            dut.amounts.value, dut.clear.value = packed(largest, amounts), clear
            await RisingEdge(dut.clk)
            assert int(dut.turn.value) == turn
            assert int(dut.value.value) == counters[turn]
            full += counters[turn] == (1 << bits) - 1
            if clear:
                counters[turn] = 0
                clears += 1
            # What a counter grows by is seen from the cycle after the next on.
            counters = [min(counter + amount, (1 << bits) - 1) for counter, amount in zip(counters, last, strict=True)]
            last = amounts
            turn = (turn + 1) % len(largest)
            await FallingEdge(dut.clk)
    assert full, "no counter came to its largest value"
    assert clears, "no counter was cleared"
