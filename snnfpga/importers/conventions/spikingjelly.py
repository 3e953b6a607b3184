"""SpikingJelly: a step of 1e-4 s, a threshold that fires when reached, and a reset to v_reset in the same step."""

from collections.abc import Iterator

from ..graph import Node
from ..stages import Dynamics
from .base import Said, doubts_of, from_nir

DT = 1e-4


class SpikingJelly:
    """``LIFNode``, ``IFNode``, ``CUBALIFNode``."""

    about = "SpikingJelly: dt 1e-4 s, fires where the threshold is reached, reset to v_reset"

    def dynamics(self, node: Node, said: Said) -> Dynamics:
        """As :meth:`.base.Convention.dynamics`."""
        return from_nir(node, said, dt=said.dt or DT, reset="zero", reached=True)

    def doubts(self, node: Node, own: Dynamics, said: Said) -> Iterator[str]:
        """As :meth:`.base.Convention.doubts`."""
        if node.kind == "IF":
            yield from doubts_of(node, own, said, "SpikingJelly", r=(1.0 / (said.dt or DT),))
        else:
            yield from doubts_of(node, own, said, "SpikingJelly", counts=(1.0,), r=(1.0,) if node.kind == "LIF" else ())


CONVENTION = SpikingJelly()
