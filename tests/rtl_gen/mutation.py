"""Copies of the generator with one text replaced, and the benches that have to find that.

A file ``test_mutants_<subject>.py`` holds targets, which say what is built of a copied package and which bench it must
pass, and mutants: a name, whether the quick run has it, the target that finds it, a file, and one text of it replaced.
"""

import importlib
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import pytest

import rtl_gen
from sim import runner
from sim.quick import quick
from tests.networks import network_spec

from .cases import handed

SOURCE = Path(rtl_gen.__file__).parent
FOUND = {"AssertionError", "SimTimeoutError"}     # a difference, or the bench's timeout


@dataclass(frozen=True)
class Target:
    """A component of a copied package, and the bench it must pass."""

    make: Callable
    bench: str
    environment: dict = field(default_factory=dict)
    arrays: dict = field(default_factory=dict)
    seed: int = 1


def engine(bench, make, **settings):
    """A component made of a block and its gate layout."""
    spec = network_spec(**settings)
    return Target(lambda package: make(package, spec, package("forward_layouts").gate_layout(spec.blocks[0])),
                  f"sim.benches.{bench}", handed(spec))


def copied(folder, name, file=None, old=None, new=None):
    """A copy of the package under another name with one text replaced, as a function from module to module."""
    shutil.copytree(SOURCE, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    if file is not None:
        path = folder / name / file
        text = path.read_text()
        assert text.count(old) == 1, f"{file} holds {text.count(old)} times {old!r}; bring the mutant up to date"
        path.write_text(text.replace(old, new))
    return lambda module: importlib.import_module(f"{name}.{module}")


def failures(target, package, folder, simulator):
    """Kinds of exception with which tests of the target's bench ended, and its log; the design itself must build."""
    design = runner.build(target.make(package), build_dir=folder / "build", simulator=simulator)
    label = target.bench.rpartition(".")[2]
    try:
        runner.run(design, bench=target.bench, environment={**quick(target.bench), **target.environment},
                   arrays=target.arrays, seed=target.seed)
    except runner.SimulationError:
        results = ElementTree.parse(design.build_dir / f"{label}.results.xml")
        return [element.get("type") for kind in ("failure", "error") for element in results.iter(kind)], (
            design.build_dir / f"{label}.log")
    return [], None


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that copies are imported from."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("rtl_gen_copy")]:
        del sys.modules[name]


def unchanged_test(targets):
    """A test that each target passes its bench where nothing was replaced."""
    @pytest.mark.slow
    @pytest.mark.parametrize("target", targets)
    def test(target, icarus, folder):
        number = list(targets).index(target)
        assert failures(targets[target], copied(folder, f"rtl_gen_copy_of_{number}"), folder, icarus)[0] == []

    return test


def mutant_test(targets, mutants):
    """A test that each mutant is found by its target's bench."""
    @pytest.mark.parametrize("name", [pytest.param(name, marks=() if quick else pytest.mark.slow)
                                      for name, (quick, *_) in mutants.items()])
    def test(name, icarus, folder):
        _, target, *replacement = mutants[name]
        package = copied(folder, f"rtl_gen_copy_{list(mutants).index(name)}", *replacement)
        kinds, log = failures(targets[target], package, folder, icarus)
        assert kinds, f"{target} does not find: {name}"
        assert set(kinds) <= FOUND, f"{name}: the bench broke down with {kinds}, and found no difference; see {log}"

    return test
