import gc
import os
import sys
from pathlib import Path

import pytest

from sim.simulators import SIMULATORS, missing
from tests.skips import skip_or_fail

LONGEST = ("test_drawn.py", "test_wheel.py")


def pytest_addoption(parser):
    parser.addoption("--data-root", type=Path, metavar="FOLDER", help="real data, for the tests that compare with it")


def pytest_configure():
    gc.disable()
    # A bench, a command, a worker is a process of its own: where what is compiled may not be kept, as in many
    # containers, each would compile every module again, and the asserts of every test.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items):
    """The longest come first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_collection_finish():
    """What was collected stays to the end: the garbage collector never looks through it."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def data_root(request):
    """Folder of real data; a test that needs it is skipped where none is named."""
    root = request.config.getoption("--data-root")
    if root is None:
        pytest.skip("no real data; name its folder with --data-root")
    return root


def _require(simulator):
    reason = missing(simulator)
    if reason is not None:
        skip_or_fail(reason)
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


@pytest.fixture(autouse=True)
def no_modules_of_a_users_folder_stay():
    """Python keeps by name what it has imported, and another test's ``my_rules`` is another module."""
    yield
    for name in [name for name in sys.modules if name.startswith("my_")]:
        del sys.modules[name]
