"""Credits of convolutions that only a readout tells anything."""

from rtl_gen.contract.current import CurrentSpec
from rtl_gen.folded.credit_scan import ScannedCredits
from sim.runner import simulate
from tests.folded_networks import conv, folded_spec, pool

from ..cases import handed, on_both

HIGH = {"surrogate": "triangle", "surrogate_width": 2, "surrogate_height": 5}
CASES = {
    "plain": folded_spec(conv(4, 3, 1, 6, 2, **HIGH), lanes=4),
    "pooled": folded_spec(conv(5, 4, 1, 5, 2, reset="zero"), lanes=3, readout_pool=pool("sum", 2, 4, 3, 5)),
    "partial": folded_spec(conv(4, 4, 1, 3, 2, leak_shift=None), lanes=2, window=5, loss_steps=3, learned=False,
                           readout_pool=pool("or", 2, 3, 3, 3, partial=True)),
    "lingering": folded_spec(conv(4, 3, 1, 6, 2, current=CurrentSpec(bits=9, leak_shifts=(2,)), reset="zero", **HIGH),
                             lanes=4),
    "levels": folded_spec(conv(5, 4, 1, 5, 2), lanes=3, leak_shift=2, loss_steps=2,
                          readout_pool=pool("sum", 2, 4, 3, 5)),
    "largest-level": folded_spec(conv(5, 4, 1, 5, 2), lanes=3, window=4, leak_shift=2, reading="maximum",
                                 accumulate="cumulative", feedback_shift=2, readout_pool=pool("sum", 2, 4, 3, 5),
                                 learning=True),
    "one-step": folded_spec(conv(2, 2, 1, 2, 1), lanes=8, window=1),
}


@on_both(CASES, slow=["largest-level"])     # of a block as well
def test_matches_reference(case, simulator, tmp_path):
    spec = CASES[case]
    simulate(ScannedCredits(spec.blocks[0]), bench="sim.benches.credit_scan", build_dir=tmp_path, simulator=simulator,
             environment=handed(spec))
