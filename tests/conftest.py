import os

import pytest

from sim.simulators import SIMULATORS, missing


def _require(simulator):
    """Skip where a simulator is missing; fail in CI, which has all of them."""
    reason = missing(simulator)
    if reason is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI lacks a simulator: {reason}")
        pytest.skip(reason)
    return simulator


@pytest.fixture(params=SIMULATORS)
def simulator(request):
    """Each simulator in turn."""
    return _require(request.param)


@pytest.fixture(scope="session")
def icarus():
    return _require("icarus")


@pytest.fixture(scope="session")
def verilator():
    return _require("verilator")
