import ast
from importlib import import_module
from pathlib import Path

import pytest

from rtl_gen.contract.errors import FAILED, USAGE, SnnfpgaError
from snnfpga.errors import explain

ROOT = Path(__file__).parents[2]
USAGE_ERRORS = {"BoardError", "DataError", "InUseError", "NetworkFileError", "PlaceError", "SpecError"}
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
