"""cocotb measurement of :mod:`rtl_gen.core`: in which cycle the result of each sample is out, and all is learned.

A host that is never slow gives one sample right after the other, and takes what comes at once.
"""

import json
import os
import random
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import with_timeout
from cocotb.utils import get_sim_time

from board.host.exchange import step_beats
from rtl_gen.contract.protocol import Status

from ..bench import PERIOD_NS, load_arrays, load_spec, start
from ..bus import CoreBus
from ..driver import CoreDriver
from ..scenario import Scenario

OUTPUT_VARIABLE = "SNNFPGA_OUTPUT"
LONGEST_MS = 200


@cocotb.test()
async def measure(dut):
    spec, rng = load_spec(), random.Random(1)
    scenario = Scenario.from_arrays(spec, load_arrays())
    bus = CoreBus(dut, rng=rng)
    await start(dut)
    driver = CoreDriver(bus, spec, rng=rng)
    await driver.load(scenario.network)
    found = []
    for learn in (False, True) if any(block.directives.learns for block in spec.blocks) else (False,):
        beats = []
        for spikes, label in zip(scenario.samples, scenario.labels, strict=True):
            events = [np.repeat(np.arange(len(step)), step).tolist() for step in spikes]
            beats += [np.concatenate(step_beats(events, label=label, learn=learn)).tolist()]
        began = get_sim_time("ns")
        sending = cocotb.start_soon(send(bus, beats))
        ends = []
        for _ in scenario.samples:
            await with_timeout(cocotb.start_soon(driver.receive_result()), LONGEST_MS, "ms")
            ends.append(int((get_sim_time("ns") - began) // PERIOD_NS))
        await sending
        await with_timeout(cocotb.start_soon(driver.wait_for(Status.IDLE)), LONGEST_MS, "ms")
        found.append({"learn": learn, "ends": ends, "idle": int((get_sim_time("ns") - began) // PERIOD_NS)})
    Path(os.environ[OUTPUT_VARIABLE]).write_text(json.dumps(found), encoding="utf-8")


async def send(bus, packets):
    for beats in packets:
        await bus.stream.send(beats)
