"""One folded block that learns, all engines together, against the reference."""

import numpy as np

from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.folded.block import FoldedBlock
from sim.runner import simulate
from tests.folded_networks import conv, counting, dense, folded_spec, pool
from tests.networks import with_shifts

from ..cases import on_both

CASES = {
    "conv": folded_spec(conv(4, 4, 2, 6, 3, padding=1), learning=True),
    "pooled-readout": folded_spec(conv(5, 4, 1, 5, 2, pool=pool("or", 2, 10, 8, 1)), learning=True,
                                  readout_pool=pool("sum", 2, 4, 3, 5), lanes=3),
    "counts": folded_spec(conv(3, 3, 2, 5, 2, pool=pool("sum", 2, 6, 6, 2), bias=False, threshold=250), learning=True,
                          learned=False, loss_steps=2, update_interval=2),
    "inputs-that-count": folded_spec(counting(dense(9, 10, threshold=120), 3), learning=True),
    "conv-of-counts": folded_spec(counting(conv(3, 3, 2, 5, 2, pool=pool("sum", 2, 6, 6, 2), bias=False,
                                                threshold=500), 2), learning=True, window=4, loss_steps=2),
    "two-layers": folded_spec(dense(12, 10), dense(10, 7), learning=True),
    "conv-dense": folded_spec(conv(4, 4, 1, 4, 3, rounding="stochastic"), dense(16, 6, rate_shift=5), learning=True,
                              lanes=3),
    "recurrent": folded_spec(dense(9, 11, recurrent=True), learning=True, window=4),
    "recurrent-deep": folded_spec(dense(9, 8, recurrent=True, reset="zero", rate_shift=0, surrogate_width=400),
                                  dense(8, 6, rate_shift=1, feedback_shift=0, surrogate_width=400),
                                  dense(6, 7, recurrent=True, surrogate="triangle", surrogate_width=4,
                                        surrogate_height=3, feedback_shift=0), lanes=3, learning=True),
    "thresholds": folded_spec(conv(4, 4, 2, 5, 3, threshold_shift=0, bias=False), dense(20, 7, threshold_shift=1),
                              learning=True),
    "thresholds-alone": folded_spec(dense(9, 11, threshold_shift=0, rate_shift=2), learning=True),
    "residual-thresholds": folded_spec(
        conv(3, 3, 2, 5, 3, padding=1, threshold_shift=0), conv(3, 3, 5, 5, 1, threshold_shift=1, residual=ResidualSpec(
            below=1, shift=1, own_shift=0)), lanes=3, learning=True),
    "residual": folded_spec(
        conv(3, 3, 2, 5, 3, padding=1), conv(3, 3, 5, 5, 1), conv(3, 3, 5, 5, 3, padding=1, residual=ResidualSpec(
            below=2, shift=1, own_shift=0)), conv(3, 3, 5, 5, 1, residual=ResidualSpec(below=1, shift=0, own_shift=1)),
        lanes=3, learning=True),
    "three-dense": folded_spec(
        dense(9, 8, surrogate="triangle", surrogate_width=3, surrogate_height=7), with_shifts(dense(8, 7), (2, -4, 5)),
        dense(7, 9, reset="zero", leak_shift=1), learning=True, lanes=3, window=4, loss_steps=2),
    "conv-pool-conv": folded_spec(
        conv(5, 5, 1, 3, 2), conv(2, 2, 3, 5, 2, padding=1, pool=pool("sum", 2, 4, 4, 3)), learning=True, lanes=2),
    "lingering": folded_spec(
        dense(9, 7, recurrent=True, threshold=40, current=CurrentSpec(bits=8, leak_shifts=(1, -4))),
        dense(7, 6, current=CurrentSpec(bits=10, leak_shifts=(2,)), threshold_shift=0), lanes=3, learning=True,
        window=4),
    "lingering-conv": folded_spec(conv(4, 4, 2, 6, 3, padding=1, current=CurrentSpec(bits=9, leak_shifts=(1,))),
                                  learning=True),
    "levels": folded_spec(dense(9, 8), dense(8, 6), learning=True, lanes=3, window=4, loss_steps=2, leak_shift=2,
                          answer="last", rounding="stochastic"),
    "last-level-conv": folded_spec(
        conv(5, 4, 1, 5, 2, pool=pool("or", 2, 10, 8, 1)), learning=True, readout_pool=pool("sum", 2, 4, 3, 5), lanes=3,
        leak_shift=3, reading="last", accumulate="cumulative"),
    "largest-level": folded_spec(dense(9, 8), dense(8, 6), learning=True, lanes=3, window=4, leak_shift=2,
                                 reading="maximum", accumulate="cumulative", rounding="stochastic", logit_shift=5),
    "largest-level-conv": folded_spec(
        conv(5, 4, 1, 5, 2, pool=pool("or", 2, 10, 8, 1)), learning=True, readout_pool=pool("sum", 2, 4, 3, 5), lanes=3,
        leak_shift=3, reading="maximum", accumulate="cumulative", logit_shift=5, feedback_shift=1),
    "one-bit": folded_spec(dense(9, 8, weight_bits=1, threshold=3), dense(8, 6, weight_bits=1, threshold=3),
                           learning=True),
}
DUTIES = {"conv-dense": "0.5", "counts": "0.5"}
GAINS = {"three-dense": 1.5}         # of random weights, so that all of its layers fire and learn
# Each is met in another case, or on Verilator, too.
LONG = ("conv", "two-layers", "recurrent", "thresholds", "thresholds-alone", "residual", "lingering-conv",
        "three-dense", "conv-dense", "pooled-readout", "conv-of-counts",
        "largest-level-conv")


@on_both(CASES, verilator="conv-dense", slow=LONG)
def test_matches_reference(case, simulator, tmp_path):
    simulate(FoldedBlock(CASES[case], 0), bench="sim.benches.block", build_dir=tmp_path, simulator=simulator,
             environment={"SNNFPGA_DUTY": DUTIES.get(case, "1.0"), "SNNFPGA_STEPS": "2"},
             arrays={"samples": np.array(12), "density": np.array(0.3), "gain": np.array(GAINS.get(case, 0.7))})
