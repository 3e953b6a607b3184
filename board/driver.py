"""The driver folder of a build: the host's side of the core, for a machine that has Python 3.10 and NumPy."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from rtl_gen.network_file import Network

from . import archive

__all__ = ["MODULES", "files"]

# What board.host needs; each imports the standard library, NumPy and the others here, and nothing else.
MODULES = ("board", "board.archive", "board.host", "board.link", "rtl_gen", "rtl_gen.checks",
           "rtl_gen.memory_map", "rtl_gen.network_file", "rtl_gen.protocol", "rtl_gen.spec", "rtl_gen.synapses",
           "rtl_gen.tables")


def files(network: Network, *, extra: Sequence[str], example: str) -> dict[str, bytes]:
    """Modules, the example program and the network, by their paths within the folder."""
    found = dict(_source(name) for name in (*MODULES, *extra))
    return {**found, "example.py": _source(example)[1], **archive.to_files(network)}


def _source(name: str) -> tuple[str, bytes]:
    """Path and contents of a module, without importing it."""
    spec = find_spec(name)
    assert spec is not None, name
    assert spec.origin is not None, name
    path = Path(spec.origin)
    place = "/".join(name.split("."))
    return (f"{place}/__init__.py" if path.name == "__init__.py" else f"{place}.py"), path.read_bytes()
