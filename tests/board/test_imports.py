import re
from pathlib import Path

import pytest

from board.imports import INNER, OUTER, to_clone, to_wheel

ROOT = Path(__file__).parents[2]
CLONE = '''"""Knows :mod:`board.plan`."""
from rtl_gen.contract.spec import (
    NetworkSpec,
)
from rtl_gen import contract, yosys
import board.host.host as driver, json, sim as simulation
from boards import simple
from .board import sim
é = 1; from sim.runner import build


def late():
    from   board.registry import get     # sim.runner
    return get, "sim", "no board. At all", "rtl_gen/contract"
'''
WHEEL = '''"""Knows :mod:`board.plan`."""
from snnfpga.rtl_gen.contract.spec import (
    NetworkSpec,
)
from snnfpga.rtl_gen import contract, yosys
import snnfpga.board.host.host as driver, json, snnfpga.sim as simulation
from boards import simple
from .board import sim
é = 1; from snnfpga.sim.runner import build


def late():
    from   snnfpga.board.registry import get     # sim.runner
    return get, "sim", "no board. At all", "rtl_gen/contract"
'''


def test_imports_are_renamed_and_nothing_else():
    assert to_wheel(CLONE, "x.py") == WHEEL
    assert to_clone(WHEEL, "x.py") == CLONE


@pytest.mark.parametrize("source", [CLONE, WHEEL])
def test_what_is_as_wished_stays(source):
    there, back = (to_wheel, to_clone) if source is WHEEL else (to_clone, to_wheel)
    assert there(source, "x.py") == source
    assert there(back(source, "x.py"), "x.py") == source


@pytest.mark.parametrize(("source", "message"), [
    ("\nimport rtl_gen\n", "Import of rtl_gen in x.py, line 2, binds a name that a wheel does not have; "
                           "write: from rtl_gen import ..., or import rtl_gen as ..."),
    ("import json, board.plan", "Import of board.plan in x.py, line 1, binds a name that a wheel does not have; "
                                "write: from board.plan import ..., or import board.plan as ..."),
    ("from rtl_gen . contract import spec", "Import of rtl_gen.contract in x.py, line 1, must stand on one line "
                                            "without spaces in the name"),
    ("from \\\n  sim import bus", "Import of sim in x.py, line 1, must stand on one line without spaces in the name"),
    ("run(bench='sim.benches.core')", "String 'sim.benches.core' in x.py, line 1, names a module, which has another "
                                      "name in a wheel; derive it from __package__ or from the module's __name__"),
    ("run(f'sim.benches.{name}')", "String 'sim.benches.' in x.py, line 1, names a module, which has another name in "
                                   "a wheel; derive it from __package__ or from the module's __name__"),
    ("call('board.build:make')", "String 'board.build:make' in x.py, line 1, names a module, which has another name "
                                 "in a wheel; derive it from __package__ or from the module's __name__"),
])
def test_what_cannot_be_renamed_is_refused(source, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        to_wheel(source, "x.py")


def test_all_of_ours_can_be_renamed_and_back():
    changed = 0
    for package in (OUTER, *INNER):
        for path in (ROOT / package).rglob("*.py"):
            source = path.read_text("utf-8")
            inside = to_wheel(source, str(path))
            assert to_clone(inside, str(path)) == source
            changed += inside != source
    assert changed > 100
