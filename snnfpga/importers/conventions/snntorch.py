"""snnTorch: a step of 1e-4 s, a strict comparison, and a threshold that is subtracted a step late, after the leak."""

from ..graph import Node
from ..stages import Dynamics
from .base import Said, from_nir

DT = 1e-4


class SnnTorch:
    """``Leaky``, ``RLeaky``, ``Synaptic``; their files say neither the kind of the reset nor its time."""

    about = "snnTorch: dt 1e-4 s, fires above the threshold, which it subtracts one step late (--reset zero else)"

    def dynamics(self, node: Node, said: Said) -> Dynamics:
        """As :meth:`.base.Convention.dynamics`."""
        return from_nir(node, said, dt=said.dt or DT, reset="subtract-late", reached=False)


CONVENTION = SnnTorch()
