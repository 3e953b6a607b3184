"""What every cocotb bench begins with: its parameters, the clock, the reset."""

import json
import os

import numpy as np
from cocotb.clock import Clock
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles, FallingEdge
from numpy.typing import NDArray

from rtl_gen.contract.spec import NetworkSpec

SPEC_VARIABLE = "SNNFPGA_SPEC"
ARRAYS_VARIABLE = "SNNFPGA_ARRAYS"
PERIOD_NS = 10


def load_spec() -> NetworkSpec:
    """The network the component was made for."""
    return NetworkSpec.from_dict(json.loads(os.environ[SPEC_VARIABLE]))


def load_arrays() -> dict[str, NDArray]:
    """The arrays handed to :func:`sim.runner.run` as ``arrays``."""
    with np.load(os.environ[ARRAYS_VARIABLE], allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


async def start(dut: HierarchyObject, *, reset_cycles: int = 2) -> None:
    """Start the clock and reset the design; returns at a falling edge, out of reset."""
    # cocotb would run it in Python wherever writes wait for their phase, and that is a fifth of a simulation. The
    # simulator's does not wait: it starts low, so that what benches have written before is there at the first edge.
    Clock(dut.clk, PERIOD_NS, unit="ns", impl="gpi").start(start_high=False)
    dut.rst.value = 1
    await ClockCycles(dut.clk, reset_cycles)
    await FallingEdge(dut.clk)
    dut.rst.value = 0
