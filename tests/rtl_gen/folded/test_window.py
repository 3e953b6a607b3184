"""What is kept of a window of a folded block, against tables."""

from rtl_gen.folded.window import FoldedWindow
from sim.runner import simulate
from tests.folded_networks import conv, dense, folded_spec, pool

from ..cases import handed, on_both

CASES = {
    "mixed": folded_spec(conv(3, 4, 3, 5, 2, pool=pool("sum", 2, 6, 8, 3)), dense(30, 7, recurrent=True), dense(7, 5)),
    "dense": folded_spec(dense(9, 6), dense(6, 5, recurrent=True), window=5),
    "one-channel": folded_spec(conv(3, 3, 1, 2, 3, padding=1), window=4, lanes=2),
    "many-channels": folded_spec(conv(2, 1, 40, 3, 1), conv(2, 1, 3, 2, 1), window=1),
}


@on_both(CASES)
def test_matches_a_table(case, simulator, tmp_path):
    spec = CASES[case]
    simulate(FoldedWindow(spec.blocks[0]), bench="sim.benches.folded_window", build_dir=tmp_path, simulator=simulator,
             environment=handed(spec))
