"""A reset within a sample leaves nothing of it, whatever the core was doing."""

import numpy as np
import pytest

from rtl_gen.core import Core
from sim.runner import simulate
from tests.networks import network_spec

CASES = {
    "two blocks": dict(inputs=24, sizes=(10, 7), lanes=4, window=3, max_steps=8, shadow_bits=0, rate_shift=4),
    "every other window": dict(inputs=30, sizes=(9,), lanes=2, window=2, loss_steps=1, update_interval=2, max_steps=9,
                               rounding="stochastic", shadow_bits=0, rate_shift=5, learned=False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_reset_within_a_sample_leaves_nothing(case, simulator, tmp_path):
    simulate(Core(network_spec(**CASES[case])), bench="sim.benches.reset", build_dir=tmp_path, simulator=simulator,
             arrays={"resets": np.array(12)})
