from rtl_gen.contract.current import CurrentSpec
from rtl_gen.credit import CreditScan
from rtl_gen.forward_layouts import gate_layout
from sim.runner import simulate
from tests.networks import network_spec

from .cases import handed, on_both

CASES = {
    "leak": network_spec(lanes=6, window=6, leak_shift=3, surrogate="triangle", surrogate_width=3, surrogate_height=7),
    "short loss": network_spec(lanes=2, window=5, loss_steps=3, leak_shift=2, reset="zero", feedback_shift=2),
    "no leak": network_spec(lanes=2, window=4, leak_shift=None, learned=False, surrogate="triangle", surrogate_width=3,
                            surrogate_height=5),
    "signed shifts": network_spec(lanes=5, window=6, leak_shifts=(2, -4, 5), surrogate="triangle", surrogate_width=3,
                                  surrogate_height=7),
    "lingering": network_spec(lanes=6, window=6, current=CurrentSpec(bits=10, leak_shifts=(1, -3)), reset="zero",
                              surrogate="triangle", surrogate_width=3, surrogate_height=7),
    "lingering, no leak": network_spec(lanes=3, window=4, leak_shift=None, loss_steps=2,
                                       current=CurrentSpec(bits=8, leak_shifts=(3,))),
    "levels": network_spec(lanes=6, window=6, loss_steps=4, leak_shift=2, readout_leak_shift=3, feedback_shift=3,
                           current=CurrentSpec(bits=10, leak_shifts=(1, -3))),
    "last level": network_spec(lanes=3, window=4, leak_shift=None, readout_leak_shift=1, reading="last",
                               accumulate="cumulative", surrogate="triangle", surrogate_width=3, surrogate_height=5),
    "largest level": network_spec(lanes=6, window=5, classes=3, leak_shift=2, readout_leak_shift=2, reading="maximum",
                                  accumulate="cumulative", feedback_shift=3, surrogate="triangle", surrogate_width=3,
                                  surrogate_height=5),
    "one step": network_spec(lanes=1, window=1, leak_shift=1, reset="zero"),
}


@on_both(CASES)
def test_matches_reference(case, simulator, tmp_path):
    spec = CASES[case]
    block = spec.blocks[0]
    simulate(CreditScan(block, gate_layout(block)), bench="sim.benches.credit", build_dir=tmp_path,
             simulator=simulator, environment=handed(spec))
