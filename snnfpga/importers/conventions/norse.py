"""Norse: time constants are written too small by a factor dt, and the reset is to zero in the same step."""

from collections.abc import Iterator

from ..graph import Node
from ..stages import Dynamics
from .base import Said, doubts_of, from_nir

DT = 1e-3


class Norse:
    """``LIFBoxCell``, ``LIFCell``, ``LIBoxCell``, ``IAFCell``; a current of ``LIFCell`` jumps by what comes in."""

    about = "Norse: dt 1e-3 s, time constants divided by dt, fires above the threshold, reset to 0"

    def dynamics(self, node: Node, said: Said) -> Dynamics:
        """As :meth:`.base.Convention.dynamics`."""
        dt = said.dt or DT
        return from_nir(node, said, dt=dt, reset="zero", reached=False, scale=1.0 / dt, own_gain=True)

    def doubts(self, node: Node, own: Dynamics, said: Said) -> Iterator[str]:
        """As :meth:`.base.Convention.doubts`."""
        yield from doubts_of(node, own, said, "Norse", r=(1.0,))


CONVENTION = Norse()
