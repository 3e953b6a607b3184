"""What works without the extras of the package, and the line that names the one that is missing."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from snnfpga.extras import EXTRAS, missing_extra

ROOT = Path(__file__).parents[2]
NETWORK = ROOT / "tests/fixtures/format_1/two_blocks_interval.safetensors"
WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from snnfpga.cli import main
main(sys.argv[2:])
"""
ALL = [module for modules in EXTRAS.values() for module in modules]


def without(modules, *words, cwd):
    """Exit code, standard output and standard error of a verb where ``modules`` are not installed."""
    done = subprocess.run([sys.executable, "-c", WITHOUT, ",".join(modules), *map(str, words)], cwd=cwd,
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_hardware_is_made_and_reported_without_any_extra(tmp_path):
    code, out, err = without(ALL, "build", NETWORK, "--no-synthesis", "--out", "built", "--json", cwd=tmp_path)
    assert (code, err) == (0, "")
    assert json.loads(out)["folder"] == "built"
    code, _, err = without(ALL, "report", "built", cwd=tmp_path)
    assert (code, err) == (0, "")
    assert (tmp_path / "built/report.html").exists()


def test_hardware_is_planned_without_any_extra(tmp_path):
    code, out, err = without(ALL, "build", NETWORK, "--plan", "--json", cwd=tmp_path)
    assert (code, err) == (0, "")
    assert json.loads(out)["outlook"]["verdict"] == "fits"


@pytest.mark.parametrize(("module", "extra", "words"), [
    ("torch", "train", ("train",)),
    ("torch", "train", ("evaluate", NETWORK, "--data", "digits")),
])
def test_what_is_missing_is_one_line(tmp_path, module, extra, words):
    code, out, err = without([module], *words, cwd=tmp_path)
    assert (code, out) == (1, "")
    assert err == (f"snnfpga: This needs {module}, which is not installed; install the extra {extra}: pip install "
                   f"'snnfpga[{extra}]'\n")


def test_an_extra_brings_what_is_said_of_it():
    """Each module that is promised comes from a distribution that the extra names."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    where = packages_distributions()
    for extra, modules in EXTRAS.items():
        named = {re.split(r"[<>=\[ ]", line)[0].lower() for line in extras.get(extra, ())}
        for module in modules if extra in extras else ():
            assert named & {name.lower() for name in where.get(module, [module])}, module
    error = missing_extra(ModuleNotFoundError("", name="cocotb.triggers"))
    assert str(error).endswith("install the extra sim: pip install 'snnfpga[sim]'")
    assert missing_extra(ModuleNotFoundError("", name="json")) is None


@pytest.mark.parametrize("call", ["train()", f"train(start={str(NETWORK)!r})", f"learn({str(NETWORK)!r})"],
                         ids=["train", "start", "learn"])
def test_from_python_it_is_an_error_of_ours(tmp_path, call):
    code = (f"import sys; sys.argv[1:] = ['torch', '--version']\ntry:\n    exec({WITHOUT!r})\nexcept SystemExit:\n    "
            f"pass\nimport snnfpga\ntry:\n    snnfpga.{call}\nexcept snnfpga.SnnfpgaError as error:\n    print(error)")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].startswith("This needs torch, which is not installed; install the extra train")


def test_the_version_names_all_tools_and_imports_none(tmp_path):
    code, out, err = without(ALL, "--version", cwd=tmp_path)
    assert (code, err) == (0, "")
    named = [line.split()[0] for line in out.splitlines()]
    assert named == ["snnfpga", "python", "numpy", "torch", "numba", "amaranth", "cocotb", "yosys", "verilator",
                     "icarus"]


@pytest.mark.parametrize(("words", "offered"), [
    ("snnfpga ev", "evaluate"), ("snnfpga evaluate --ba", "--backend"), ("snnfpga train --res", "--resume")])
def test_a_shell_completes_verbs_and_their_options(tmp_path, words, offered):
    done = subprocess.run([sys.executable, "-m", "snnfpga"], cwd=ROOT, capture_output=True,
                          text=True, check=True, env={
                              "PATH": "/usr/bin:/bin", "_SNNFPGA_COMPLETE": "complete_bash", "COMP_WORDS": words,
                              "COMP_CWORD": str(len(words.split()) - 1)})
    assert done.stdout.split() == [offered]
