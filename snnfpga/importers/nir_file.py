"""Files of the Neuromorphic Intermediate Representation, which are HDF5, as graphs; h5py alone reads them."""

import io
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.errors import FAILED, SnnfpgaError, shown
from rtl_gen.contract.regular import NotAFileError, regular

from .graph import Graph, NirError, Node, joined

NEWEST = (1, 0)         # the format that is known, whatever the third number
WRITTEN = "1.0.8"       # what is written is of this version
DEEPEST = 8             # graphs within graphs
VERSION = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})(?:\.[0-9A-Za-z.+-]{1,24})?")
SIGNATURE = b"\x89HDF\r\n\x1a\n"


def hdf5() -> ModuleType:
    """The package h5py.

    Raises
    ------
    SnnfpgaError
        If it is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise SnnfpgaError("Files of NIR are HDF5, and the package h5py is not installed; pip install 'snnfpga[nir]'",
                           FAILED) from None
    return h5py


def read_graph(path: str | os.PathLike[str]) -> tuple[Graph, str]:
    """The graph in a file, and the version of the format that its writer had.

    Raises
    ------
    NirError
        If it is not there, no HDF5, cut short, of a newer version, or no graph of NIR.
    """
    h5py, place = hdf5(), Path(path)
    try:
        with regular(place).open("rb") as file:
            begins = file.read(len(SIGNATURE))
    except FileNotFoundError:
        raise NirError(f"No file {place}; name one that a framework's exporter of NIR wrote") from None
    except (NotAFileError, OSError) as error:
        raise NirError(f"File {place} cannot be read: {error.strerror}; name a file of NIR") from None
    if begins != SIGNATURE:
        raise NirError(f"File {place} is no HDF5, as files of NIR are; name what a framework's exporter of NIR wrote")
    try:
        with h5py.File(place, "r") as file:
            version = _text(file.get("version"))
            _check_version(place, version)
            root = file.get("node")
            if not isinstance(root, h5py.Group) or _text(root.get("type")) != "NIRGraph":
                raise NirError(f"File {place} is HDF5 without a graph of NIR (node, of type NIRGraph); name what a "
                               "framework's exporter of NIR wrote")
            return _with_metadata(_graph(h5py, root, "The graph", 0), root.get("metadata")), version
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise NirError(f"File {place} is not a whole file of NIR ({error}); copy or export it again") from None


def _graph(h5py: ModuleType, group: Any, place: str, depth: int) -> Graph:
    if depth > DEEPEST:
        raise NirError(f"{place} lies more than {DEEPEST} graphs deep; export it flat")
    held = group.get("nodes")
    if not isinstance(held, h5py.Group):
        raise NirError(f"{place} must have nodes, and has none; export a network")
    nodes, inner = [], {}
    for name, node in held.items():
        kind = _text(node.get("type")) if isinstance(node, h5py.Group) else ""
        if kind == "NIRGraph":
            inner[name] = _graph(h5py, node, f"Node {name} (NIRGraph)", depth + 1)
        else:
            nodes.append(Node(name, kind or "no type", {
                key: value[()] for key, value in node.items() if isinstance(value, h5py.Dataset) and key != "type"
            } if isinstance(node, h5py.Group) else {}))
    return joined(nodes, _edges(group.get("edges"), place), inner)


def _with_metadata(graph: Graph, held: Any) -> Graph:
    """The graph with those of its metadata that are text, and in each node the grid that they have of it."""
    said = {name: _text(value) for name, value in held.items()} if hasattr(held, "items") else {}
    metadata = {name: text for name, text in said.items() if text}
    grids = Graph(graph.nodes, graph.edges, metadata).grids()
    nodes = {name: Node(name, node.kind, node.parameters | ({"grid": grids[name]} if name in grids else {}))
             for name, node in graph.nodes.items()}
    return Graph(nodes, graph.edges, metadata)


def write_graph(path: Path, graph: Graph) -> None:
    """Write a graph without graphs in it, whole or not at all.

    Raises
    ------
    OSError
        If the file cannot be written; an earlier one stays as it was.
    """
    h5py, held = hdf5(), io.BytesIO()
    with h5py.File(held, "w") as file:
        file["version"] = WRITTEN
        root = file.create_group("node")
        root["type"] = "NIRGraph"
        root["edges"] = np.array(graph.edges, dtype=h5py.string_dtype())
        for name, node in graph.nodes.items():
            group = root.create_group(f"nodes/{name}")
            group["type"] = node.kind
            for key, value in node.parameters.items():
                group[key] = value
        for key, text in graph.metadata.items():
            root[f"metadata/{key}"] = text
    write_atomically(path, held.getvalue())


def _edges(held: Any, place: str) -> list[tuple[str, str]]:
    if held is None:
        return []
    shape = getattr(held, "shape", None)    # a group has none
    if shape is None or (0 not in shape and (len(shape) != 2 or shape[1] != 2)):
        raise NirError(f"{place} must have edges of two names each, not "
                       f"{'a group' if shape is None else f'an array of shape {shape}'}; export it again")
    values = held[()]
    return [tuple(name.decode() if isinstance(name, bytes) else str(name) for name in pair) for pair in values]


def _text(held: Any) -> str:
    """What a data set of text or of one number says; nothing where it is an array, a group, or not there."""
    value = held[()] if getattr(held, "shape", None) == () else ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value) if isinstance(value, str | np.generic) else ""


def _check_version(place: Path, version: str) -> None:
    found = VERSION.fullmatch(version)
    if found is None:
        raise NirError(f"File {place} must say its version of NIR, such as 1.0.8, not "
                       f"{shown(version) if version else 'nothing'}; export it again")
    if tuple(map(int, found.groups())) > NEWEST:
        raise NirError(f"File {place} has version {version} of NIR, and this snnfpga knows "
                       f"{'.'.join(map(str, NEWEST))}.x; export it with an older nir, or install a newer snnfpga")
