"""One folded block, all engines together, against the reference."""

import numpy as np

from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.folded.block import FoldedBlock
from sim.runner import simulate
from tests.folded_networks import conv, dense, folded_spec, pool
from tests.networks import with_shifts

from ..cases import on_both

CASES = {
    "two-layers": folded_spec(dense(12, 10), dense(10, 7)),
    "no-bias": folded_spec(dense(6, 5, bias=False), dense(5, 6, bias=False, threshold=15)),
    "one-lane": folded_spec(dense(6, 5), dense(5, 4, threshold=40), dense(4, 5, threshold=20), lanes=1),
    "conv": folded_spec(conv(5, 4, 2, 6, 3, padding=1)),
    "conv-dense": folded_spec(conv(5, 5, 2, 5, 3), dense(45, 6), lanes=3),
    "signs": folded_spec(conv(4, 4, 2, 5, 3, padding=1, weight_bits=1, threshold=3, bias=False),
                         dense(80, 6, weight_bits=1, threshold=4, bias=False), weight_bits=1),
    "or-pool": folded_spec(conv(3, 3, 2, 6, 2, pool=pool("or", 2, 6, 6, 2)), dense(24, 6)),
    "sum-pool-between": folded_spec(conv(6, 5, 1, 4, 3, padding=1),
                                    conv(3, 2, 4, 5, 2, pool=pool("sum", 2, 6, 5, 4)), lanes=4),
    "recurrent": folded_spec(dense(9, 11, recurrent=True)),
    "recurrent-deep": folded_spec(dense(9, 8, recurrent=True), dense(8, 6), dense(6, 7, recurrent=True), lanes=3),
    "thresholds": folded_spec(conv(4, 4, 2, 5, 3, threshold_shift=0, bias=False), dense(20, 9, threshold_shift=1),
                              dense(9, 6, bias=False)),
    "thresholds-alone": folded_spec(dense(9, 11, threshold_shift=0, bias=False, membrane_bits=8)),
    "neurons": folded_spec(
        dense(12, 10, leak_shift=None, reset="zero", surrogate="triangle", surrogate_width=3, surrogate_height=5),
        with_shifts(dense(10, 9, reset_amount=70, threshold=50), (2, -4, 6)), dense(9, 8, leak_shift=1, threshold=40),
        lanes=5),
    "residual": folded_spec(
        conv(4, 4, 2, 5, 3, padding=1), conv(4, 4, 5, 5, 1), conv(4, 4, 5, 5, 3, padding=1, residual=ResidualSpec(
            below=2, shift=1, own_shift=0)), conv(4, 4, 5, 5, 1, residual=ResidualSpec(below=1, shift=0, own_shift=1)),
        lanes=3),
    "one-bit": folded_spec(dense(12, 10, weight_bits=1, threshold=2, bias=False),
                           dense(10, 9, weight_bits=1, threshold=2)),
    # Currents that are saturated, of other bits and leaks in another layer, and none between.
    "lingering": folded_spec(
        dense(9, 7, recurrent=True, current=CurrentSpec(bits=7, leak_shifts=(1, -4)), threshold=40), dense(7, 6),
        dense(6, 6, current=CurrentSpec(bits=9, leak_shifts=(2,)), residual=ResidualSpec(
            below=1, shift=1, own_shift=0)),
        lanes=3),
    "lingering-conv": folded_spec(
        conv(4, 4, 2, 5, 3, padding=1, current=CurrentSpec(bits=8, leak_shifts=(2, 3)), threshold_shift=0,
             reset="zero"),
        conv(2, 2, 5, 3, 1, pool=pool("sum", 2, 4, 4, 5), current=CurrentSpec(bits=8, leak_shifts=(1,)))),
    "readout-pool": folded_spec(conv(5, 5, 2, 6, 2), readout_pool=pool("sum", 2, 4, 4, 6)),
}
DUTIES = {"conv-dense": "0.5", "recurrent-deep": "0.5", "residual": "0.6", "lingering": "0.6"}
GAINS = {"one-lane": 1.2}
# Each is met in another case, or by a block that learns, or on Verilator, too.
LONG = ("two-layers", "no-bias", "one-lane", "conv", "sum-pool-between", "recurrent", "thresholds-alone", "one-bit",
        "lingering-conv", "residual", "conv-dense", "or-pool")


@on_both(CASES, verilator="or-pool", slow=LONG)
def test_matches_reference(case, simulator, tmp_path):
    simulate(FoldedBlock(CASES[case], 0), bench="sim.benches.block", build_dir=tmp_path, simulator=simulator,
             environment={"SNNFPGA_DUTY": DUTIES.get(case, "1.0"), "SNNFPGA_STEPS": "2"},
             arrays={"samples": np.array(9), "density": np.array(0.3), "gain": np.array(GAINS.get(case, 0.7))})
