from rtl_gen.registers import Registers
from sim.runner import simulate
from tests.networks import block, network


def test_matches_model(icarus, tmp_path):
    spec = network(block(12, 10), block(10, 7, learned=False, lanes=2)).spec
    simulate(Registers(spec), bench="sim.benches.registers", build_dir=tmp_path, simulator=icarus)
