import ast
from importlib import import_module
from pathlib import Path

import pytest

from rtl_gen.contract.errors import FAILED, USAGE, SnnfpgaError
from snnfpga.errors import explain

ROOT = Path(__file__).parents[2]
USAGE_ERRORS = {"BoardError", "DataError", "GuardError", "InUseError", "InexactError", "NetworkFileError", "NirError",
                "NotAFileError", "PlaceError", "SampleError", "ScheduleError", "SpecError"}
MORE_ARGUMENTS = {"FitError": ("Memories", ("memory", "bits"), [])}


def ours():
    """Module and name of each public class whose name ends in Error."""
    for package in ("rtl_gen", "board", "sim", "snnfpga"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and node.name[1:].endswith("Error") and node.name[0] != "_":
                    yield ".".join(path.relative_to(ROOT).with_suffix("").parts), node.name


FOUND = sorted(ours())


def test_there_are_errors():
    assert len(FOUND) > 12


@pytest.mark.parametrize(("module", "name"), FOUND)
def test_each_error_is_a_line_and_an_exit_code(module, name):
    error = getattr(import_module(module), name)
    assert issubclass(error, SnnfpgaError)
    code = USAGE if name in USAGE_ERRORS else FAILED
    made = error("First this,\n  then that", *MORE_ARGUMENTS.get(name, ()))
    assert explain(made) == ("First this, then that", code)


def test_an_error_may_have_a_code_of_its_own():
    assert explain(SnnfpgaError("No verb", USAGE)) == ("No verb", USAGE)
    assert SnnfpgaError("No tool").exit_code == FAILED


def test_a_mistake_of_ours_is_not_explained():
    assert explain(ValueError("never")) is None


def test_memory_that_is_not_there_is_a_line():
    assert explain(MemoryError("Unable to allocate 1.82 TiB")) == (
        "Not enough memory (Unable to allocate 1.82 TiB); take fewer samples at a time, fewer steps, or a smaller "
        "network", FAILED)
    assert explain(MemoryError())[0].startswith("Not enough memory (the system gave none); ")


def test_a_long_line_is_cut():
    line, _ = explain(SnnfpgaError(f"Name {'x' * 5000} is no name; take another"))
    assert line == f"Name {'x' * 500}... (5000 characters) ...{'x' * 500} is no name; take another"
    assert len(explain(SnnfpgaError("word " * 5000))[0]) < 3100
