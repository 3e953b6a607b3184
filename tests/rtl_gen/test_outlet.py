from rtl_gen.outlet import Outlet
from sim.runner import simulate


def test_merges_packets(icarus, tmp_path):
    simulate(Outlet(), bench="sim.benches.outlet", build_dir=tmp_path, simulator=icarus)
