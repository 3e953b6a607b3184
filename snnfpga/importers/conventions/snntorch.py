"""snnTorch: a step of 1e-4 s, a strict comparison, and a threshold that is subtracted a step late, after the leak."""

from collections.abc import Iterator

from ..graph import Node
from ..stages import Dynamics
from .base import Said, doubts_of, from_nir

DT = 1e-4


class SnnTorch:
    """``Leaky``, ``RLeaky``, ``Synaptic``; their files say neither the kind of the reset nor its time."""

    about = "snnTorch: dt 1e-4 s, fires above the threshold, which it subtracts one step late (--reset zero else)"

    def dynamics(self, node: Node, said: Said) -> Dynamics:
        """As :meth:`.base.Convention.dynamics`."""
        return from_nir(node, said, dt=said.dt or DT, reset="subtract-late", reached=False)

    def doubts(self, node: Node, own: Dynamics, said: Said) -> Iterator[str]:
        """As :meth:`.base.Convention.doubts`."""
        yield from doubts_of(node, own, said, "snnTorch", counts=(1.0,))
        if node.kind == "IF":
            yield f"{node} has no leak, and snnTorch writes no such node"


CONVENTION = SnnTorch()
