"""A folded block that learns, all engines together, against the reference."""

import numpy as np

from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.folded.block import FoldedBlock
from sim.runner import simulate
from tests.folded_networks import conv, dense, folded_spec, pool
from tests.networks import with_shifts

from ..cases import on_both

TRIANGLE = dict(surrogate="triangle", surrogate_width=3, surrogate_height=7)
CASES = {
    "two dense": folded_spec(dense(12, 10), dense(10, 7), learning=True),
    "three dense": folded_spec(dense(9, 8, **TRIANGLE), with_shifts(dense(8, 7), (2, -4, 5)), dense(
        7, 9, reset="zero", leak_shift=1), learning=True, lanes=3, window=4, loss_steps=2),
    "conv, dense": folded_spec(conv(4, 4, 2, 5, 3, padding=1), dense(80, 6), learning=True),
    "two conv, pool": folded_spec(
        conv(5, 5, 1, 3, 2), conv(2, 2, 3, 5, 2, padding=1, pool=pool("sum", 2, 4, 4, 3)), learning=True, lanes=2),
    "recurrent": folded_spec(dense(7, 9, recurrent=True), dense(9, 6), learning=True),
    "residual": folded_spec(
        dense(7, 6), dense(6, 6), dense(6, 6, residual=ResidualSpec(below=2, shift=1, own_shift=0)), learning=True),
    "one bit": folded_spec(dense(9, 8, weight_bits=1, threshold=3), dense(8, 6, weight_bits=1, threshold=3),
                           learning=True),
}

GAINS = {"residual": 1.5}


@on_both(CASES, verilator="conv, dense")
def test_matches_reference(case, simulator, tmp_path):
    simulate(FoldedBlock(CASES[case], 0), bench="sim.benches.block", build_dir=tmp_path, simulator=simulator,
             environment={"SNNFPGA_DUTY": "0.7", "SNNFPGA_STEPS": "2", "SNNFPGA_TIMEOUT_US": "1000"},
             arrays={"samples": np.array(8), "density": np.array(0.3), "gain": np.array(GAINS.get(case, 0.7))})
