"""cocotb measurement of :mod:`rtl_gen.block` and :mod:`rtl_gen.folded.block`: which share of its lane-cycles does a
synaptic operation."""

import json
import os
import random
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from rtl_gen.contract.plan import plan_of
from rtl_gen.token import token_layout

from ..bench import load_arrays, load_spec, start
from ..reference.initial import random_network
from ..stream import pack
from .block import Counter, Host, idle, sample_tokens

OUTPUT_VARIABLE = "SNNFPGA_OUTPUT"


async def drive(dut, tokens):
    """Offer a token in every cycle."""
    dut.i__valid.value = 1
    for payload in tokens:
        dut.i__payload.value = payload
        await FallingEdge(dut.clk)
        while dut.i__ready.value != 1:
            await FallingEdge(dut.clk)
    dut.i__valid.value = 0


async def cycles_until_idle(dut):
    cycles = quiet = 0
    while quiet < 8:
        await FallingEdge(dut.clk)
        cycles += 1
        quiet = quiet + 1 if dut.idle.value == 1 else 0
    return cycles - quiet


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def measure(dut):
    """Cycles run from the first token offered to the last spike, answer and weight."""
    spec, settings = load_spec(), {name: value.item() for name, value in load_arrays().items()}
    network = random_network(spec, 7, density=settings["density"], gain=0.5)
    host, counter, rng = Host(dut, spec), Counter(dut, spec), random.Random(1)
    dut.registers__seed.value = spec.seed
    dut.registers__w_en.value = 0
    dut.i__valid.value = 0
    dut.o__ready.value = 1
    dut.result__ready.value = 1
    await start(dut)
    await idle(dut)
    await host.begin(network)

    layout = token_layout(spec.inputs, spec.classes)
    seed, tokens, events = np.random.default_rng(1), [], 0
    for _ in range(settings["samples"]):
        spikes = (seed.random((settings["steps"], spec.inputs)) < settings["density"]).astype(np.uint8)
        events += int(spikes.sum())
        tokens += [pack(layout, token) for token in sample_tokens(spec, spikes, 0, settings["learn"], rng)]
    cocotb.start_soon(counter.run())
    cocotb.start_soon(drive(dut, tokens))
    cycles = await cycles_until_idle(dut)

    operations = counter.totals["synaptic_operations"]
    assert operations == events * spec.blocks[0].outputs or not plan_of(spec.blocks[0]).flat
    Path(os.environ[OUTPUT_VARIABLE]).write_text(json.dumps({
        "cycles": cycles,
        "synaptic_operations": operations,
        "share": counter.totals["busy_lane_cycles"] / (cycles * spec.blocks[0].directives.lanes),
        **{name: counter.totals[name] for name in ("forward_cycles", "update_cycles", "stall_cycles", "updates")},
    }), encoding="utf-8")
