"""The update of a folded block's weights against the sums of its reference."""

from rtl_gen.folded.update import FoldedUpdate
from sim.runner import simulate
from tests.folded_networks import conv, dense, folded_spec, pool

from ..cases import handed, on_both

HIGH = {"surrogate": "triangle", "surrogate_width": 2, "surrogate_height": 5}
# A network, and the lanes of a word whose credits come in a cycle.
CASES = {
    "dense": (folded_spec(dense(9, 6), dense(6, 5, rate_shift=6), window=4), 1),
    "one-conv": (folded_spec(conv(4, 3, 2, 6, 3, padding=1, **HIGH)), 4),
    "mixed": (folded_spec(conv(3, 4, 3, 5, 2, pool=pool("sum", 2, 6, 8, 3), rate_shift=5, rounding="stochastic"),
                          dense(30, 7, recurrent=True, rounding="stochastic", **HIGH), dense(7, 5, bias=False)), 2),
    "two-convs": (folded_spec(conv(5, 4, 1, 3, 3, stride=2, padding=1, bias=False), conv(3, 2, 3, 7, 1), window=1,
                              lanes=3), 3),
    "thresholds": (folded_spec(conv(3, 3, 2, 5, 2, threshold_shift=2, bias=False), dense(20, 6, threshold_shift=0),
                               dense(6, 5), window=3), 2),
    "beyond-the-border": (folded_spec(conv(2, 2, 2, 3, 1, padding=2), window=2), 2),
    "many-channels": (folded_spec(conv(1, 2, 70, 3, 1), conv(1, 2, 3, 2, 2, padding=1), window=2, lanes=2), 1),
}


@on_both(CASES)
def test_matches_reference(case, simulator, tmp_path):
    spec, lanes = CASES[case]
    simulate(FoldedUpdate(spec.blocks[0], spec.layer_number(0, 0), lanes), bench="sim.benches.folded_update",
             build_dir=tmp_path, simulator=simulator,
             environment={**handed(spec), "SNNFPGA_CREDIT_LANES": str(lanes)})
