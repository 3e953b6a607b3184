"""Loops are compiled where nothing of them can be kept."""

import re
from pathlib import Path

import numba
import numpy as np
import pytest

from sim.reference import compiled as module
from sim.reference.compiled import compiled, kept_in
from snnfpga.commands.doctor import _compiled_loops

ROOT = Path(__file__).parents[2]


def doubled(values):
    return values * 2


@pytest.fixture
def nowhere(monkeypatch):
    """Numba finds no folder to keep anything in, as in another user's installation without a home."""
    def refuses(cache=False, **options):
        def decorate(function):
            raise RuntimeError(f"cannot cache function {function.__name__!r}: no locator available for file 'x.py'")

        return decorate if cache else numba.njit(**options)

    monkeypatch.setattr(module, "njit", refuses)
    module._say_not_kept.cache_clear()


def test_they_run_and_a_line_says_so_once(nowhere, capsys):
    for _ in range(2):
        np.testing.assert_array_equal(compiled(nogil=True)(doubled)(np.arange(3)), [0, 2, 4])
    assert capsys.readouterr().err == (
        "Compiled loops cannot be kept, as neither the installation nor a cache of the user's can be written: every "
        "command compiles them anew; name a folder for them in NUMBA_CACHE_DIR\n")


def test_the_doctor_sees_it(nowhere):
    assert kept_in() is None
    found = _compiled_loops()
    assert (found.found, found.missing) == (None, "name a folder that can be written in NUMBA_CACHE_DIR")


def test_where_they_are_kept_is_said(capsys):
    assert Path(kept_in()).is_dir()
    assert _compiled_loops().found == kept_in()
    compiled()(doubled)
    assert capsys.readouterr().err == ""


def test_another_error_stays_one(monkeypatch):
    def refuses(**options):
        raise RuntimeError("of another kind")

    monkeypatch.setattr(module, "njit", refuses)
    with pytest.raises(RuntimeError, match="of another kind"):
        compiled()(doubled)


def test_nothing_asks_numba_for_its_cache_beside_it():
    asking = [path.relative_to(ROOT).as_posix() for room in ("rtl_gen", "board", "sim", "snnfpga")
              for path in (ROOT / room).rglob("*.py") if re.search(r"cache=True", path.read_text())]
    assert asking == ["sim/reference/compiled.py"]
