from rtl_gen.serialiser import Serialiser
from sim.runner import simulate
from tests.networks import network_spec

from .cases import handed, on_both

CASES = {
    "padding": network_spec(sizes=(18,), lanes=4),
    "full groups": network_spec(sizes=(16,), lanes=8, classes=3),
    "one group": network_spec(sizes=(5,), lanes=16, classes=2),
    "one lane": network_spec(sizes=(6,), lanes=1, classes=9),
    "one neuron": network_spec(sizes=(1,), lanes=1, classes=2),
}


@on_both(CASES)
def test_matches_a_list(case, simulator, tmp_path):
    spec = CASES[case]
    simulate(Serialiser(spec.blocks[0]), bench="sim.benches.serialiser", build_dir=tmp_path, simulator=simulator,
             environment=handed(spec))
