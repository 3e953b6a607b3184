from rtl_gen.ingest import Ingest
from sim.runner import simulate
from tests.networks import block, network

from .cases import on_both

SPECS = {
    "one block": network(block(12, 10), max_steps=6).spec,
    "two blocks": network(block(16, 6, lanes=2, classes=4), block(6, 5, lanes=16, learned=False, classes=4),
                          max_steps=6).spec,
}


@on_both(SPECS, verilator="two blocks", slow=("one block",))      # all of it is met by the two
def test_matches_reference(case, simulator, tmp_path):
    simulate(Ingest(SPECS[case]), bench="sim.benches.ingest", build_dir=tmp_path, simulator=simulator)
