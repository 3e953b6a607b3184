"""cocotb bench of :func:`rtl_gen.errors.class_error`, one for each of some readouts, over every logit there is."""

from collections import deque

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from rtl_gen.contract.arithmetic import ERROR_BITS, error_table
from rtl_gen.errors import ERROR_LATENCY

from ..bench import load_arrays, start
from ..lanes import Port
from ..reference.readout import errors


@cocotb.test(timeout_time=50, timeout_unit="us")
async def matches_reference(dut):
    """``readouts``: (n, 3) of logit shift, dead zone, whether the error function is logistic."""
    readouts = load_arrays()["readouts"].tolist()
    logit_bits = int(load_arrays()["logit_bits"])
    logits = np.arange(-1 << (logit_bits - 1), 1 << (logit_bits - 1))
    expected = []
    for shift, dead_zone, logistic in readouts:
        table = np.array(error_table("logistic" if logistic else "hard_sigmoid"), np.int64)
        expected.append([[int(errors(np.array([logit]), label, shift, table, dead_zone)[0]) for logit in logits]
                         for label in (-1, 0)])         # another class is the label; this one is
    logit, error = Port(dut, "logit", bits=logit_bits), Port(dut, "errors", bits=ERROR_BITS, count=len(readouts))
    await start(dut)
    coming = deque([None] * (ERROR_LATENCY - 1))     # logits whose errors are still to come
    for is_label, place in [*np.ndindex(2, len(logits)), *[(0, 0)] * (ERROR_LATENCY - 1)]:
        dut.is_label.value = is_label
        logit.write(int(logits[place]))
        coming.append((is_label, place))
        await FallingEdge(dut.clk)
        if (found := coming.popleft()) is not None:
            wanted = [of_label[found[0]][found[1]] for of_label in expected]
            assert error.read() == wanted, f"logit {logits[found[1]]}, label {found[0]}: readouts {readouts}"
