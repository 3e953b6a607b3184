from rtl_gen.folded.window import FoldedWindow
from sim.runner import simulate

from .cases import handed, on_both
from .folded_networks import conv, dense, folded_network

CASES = {
    "mixed": folded_network(conv(3, 4, 3, 5, 2, pool="sum"), dense(6 * 5, 7, recurrent=True), dense(7, 5), window=3),
    "dense": folded_network(dense(9, 6), dense(6, 5, recurrent=True), window=5),
    "one channel": folded_network(conv(3, 3, 1, 2, 3, padding=1), window=4, lanes=2),
    "many channels": folded_network(conv(2, 1, 40, 3, 1), conv(2, 1, 3, 2, 1), window=1),
}


@on_both(CASES, verilator="mixed")
def test_matches_a_table(case, simulator, tmp_path):
    spec = CASES[case]
    simulate(FoldedWindow(spec.blocks[0]), bench="sim.benches.folded_window", build_dir=tmp_path, simulator=simulator,
             environment=handed(spec))
