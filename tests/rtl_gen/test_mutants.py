"""All mutants together: each is a text that stands in its file, and no component is without one."""

import importlib
from pathlib import Path

import pytest

from .mutation import SOURCE

# Tables of layouts and ports, and what only puts others together; the benches of what they serve hold them.
WITHOUT = {
    "activity", "block_registers", "claim", "compare", "core", "emit", "estimate", "forward_layouts", "machine",
    "mailbox", "measured", "memories", "pace", "packet", "ports", "token", "yosys",
    *(f"folded/{name}" for name in ("by_layer", "layouts", "ports", "reverse_layouts", "reverse_pass",
                                    "window_ports"))}


@pytest.fixture(scope="module")
def mutants():
    """All mutants of every subject, by its module and their name."""
    found = {}
    for path in Path(__file__).parent.rglob("test_mutants_*.py"):
        module = ".".join(path.relative_to(Path(__file__).parents[2]).with_suffix("").parts)
        found |= {(module, name): mutant for name, mutant in importlib.import_module(module).MUTANTS.items()}
    return found


def test_mutants_are_up_to_date_and_reach_every_component(mutants):
    for _, _, file, old, _ in mutants.values():
        assert (SOURCE / file).read_text().count(old) == 1, f"{file} must hold once {old!r}"
    files = (path for folder in ("", "folded", "neurons") for path in (SOURCE / folder).glob("*.py"))
    components = {path.relative_to(SOURCE).with_suffix("").as_posix() for path in files if path.stem != "__init__"}
    components -= WITHOUT
    assert components <= {file.removesuffix(".py") for _, _, file, _, _ in mutants.values()}
    assert len(mutants) >= 60
