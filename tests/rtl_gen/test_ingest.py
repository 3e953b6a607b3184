import pytest

from rtl_gen.ingest import Ingest
from sim.runner import simulate
from tests.networks import block, network

SPECS = {
    "one block": network(block(12, 10), max_steps=6).spec,
    "two blocks": network(block(16, 6, lanes=2, classes=4), block(6, 5, lanes=16, learned=False, classes=4),
                          max_steps=6).spec,
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_matches_reference(spec, simulator, tmp_path):
    simulate(Ingest(spec), bench="sim.benches.ingest", build_dir=tmp_path, simulator=simulator)
