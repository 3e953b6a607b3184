"""A block as the cells that synthesis makes of it passes the block's own bench, and with one wrong cell it does not."""

import re

import numpy as np
import pytest

from board.xilinx.netlist import netlist_verilog
from rtl_gen.block import Block
from rtl_gen.emit import to_rtlil
from sim.runner import SimulationError, build_verilog, run
from tests.networks import network_spec

# Both ports of a weight memory in LUTs; padding lanes; a reset by another amount.
CASES = {
    "stochastic": dict(inputs=6, sizes=(9,), lanes=4, window=2, rounding="stochastic", shadow_bits=0, rate_shift=5),
    "nearest": dict(inputs=7, sizes=(10,), lanes=3, window=3, loss_steps=2, reads=2, unroll=True, learned=False,
                    reset_amount=80),
}
LUT = re.compile(r"LUT[456] #\(\s*\.INIT\((\d+)'([dh])([0-9a-f]+)\)")


@pytest.fixture(scope="module")
def netlists():
    """Specification and netlist of each case, made when it is first asked for."""
    made = {}

    def of(case):
        if case not in made:
            spec = network_spec(**CASES[case])
            made[case] = spec, netlist_verilog(to_rtlil(Block(spec, 0), name="Block"), top="Block", family="xc7")
        return made[case]

    return of


def bench(spec, text, folder, simulator):
    design = build_verilog(text, top="Block", build_dir=folder, simulator=simulator, spec=spec)
    run(design, bench="sim.benches.block", environment={"SNNFPGA_DUTY": "0.7", "SNNFPGA_TIMEOUT_US": "2000"},
        arrays={"samples": np.array(10), "density": np.array(0.3), "gain": np.array(0.5)})


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_cells_of_a_block_do_what_it_does(case, netlists, icarus, tmp_path):
    spec, text = netlists(case)
    assert text.count("RAM32M") > 10, "no memory in LUTs"
    assert text.count("CARRY4") > 50
    bench(spec, text, tmp_path, icarus)


@pytest.mark.slow
@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_wrong_cell_is_found(place, netlists, icarus, tmp_path):
    """One LUT says no for yes and yes for no."""
    spec, text = netlists("stochastic")
    luts = list(LUT.finditer(text))
    assert len(luts) > 500
    chosen = luts[int(place * len(luts))]
    bits, table = int(chosen[1]), int(chosen[3], 16 if chosen[2] == "h" else 10)
    wrong = f"{bits}'h{table ^ (1 << bits) - 1:x}"
    with pytest.raises(SimulationError, match=r"cocotb tests failed in sim\.benches\.block"):
        bench(spec, f"{text[:chosen.start(1)]}{wrong}{text[chosen.end(3):]}", tmp_path, icarus)
