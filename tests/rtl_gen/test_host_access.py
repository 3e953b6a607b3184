from rtl_gen.host_access import HostAccess
from sim.runner import simulate
from tests.networks import block, network


def test_reads_and_writes_every_memory(icarus, tmp_path):
    spec = network(block(9, 10, lanes=8), block(10, 7, learned=False, lanes=2)).spec
    simulate(HostAccess(spec), bench="sim.benches.host_access", build_dir=tmp_path, simulator=icarus)
