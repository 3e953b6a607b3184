from dataclasses import replace

from rtl_gen.forward_layouts import gate_layout
from rtl_gen.update import UpdateEngine
from sim.runner import simulate
from tests.networks import network_spec

from .cases import handed, on_both

CASES = {
    "stochastic": network_spec(inputs=13, sizes=(18,), lanes=4, window=4, rounding="stochastic", shadow_bits=0,
                               rate_shift=9, feedback_shift=2),
    "nearest": network_spec(inputs=9, sizes=(21,), lanes=6, window=3, loss_steps=2, reset="zero", rate_shift=8,
                            surrogate="triangle", surrogate_width=3, surrogate_height=7, bias=False),
    "one group": network_spec(inputs=5, sizes=(6,), lanes=8, window=5, leak_shift=None, learned=False, rate_shift=4,
                              shadow_bits=2),
    "long window": network_spec(inputs=11, sizes=(13,), lanes=5, window=9, loss_steps=5, leak_shift=1, rate_shift=8),
    "one lane": network_spec(inputs=1, sizes=(3,), lanes=1, window=1, rate_shift=0, rounding="stochastic"),
}
# All both ways: a row in as many cycles as it was active, and in one.
CASES |= {f"{name}, unrolled": replace(spec, blocks=tuple(
    replace(block, directives=replace(block.directives, unroll=True)) for block in spec.blocks))
    for name, spec in CASES.items()}
CASES["levels"] = network_spec(inputs=11, sizes=(13,), lanes=5, window=5, loss_steps=3, readout_leak_shift=2,
                               rate_shift=8)
CASES["largest level"] = network_spec(inputs=11, sizes=(13,), lanes=5, window=5, readout_leak_shift=2, rate_shift=8,
                                      reading="maximum", accumulate="cumulative", feedback_shift=1)


# Each is met in another case too.
@on_both(CASES, slow=("one group, unrolled", "one lane", "long window, unrolled", "nearest", "largest level"))
def test_matches_reference(case, simulator, tmp_path):
    spec = CASES[case]
    block = spec.blocks[0]
    simulate(UpdateEngine(block, spec.layer_number(0, 0), gate_layout(block)),
             bench="sim.benches.update", build_dir=tmp_path, simulator=simulator, environment=handed(spec))
