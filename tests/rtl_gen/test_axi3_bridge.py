from rtl_gen.axi3_bridge import Axi3Bridge
from sim.runner import simulate


def test_serves_or_refuses_every_burst(simulator, tmp_path):
    simulate(Axi3Bridge(id_bits=12, address_bits=16, window_bits=30), bench="sim.benches.axi3_bridge",
             build_dir=tmp_path, simulator=simulator)
