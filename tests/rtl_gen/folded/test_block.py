"""One folded block, all engines together, against the reference."""

import numpy as np
import pytest

from rtl_gen.folded.block import FoldedBlock
from sim.runner import simulate
from tests.folded_networks import conv, dense, folded_spec, pool

CASES = {
    "two-layers": folded_spec(dense(12, 10), dense(10, 7)),
    "one-lane": folded_spec(dense(6, 5), dense(5, 4, threshold=40), dense(4, 5, threshold=30), lanes=1),
    "conv": folded_spec(conv(5, 4, 2, 6, 3, padding=1)),
    "conv-dense": folded_spec(conv(5, 5, 2, 5, 3), dense(45, 6), lanes=3),
    "signs": folded_spec(conv(4, 4, 2, 5, 3, padding=1, weight_bits=1, threshold=3, bias=False),
                         dense(80, 6, weight_bits=1, threshold=4, bias=False), weight_bits=1),
    "or-pool": folded_spec(conv(3, 3, 2, 6, 2, pool=pool("or", 2, 6, 6, 2)), dense(24, 6)),
    "sum-pool-between": folded_spec(conv(6, 5, 1, 4, 3, padding=1),
                                    conv(3, 2, 4, 5, 2, pool=pool("sum", 2, 6, 5, 4)), lanes=4),
}


@pytest.mark.parametrize("case", CASES)
def test_matches_reference(case, simulator, tmp_path):
    simulate(FoldedBlock(CASES[case], 0), bench="sim.benches.block", build_dir=tmp_path, simulator=simulator,
             environment={"SNNFPGA_DUTY": "1.0", "SNNFPGA_STEPS": "3"},
             arrays={"samples": np.array(12), "density": np.array(0.3), "gain": np.array(0.7)})
