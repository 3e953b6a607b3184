"""What in a file's numbers speaks against the convention by which it is read."""

from collections.abc import Iterator

from rtl_gen.contract.errors import SnnfpgaError

from .conventions.base import Said
from .conventions.registry import CONVENTIONS, FRAMEWORKS
from .graph import Graph
from .nodes import NEURONS


def doubts(graph: Graph, source: str, said: Said) -> list[str]:
    """A line where numbers of a graph speak against the convention ``source``, with the ones that they speak for."""
    found = list(_doubts(graph, source, said))
    if not found:
        return []
    fitting = [name for name in FRAMEWORKS if name != source and _fits(graph, name)]
    more = f"; and {len(found) - 1} more" if len(found) > 1 else ""
    which = f"they are as --from {' or '.join(fitting)} has them" if fitting else \
        "was it another --from, or another --dt?"
    return [f"numbers of the file speak against --from {source}: {found[0]}{more}; {which}"]


def _doubts(graph: Graph, source: str, said: Said) -> Iterator[str]:
    convention = CONVENTIONS[source]
    for node in graph.nodes.values():
        if node.kind in NEURONS:
            yield from convention.doubts(node, convention.dynamics(node, said), said)


def _fits(graph: Graph, name: str) -> bool:
    try:
        return not any(_doubts(graph, name, Said()))
    except SnnfpgaError:
        return False
