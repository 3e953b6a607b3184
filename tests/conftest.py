import os

import pytest

from sim.simulators import SIMULATORS, missing


@pytest.fixture(params=SIMULATORS)
def simulator(request):
    """Each simulator in turn. One that is missing skips the test, except in CI, which has all of them."""
    reason = missing(request.param)
    if reason is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI lacks a simulator: {reason}")
        pytest.skip(reason)
    return request.param
