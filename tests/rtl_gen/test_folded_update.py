from rtl_gen.folded.update import FoldedUpdate
from sim.runner import simulate

from .cases import handed, on_both
from .folded_networks import conv, dense, folded_network

# A network, and the lanes of a word whose credits come in a cycle.
CASES = {
    "dense": (folded_network(dense(9, 6), dense(6, 5, rate_shift=6), window=4), 1),
    "one conv": (folded_network(conv(4, 3, 2, 6, 3, padding=1), window=3), 4),
    "mixed": (folded_network(conv(3, 4, 3, 5, 2, pool="sum", rate_shift=5), dense(3 * 2 * 5, 7, recurrent=True),
                             dense(7, 5, bias=False), window=3, rounding="stochastic"), 2),
    "two convs": (folded_network(conv(4, 4, 1, 3, 3, stride=2, padding=1, bias=False), conv(2, 2, 3, 7, 1), window=1,
                                 lanes=3), 3),
    "kernel beyond the border": (folded_network(conv(2, 2, 2, 3, 1, padding=2), window=2), 2),
    "many channels": (folded_network(conv(2, 1, 40, 3, 1), conv(2, 1, 3, 2, 2, padding=1), window=2, lanes=2), 1),
}


@on_both(CASES, verilator="mixed")
def test_matches_reference(case, simulator, tmp_path):
    spec, lanes = CASES[case]
    simulate(FoldedUpdate(spec.blocks[0], spec.layer_number(0, 0), lanes), bench="sim.benches.folded_update",
             build_dir=tmp_path, simulator=simulator,
             environment={**handed(spec), "SNNFPGA_CREDIT_LANES": str(lanes)})
