"""Which folder a build goes to where none was named: one design, one folder."""

from collections.abc import Sequence
from pathlib import Path

from rtl_gen.contract import network_file
from rtl_gen.contract.block import Directives
from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network import spec_digest
from rtl_gen.contract.spec import NetworkSpec

from .plan import MANIFEST, read_manifest

__all__ = ["default_folder", "design_there"]

NAMED = ("lanes", "reads", "memory", "unroll", "ahead")     # directives that a build's name tells of


def default_folder(parent: Path, own: NetworkSpec, asked: NetworkSpec, board: str) -> tuple[Path, str]:
    """The folder below ``parent`` for a build, and a line where it is not the one that bears the network's name alone.

    Directives that were asked for, and differ from the network's ``own``, are in its name. Where a build of another
    design has that name, what differs from it is in the name too. So builds of two designs never take each other's
    place, and the same design comes to the same folder as long as what it made way for is there.
    """
    folder = parent / f"{own.name}-{board}{_directives(own, asked)}"
    there = design_there(folder)
    if there is None or there == spec_digest(asked):
        return folder, ""
    suffix, words = _difference(folder, asked)
    aside = folder.with_name(folder.name + suffix)
    if design_there(aside) not in (None, spec_digest(asked)):
        aside = aside.with_name(f"{aside.name}-{spec_digest(asked)[:8]}")
    return aside, f"{folder} holds a build of another design, {words}; this one goes to {aside}"


def design_there(folder: Path) -> str | None:
    """The digest of the specification that a folder's build is of; None where there is no build."""
    if not (folder / MANIFEST).exists():
        return None
    try:
        return str(read_manifest(folder).get("specification"))
    except SnnfpgaError:        # what is there is told by whoever writes
        return None


def _directives(own: NetworkSpec, asked: NetworkSpec) -> str:
    before, now = ([block.directives for block in spec.blocks] for spec in (own, asked))
    parts = [_named(name, [_word(one, name) for one in now]) for name in NAMED
             if [getattr(one, name) for one in before] != [getattr(one, name) for one in now]]
    return "".join(f"-{part}" for part in parts)


def _word(directives: Directives, name: str) -> str:
    value = getattr(directives, name)
    return {True: "unrolled", False: "stepped"}[value] if name == "unroll" else str(value)


def _difference(folder: Path, asked: NetworkSpec) -> tuple[str, str]:
    """What tells a network from that of the build in ``folder``: for a name, and in words."""
    try:
        there = network_file.read(folder / str(read_manifest(folder)["network"])).spec
    except (SnnfpgaError, KeyError):
        there = None
    if there is not None:
        for name, words, values in (
                ("k", "windows of {} steps and not {}", lambda spec: [str(block.window) for block in spec.blocks]),
                ("reads", "{} reads in a cycle and not {}",
                 lambda spec: [str(block.directives.reads) for block in spec.blocks]),
                ("lanes", "{} lanes and not {}", lambda spec: [str(block.directives.lanes) for block in spec.blocks])):
            old, new = values(there), values(asked)
            if old != new:
                return f"-{_named(name, new)}", f"with {words.format(_spoken(old), _spoken(new))}"
    return f"-{spec_digest(asked)[:8]}", "with another specification"


def _named(name: str, values: Sequence[str]) -> str:
    """``lanes8`` where all blocks have 8, else ``lanes16-8``; a directive whose values are words stands for itself."""
    several = list(values) if len(set(values)) > 1 else [values[0]]
    return ("" if several[0].isalpha() else name) + "-".join(several)


def _spoken(values: Sequence[str]) -> str:
    return ", ".join(values if len(set(values)) > 1 else values[:1])
