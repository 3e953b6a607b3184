"""The reverse pass of folded blocks."""

import numpy as np

from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.folded.reverse_pass import ReversePass
from sim.runner import simulate
from tests.folded_networks import conv, dense, folded_spec, pool
from tests.networks import with_shifts

from ..cases import handed, on_both

TRIANGLE = dict(surrogate="triangle", surrogate_width=3, surrogate_height=7)
CASES = {
    "two dense": folded_spec(dense(6, 9), dense(9, 7), lanes=4, window=3),
    "three dense": folded_spec(dense(5, 8, **TRIANGLE), dense(8, 11, feedback_shift=0, leak_shift=None),
                               dense(11, 6, reset="zero", leak_shift=1), lanes=5, window=4, loss_steps=2),
    "four dense": folded_spec(dense(3, 6), with_shifts(dense(6, 9, feedback_shift=6), (2, -4, 5)), dense(9, 4),
                              dense(4, 10, **TRIANGLE), lanes=1, window=2),
    "one word": folded_spec(dense(2, 3), dense(3, 2, **TRIANGLE), lanes=4, window=4),
    # Of whose words with a credit there are too many for a list.
    "long window": folded_spec(dense(2, 5), dense(5, 5), lanes=1, window=33, max_steps=40),
    "one step": folded_spec(dense(5, 3), dense(3, 1), lanes=4, window=1, learned=False),
    "convolutions": folded_spec(
        conv(4, 5, 2, 6, 3, padding=1), conv(4, 5, 6, 5, 3, stride=2, padding=1, **TRIANGLE), lanes=4, window=3),
    "pools": folded_spec(
        conv(5, 5, 1, 3, 2), conv(2, 2, 3, 5, 2, padding=1, pool=pool("sum", 2, 4, 4, 3)),
        dense(20, 7, pool=pool("or", 2, 3, 3, 5, partial=True)), lanes=2, window=2, feedback_shift=2),
    "cut off": folded_spec(
        conv(6, 5, 1, 4, 2), conv(2, 2, 4, 3, 2, padding=1, pool=pool("or", 2, 5, 4, 4)), dense(27, 4), lanes=8),
    "pooled readout": folded_spec(
        conv(4, 4, 1, 2, 1), conv(4, 4, 2, 5, 2), lanes=3, window=2, readout_pool=pool("sum", 2, 3, 3, 5)),
    "recurrent": folded_spec(
        dense(4, 9, recurrent=True, **TRIANGLE), dense(9, 6, recurrent=True, reset="zero", feedback_shift=2), lanes=4,
        window=4, loss_steps=3),
    "recurrent alone": folded_spec(dense(4, 5, recurrent=True), lanes=2, window=3, learned=False),
    "residual": folded_spec(
        dense(4, 6), dense(6, 6, residual=ResidualSpec(below=1, shift=1, own_shift=0)), dense(6, 6, **TRIANGLE),
        dense(6, 6, residual=ResidualSpec(below=2, shift=0, own_shift=2)), lanes=5, window=3),
    "residual of convolutions": folded_spec(
        conv(3, 4, 1, 3, 1), conv(3, 4, 3, 3, 3, padding=1), conv(
            3, 4, 3, 3, 3, padding=1, residual=ResidualSpec(below=2, shift=0, own_shift=0)), lanes=2, window=2),
    # Credits of more bits than a multiplier takes, and currents that two layers add.
    "wide": folded_spec(
        dense(3, 6), dense(6, 6, residual=ResidualSpec(below=1, shift=12, own_shift=0), feedback_shift=24),
        dense(6, 6, residual=ResidualSpec(below=2, shift=0, own_shift=9), feedback_shift=18, **TRIANGLE), lanes=5,
        window=3),
    "threshold alone": folded_spec(dense(5, 7, threshold_shift=1, **TRIANGLE), lanes=4, window=2),
    "thresholds": folded_spec(
        dense(5, 7, threshold_shift=0, **TRIANGLE), dense(7, 6, recurrent=True), dense(6, 9, threshold_shift=1),
        lanes=5, window=3, loss_steps=2),
    "lingering": folded_spec(
        dense(4, 9, recurrent=True, current=CurrentSpec(bits=9, leak_shifts=(1, -3)), reset="zero", **TRIANGLE),
        dense(9, 6), dense(6, 6, current=CurrentSpec(bits=8, leak_shifts=(2,)), residual=ResidualSpec(
            below=1, shift=1, own_shift=0), feedback_shift=6), lanes=4, window=4, loss_steps=3),
    "levels": folded_spec(
        dense(4, 9), dense(9, 6, recurrent=True, current=CurrentSpec(bits=8, leak_shifts=(2,))), lanes=4, window=4,
        loss_steps=3, leak_shift=2),
    "last level": folded_spec(
        conv(4, 4, 1, 2, 1), conv(4, 4, 2, 5, 2), lanes=3, readout_pool=pool("sum", 2, 3, 3, 5), leak_shift=1,
        reading="last", accumulate="cumulative", feedback_shift=1),
    "largest level": folded_spec(
        dense(4, 9), dense(9, 6, recurrent=True), lanes=4, window=4, classes=5, leak_shift=2, reading="maximum",
        accumulate="cumulative", feedback_shift=1, learning=True),
    "one bit": folded_spec(dense(5, 8, weight_bits=1), dense(8, 6, weight_bits=1), lanes=4, window=2),
}


# Each is met in another case too.
@on_both(CASES, slow=("three dense", "one word", "pooled readout", "recurrent alone", "residual",
                      "residual of convolutions", "threshold alone"))
def test_matches_reference(case, simulator, tmp_path):
    spec = CASES[case]
    lanes = spec.blocks[0].directives.lanes
    simulate(ReversePass(spec.blocks[0], lanes), bench="sim.benches.reverse_pass", build_dir=tmp_path,
             simulator=simulator, environment=handed(spec), arrays={"lanes": np.array(lanes)})
