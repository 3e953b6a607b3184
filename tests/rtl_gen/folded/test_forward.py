"""The folded forward engine: its spikes and what it records, against the reference."""

from rtl_gen.folded.forward import FoldedForwardEngine
from sim.runner import simulate
from tests.folded_networks import conv, dense, folded_spec, pool

from ..cases import handed, on_both

CASES = {
    "recurrent": folded_spec(dense(7, 6, recurrent=True), dense(6, 5, threshold=40, recurrent=True), learning=True,
                             window=3, loss_steps=2, update_interval=2),
    "conv": folded_spec(conv(4, 3, 2, 5, 2), dense(30, 6), lanes=3, learning=True, window=4, loss_steps=3),
    "pools": folded_spec(conv(2, 3, 2, 5, 2, padding=1, pool=pool("sum", 2, 5, 6, 2)),
                         conv(2, 2, 5, 4, 1, pool=pool("or", 2, 3, 4, 5, partial=True), threshold=30),
                         learning=True, window=2),
    "own spikes alone": folded_spec(dense(7, 6, recurrent=True)),
    "one tap": folded_spec(conv(4, 4, 3, 9, 1, threshold_shift=0), learning=True),
    "no bias": folded_spec(conv(5, 5, 2, 3, 3, bias=False), dense(27, 9, bias=False), learning=True),
}


@on_both(CASES, slow=("own spikes alone", "one tap"))       # each is met in another case, or by a whole block, too
def test_matches_reference(case, simulator, tmp_path):
    spec = CASES[case]
    simulate(FoldedForwardEngine(spec.blocks[0]), bench="sim.benches.folded_forward", build_dir=tmp_path,
             simulator=simulator, environment=handed(spec))
