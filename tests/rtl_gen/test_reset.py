"""A reset within a sample leaves nothing of it, whatever the core was doing."""

import numpy as np
import pytest

from rtl_gen.core import Core
from sim.runner import simulate
from tests.folded_networks import conv, dense, folded_spec, pool
from tests.networks import network_spec

from .cases import on_both

CASES = {
    "two blocks": network_spec(inputs=24, sizes=(10, 7), lanes=4, window=3, max_steps=8, shadow_bits=0, rate_shift=4),
    "every other window": network_spec(
        inputs=30, sizes=(9,), lanes=2, window=2, loss_steps=1, update_interval=2, max_steps=9, rounding="stochastic",
        shadow_bits=0, rate_shift=5, learned=False),
    "convolution": folded_spec(conv(4, 4, 2, 5, 3), learning=True, max_steps=8),
    "two layers": folded_spec(conv(4, 4, 1, 3, 2, pool=pool("sum", 2, 8, 8, 1)), dense(27, 5, recurrent=True),
                              learning=True, max_steps=6, lanes=3),
}


@on_both(CASES, slow=("every other window", "convolution"))
@pytest.mark.parametrize("resets", [4, pytest.param(24, marks=pytest.mark.slow)])
def test_a_reset_within_a_sample_leaves_nothing(resets, case, simulator, tmp_path):
    simulate(Core(CASES[case]), bench="sim.benches.reset", build_dir=tmp_path, simulator=simulator,
             arrays={"resets": np.array(resets)})
