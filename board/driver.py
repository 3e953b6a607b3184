"""The driver folder of a build: the host's side of the core, for a machine that has Python 3.10 and NumPy."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from rtl_gen import contract
from rtl_gen.contract.network import Network

from . import host
from .host import archive, expected
from .imports import to_clone

__all__ = ["FOLDERS", "files"]

# Whole packages: each module in them imports the standard library, NumPy and these two, and nothing else.
FOLDERS = (host.__name__, contract.__name__)
# What stands before the packages' names where they are installed inside another; nothing in the clone.
_OUTER = __package__.removesuffix("board")


def files(network: Network, *, notes: Mapping[str, str], extra: Sequence[str],
          example: str) -> dict[str, bytes]:
    """Modules, the example program and the network, by their paths within the folder.

    ``notes`` are those of the network file. The modules lie and are imported there as in the clone, also where this
    one runs from a wheel. ``extra`` names the modules, or whole packages, that a board adds to :data:`FOLDERS`.
    """
    names = {name for folder in FOLDERS for name in _modules(folder)} | set(extra)
    names = {name.removeprefix(_OUTER) for name in names}
    names |= {parent for name in names for parent in _parents(name)}
    found = dict(_source(name) for name in sorted(names))
    return {**found, "example.py": _source(example.removeprefix(_OUTER))[1], expected.FILE: expected.to_file(notes),
            **archive.to_files(network)}


def _modules(package: str) -> Iterator[str]:
    """Dotted names of a package and of all modules below it."""
    spec = find_spec(package)
    assert spec is not None, package
    assert spec.origin is not None, package
    folder = Path(spec.origin).parent
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        yield ".".join((package, *(part for part in parts if part != "__init__")))


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for length in range(1, len(parts)):
        yield ".".join(parts[:length])


def _source(name: str) -> tuple[str, bytes]:
    """Path and contents, as the clone has them, of the module that is called ``name`` there, without importing it."""
    spec = find_spec(f"{_OUTER}{name}")
    assert spec is not None, name
    assert spec.origin is not None, name
    path = Path(spec.origin)
    place = "/".join(name.split("."))
    return (f"{place}/__init__.py" if path.name == "__init__.py" else f"{place}.py",
            to_clone(path.read_text("utf-8"), name).encode())
