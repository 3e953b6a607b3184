"""A graph of the Neuromorphic Intermediate Representation as plain data, without a node within a node."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.errors import USAGE, SnnfpgaError

KINDS = "fiu"           # of NumPy's, which are real numbers
_NOT = {"b": "truth values", "c": "complex ones", "S": "text", "U": "text", "O": "text or other objects"}


class NirError(SnnfpgaError):
    """A graph that cannot be had; the message names the node, the rule and what to do."""

    exit_code = USAGE


def unfit(node: str, why: str, do: str = "") -> NirError:
    """That a threshold is so far from its weights that no grid holds both; ``why`` says in which numbers."""
    return NirError(f"Threshold and weights of node {node} do not fit together: {why}; {do}are they of one trained "
                    "network, and --from, --dt and --gain right?")


@dataclass(frozen=True, eq=False)
class Node:
    """A node: its ``name``, its ``kind``, such as ``LIF``, and its parameters."""

    name: str
    kind: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"Node {self.name} ({self.kind})"

    def array(self, name: str, default: float | None = None) -> NDArray[np.float64]:
        """A parameter as float64 of any shape.

        Raises
        ------
        NirError
            If it is not there and has no ``default``, holds no real numbers, is empty, or NaN or infinite.
        """
        if name not in self.parameters and default is not None:
            return np.float64(default)[...]
        try:
            held = np.asarray(self.parameters[name])
        except KeyError:
            raise NirError(f"{self} must have {name}, and its parameters are {', '.join(self.parameters) or 'none'}; "
                           "export it again") from None
        except (TypeError, ValueError):
            held = np.empty((), object)
        if held.dtype.kind not in KINDS:
            raise NirError(f"{name} of {self} must be real numbers, not {_NOT.get(held.dtype.kind, 'what it is')}; "
                           "mend it")
        found = held.astype(np.float64)
        if not found.size:
            raise NirError(f"{name} of {self} must hold values, and is empty; give it some")
        if not np.isfinite(found).all():
            raise NirError(f"{name} of {self} must be finite, and {int((~np.isfinite(found)).sum())} of {found.size} "
                           "values are NaN or infinite; train it again, or mend it")
        return found

    def sizes(self, name: str) -> tuple[int, ...]:
        """A parameter as whole numbers in a row, such as a shape.

        Raises
        ------
        NirError
            As :meth:`array`, or if one of them is no whole number.
        """
        found = self.array(name)
        if found.ndim > 1 or (found != np.round(found)).any():
            raise NirError(f"{name} of {self} must be whole numbers in a row, not {found.tolist()}; mend it")
        return tuple(map(int, np.ravel(found)))

    def text(self, name: str) -> str | None:
        """A parameter that is text; None where it is none."""
        value = self.parameters.get(name)
        value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        return value if isinstance(value, str) else None


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes by their names, edges from node to node, and what a file says besides, as text."""

    nodes: dict[str, Node]
    edges: tuple[tuple[str, str], ...]
    metadata: dict[str, str] = field(default_factory=dict)

    def after(self, name: str) -> list[str]:
        """Where edges from a node lead."""
        return [end for start, end in self.edges if start == name]

    def before(self, name: str) -> list[str]:
        """Where edges into a node come from."""
        return [start for start, end in self.edges if end == name]

    def grids(self) -> dict[str, Any]:
        """The grids that the metadata of a network of ours have, by node; empty where there are none."""
        try:
            found = json.loads(self.metadata.get("grids", "{}"))
        except (ValueError, RecursionError):    # no JSON, or lists within lists without end
            return {}
        return found if isinstance(found, dict) else {}

    def of_kind(self, kind: str) -> list[Node]:
        """The nodes of a kind."""
        return [node for node in self.nodes.values() if node.kind == kind]


def joined(nodes: Iterable[Node], edges: Iterable[tuple[str, str]], inner: dict[str, Graph]) -> Graph:
    """A graph in which each of the ``inner`` graphs, by their names, is replaced by its nodes.

    An edge to an inner graph leads to where its Input leads, and one from it comes from where its Output does; its
    nodes are called ``graph.node``.

    Raises
    ------
    NirError
        If an inner graph has not one Input and one Output, or nothing between them, or an edge is of a node that is
        not there, or is there twice.
    """
    found, links = {node.name: node for node in nodes}, list(edges)
    _check_edges([*found, *inner], links)
    for name, graph in inner.items():
        ends = [_only(graph, kind, f"Node {name} (NIRGraph)") for kind in ("Input", "Output")]
        within = {node.name: f"{name}.{node.name}" for node in graph.nodes.values()}
        found |= {within[node.name]: Node(within[node.name], node.kind, node.parameters)
                  for node in graph.nodes.values() if node not in ends}
        first, last = (end.name for end in ends)
        if (first, last) in graph.edges:
            raise NirError(f"Node {name} (NIRGraph) leads from its Input to its Output without a node between; leave "
                           "it out")
        entries = [within[end] for end in graph.after(first)]
        exits = [within[start] for start in graph.before(last)]
        links = [pair for start, end in links
                 for pair in ((a, b) for a in (exits if start == name else [start])
                              for b in (entries if end == name else [end]))]
        links += [(within[start], within[end]) for start, end in graph.edges if first != start and last != end]
    return Graph(found, tuple(links))


def _only(graph: Graph, kind: str, place: str) -> Node:
    """The one node of a kind, which ``place`` must have."""
    found = graph.of_kind(kind)
    if len(found) != 1:
        names = ", ".join(node.name for node in found) or "none"
        raise NirError(f"{place} must have one {kind}, not {len(found)} ({names}); export one path from one Input to "
                       "one Output")
    return found[0]


def ends_of(graph: Graph) -> tuple[Node, Node]:
    """The Input and the Output of a graph.

    Raises
    ------
    NirError
        If there are none, or several.
    """
    if not graph.nodes:
        raise NirError("The graph must have nodes, and has none; export a network")
    return _only(graph, "Input", "The graph"), _only(graph, "Output", "The graph")


def _check_edges(names: Iterable[str], edges: list[tuple[str, str]]) -> None:
    known = set(names)
    # Edges into a node add up, so a reader that takes these for one computes half of another's currents.
    for (start, end), times in Counter(edges).items():
        if times > 1:
            raise NirError(f"Edge {start} -> {end} must be there once, not {times} times, which readers count once or "
                           "add up; take it out, or double the weights")
    for start, end in edges:
        for name in (start, end):
            if name not in known:
                raise NirError(f"Edge {start} -> {end} must join nodes of the graph, and none is called {name} (there "
                               f"are {', '.join(sorted(known))}); export it again, or mend the names")
