from rtl_gen.slice import Slice
from sim.runner import simulate


def test_matches_a_queue(simulator, tmp_path):
    simulate(Slice(8), bench="sim.benches.slice", build_dir=tmp_path, simulator=simulator)
