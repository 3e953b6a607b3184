"""The driver folder of a build: the host's side of the core, for a machine that has Python 3.10 and NumPy."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from rtl_gen.contract.network import Network

from .host import archive

__all__ = ["FOLDERS", "files"]

# Whole packages: each module in them imports the standard library, NumPy and these two, and nothing else.
FOLDERS = ("board.host", "rtl_gen.contract")


def files(network: Network, *, extra: Sequence[str], example: str) -> dict[str, bytes]:
    """Modules, the example program and the network, by their paths within the folder.

    ``extra`` names the modules, or whole packages, that a board adds to :data:`FOLDERS`.
    """
    names = {name for folder in FOLDERS for name in _modules(folder)} | set(extra)
    names |= {parent for name in names for parent in _parents(name)}
    found = dict(_source(name) for name in sorted(names))
    return {**found, "example.py": _source(example)[1], **archive.to_files(network)}


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
    """Path and contents of a module, without importing it."""
    spec = find_spec(name)
    assert spec is not None, name
    assert spec.origin is not None, name
    path = Path(spec.origin)
    place = "/".join(name.split("."))
    return (f"{place}/__init__.py" if path.name == "__init__.py" else f"{place}.py"), path.read_bytes()
