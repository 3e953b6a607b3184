from rtl_gen.forward_layouts import gate_layout
from rtl_gen.window import WindowBuffer
from sim.runner import simulate
from tests.networks import network_spec

from .cases import handed, on_both

CASES = {
    "triangle": network_spec(inputs=13, sizes=(20,), lanes=8, window=5, surrogate="triangle", surrogate_width=3,
                             surrogate_height=7),
    "boxcar": network_spec(inputs=8, sizes=(5,), lanes=1, window=4),
    "one step": network_spec(inputs=6, sizes=(9,), lanes=4, window=1),
    "one input": network_spec(inputs=1, sizes=(4,), lanes=4, window=3),
}


@on_both(CASES)
def test_matches_a_table(case, simulator, tmp_path):
    spec = CASES[case]
    block = spec.blocks[0]
    simulate(WindowBuffer(block, gate_layout(block)), bench="sim.benches.window", build_dir=tmp_path,
             simulator=simulator, environment=handed(spec))
