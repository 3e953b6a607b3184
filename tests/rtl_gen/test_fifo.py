import numpy as np
import pytest

from rtl_gen.fifo import StreamFifo
from sim.runner import simulate


@pytest.mark.parametrize("depth", [2, 5, 16])
def test_matches_a_queue(depth, icarus, tmp_path):
    simulate(StreamFifo(8, depth), bench="sim.benches.fifo", build_dir=tmp_path, simulator=icarus,
             arrays={"depth": np.array(depth)})
