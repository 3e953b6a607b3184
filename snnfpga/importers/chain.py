"""The order of a graph's nodes: one path from its Input to its Output, and recurrence of neurons on themselves."""

import numpy as np

from .conventions.base import Convention, Said
from .conventions.snnfpga import readout_grid
from .graph import Graph, NirError, Node, ends_of
from .nodes import NEURONS, STAGES, linear
from .stages import Chain, Dynamics, LinearStage, NeuronStage, Stage

KNOWN = ("Input", "Output", *STAGES, *NEURONS)


def chain_of(graph: Graph, convention: Convention, said: Said) -> Chain:
    """The stages of a graph in order, its neurons read by a ``convention``.

    Raises
    ------
    NirError
        If there is more than a path, a node that we lack, a cycle that is no recurrence, or parameters that a
        convention refuses; the node is named.
    """
    first, last = ends_of(graph)
    for node in graph.nodes.values():
        if node.kind not in KNOWN:
            raise NirError(f"{node} has no counterpart here: known are {', '.join(KNOWN)}; replace it, or leave it out")
    loops, plain = _without_loops(graph)
    _check_acyclic(plain)
    if graph.grids():
        _check_residual(plain)
    stages: list[Stage] = []
    for name in _path(plain, first.name, last.name):
        node = graph.nodes[name]
        if node.kind in NEURONS:
            loop = loops.get(name)
            stages.append(NeuronStage(name, _dynamics(convention, node, said), None if loop is None else linear(loop)))
        elif node.kind in STAGES:
            stages.append(STAGES[node.kind](node))
    ours = any(isinstance(stage, NeuronStage) and stage.dynamics.grid is not None for stage in stages)
    return Chain(_input_shape(first, stages), tuple(stages), sizes_of(last),
                 readout_grid(graph.grids()) if ours else None)


@np.errstate(all="ignore")      # what overflows is refused where thresholds meet weights
def _dynamics(convention: Convention, node: Node, said: Said) -> Dynamics:
    """What a convention makes of a node; parameters that do not go together by their shapes are refused."""
    try:
        return convention.dynamics(node, said)
    except ValueError as error:
        sizes = {name: np.shape(value) for name, value in node.parameters.items() if np.size(value) > 1}
        raise NirError(f"Parameters of {node} must have one shape, not {sizes}; export it again") from error


def _without_loops(graph: Graph) -> tuple[dict[str, Node], Graph]:
    """For each recurrent neuron the node between its output and itself, and the graph without these."""
    loops: dict[str, Node] = {}
    for name, node in graph.nodes.items():
        after = graph.after(name)
        if node.kind not in ("Linear", "Affine") or len(after) != 1 or after != graph.before(name):
            continue
        neuron = graph.nodes[after[0]]
        if neuron.kind in NEURONS:
            if neuron.name in loops:
                raise NirError(f"{neuron} must have one connection to itself, not two ({loops[neuron.name].name}, "
                               f"{name}); add their weights")
            loops[neuron.name] = node
    taken = {node.name for node in loops.values()}
    return loops, Graph({name: node for name, node in graph.nodes.items() if name not in taken},
                        tuple(pair for pair in graph.edges if not taken & set(pair)))


def _check_acyclic(graph: Graph) -> None:
    """Refuse cycles that are left when each neuron's own connection is taken out."""
    left = set(graph.nodes)
    while True:
        ends = {name for name in left if not any(before in left for before in graph.before(name))}
        if not ends:
            break
        left -= ends
    while True:
        ends = {name for name in left if not any(after in left for after in graph.after(name))}
        if not ends:
            break
        left -= ends
    if not left:
        return
    cycle = [min(left)]
    while (follows := min(name for name in graph.after(cycle[-1]) if name in left)) not in cycle:
        cycle.append(follows)
    cycle = [*cycle[cycle.index(follows):], follows]
    if any(graph.nodes[name].kind in NEURONS for name in cycle):
        raise NirError(f"Cycle {' -> '.join(cycle)} must be one Linear or Affine from a neuron to itself; join its "
                       "connections, or take it out")
    raise NirError(f"Cycle {' -> '.join(cycle)} has no neuron, and so no step between its nodes; take it out")


def _check_residual(graph: Graph) -> None:
    """Refuse currents of another layer beside a layer's own, in a file that was ours."""
    for node in graph.nodes.values():
        before = graph.before(node.name)
        if node.kind in NEURONS and len(before) > 1:
            raise NirError(f"{node} adds currents of {', '.join(before[1:])} to those of {before[0]}, a residual "
                           "connection, which import does not read back; go on from the network file that was "
                           "exported, which every verb takes")


def _path(graph: Graph, first: str, last: str) -> list[str]:
    """All nodes from ``first`` to ``last``, each with one edge into it and one out of it."""
    path = [first]
    while path[-1] != last:
        name = path[-1]
        after = graph.after(name)
        if len(after) != 1:
            raise NirError(f"{graph.nodes[name]} must lead to one node, not {len(after)} "
                           f"({', '.join(after) or 'none'}); export a chain without branches")
        before = graph.before(after[0])
        if len(before) != 1:
            raise NirError(f"{graph.nodes[after[0]]} must be reached by one node, not {len(before)} "
                           f"({', '.join(before)}), whose currents would add up; export a chain without branches")
        path.append(after[0])
    unreached = [str(graph.nodes[name]) for name in graph.nodes if name not in path]
    if unreached or graph.after(last):
        what = ", ".join(unreached) or f"nodes after {last}"
        raise NirError(f"Every node must lie on the one path from {first} to {last}, and these do not: {what}; export "
                       "a chain without branches")
    return path


def sizes_of(node: Node) -> tuple[int, ...]:
    """The shape that an Input or an Output says."""
    shape = node.sizes("shape")
    if min(shape) < 1:
        raise NirError(f"shape of {node} must be sizes of 1 and more, not {shape}; export it again")
    return shape


def _input_shape(node: Node, stages: list[Stage]) -> tuple[int, ...]:
    """The shape of the inputs, without an axis of 1 for a batch or time that some writers leave."""
    shape = sizes_of(node)
    flat = next((len(stage.weight.T) for stage in stages[:1] if isinstance(stage, LinearStage)), None)
    if flat is not None and shape[-1] == flat and set(shape[:-1]) <= {1}:
        return (flat,)
    while shape[0] == 1 and len(shape) in (2, 4):
        shape = shape[1:]
    if len(shape) not in (1, 3):
        raise NirError(f"shape of {node} must be (inputs) or (channels, rows, columns), not {shape}; export it without "
                       "a batch")
    return shape
