"""cocotb bench that runs a host script on a core; see :mod:`sim.core`."""

import importlib
import json
import os
import random
from pathlib import Path

import cocotb
from cocotb.task import bridge

from ..bench import load_spec, start
from ..bus import RegisterDriver, StreamDriver, StreamMonitor
from ..core import SCRIPT_VARIABLE, SimulatedLink


@cocotb.test()          # each wait of the link is bounded; the script itself may take as long as it likes
async def runs_the_script(dut):
    order = json.loads(Path(os.environ[SCRIPT_VARIABLE]).read_text("utf-8"))
    rng = random.Random(cocotb.RANDOM_SEED)
    registers = RegisterDriver(dut, "s_axi", rng=rng)
    streams = ()
    if hasattr(dut, "s_axis_tdata"):
        streams = StreamDriver(dut, "s_axis", rng=rng), StreamMonitor(dut, "m_axis", rng=rng)
    await start(dut)
    link = SimulatedLink(registers, *streams)
    answer = Path(order["answer"])
    try:
        module, _, name = order["script"].partition(":")
        function = getattr(importlib.import_module(module), name)
        value = await bridge(function)(link, load_spec(), **order["arguments"])
    except Exception as error:
        answer.write_text(json.dumps({"error": f"{type(error).__name__}: {error}"}), encoding="utf-8")
        raise
    answer.write_text(json.dumps({"value": value}), encoding="utf-8")
