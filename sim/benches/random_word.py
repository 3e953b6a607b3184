"""cocotb bench of :class:`rtl_gen.rounding.RandomDraw`, one for each of some layers."""

import random

import cocotb
from cocotb.triggers import FallingEdge

from rtl_gen.rounding import RandomDraw

from ..bench import load_arrays, start
from ..reference.rounding import mix


@cocotb.test(timeout_time=50, timeout_unit="us")
async def gives_the_words_of_the_page(dut):
    """``vectors``: (n, 5) of seed, window number, layer, row, word."""
    dut.key__seed.value = dut.key__window_number.value = dut.row.value = 0
    await start(dut)
    compared = 0
    for seed, number, layer, row, word in load_arrays()["vectors"].tolist():
        dut.key__seed.value, dut.key__window_number.value, dut.row.value = seed, number, row & 0xFFFF
        for _ in range(RandomDraw.LATENCY):
            await FallingEdge(dut.clk)
        assert int(dut[f"word{layer}"].value) == word, f"seed {seed:#x}, window {number}, layer {layer}, row {row}"
        compared += 1
    assert compared >= 10


@cocotb.test(timeout_time=50, timeout_unit="us")
async def gives_a_word_a_cycle(dut):
    layers = load_arrays()["layers"].tolist()
    rng = random.Random(cocotb.RANDOM_SEED)
    await start(dut)
    for _ in range(4):
        seed, number = rng.getrandbits(32), rng.getrandbits(32)
        dut.key__seed.value, dut.key__window_number.value = seed, number
        rows = [*range(8), 0xFFFF, *(rng.getrandbits(16) for _ in range(12))]
        for cycle in range(len(rows) + RandomDraw.LATENCY):
            # Its word is there LATENCY edges after the row, and no earlier.
            if cycle >= RandomDraw.LATENCY:
                row = rows[cycle - RandomDraw.LATENCY]
                for layer in layers:
                    assert int(dut[f"word{layer}"].value) == mix(seed, number, layer, row), f"row {row}"
            dut.row.value = rows[min(cycle, len(rows) - 1)]
            await FallingEdge(dut.clk)
