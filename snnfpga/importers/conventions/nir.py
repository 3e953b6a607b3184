"""NIR's own equations by Euler's method, with a step, a reset and a comparison that the user says."""

from collections.abc import Iterator

from ..graph import NirError, Node
from ..stages import Dynamics
from .base import COMPARISONS, RESETS, Said, doubts_of, from_nir


class Nir:
    """Any writer of files: what they leave open is asked for."""

    about = "any writer: Euler's method with --dt, --reset and --compare"

    def dynamics(self, node: Node, said: Said) -> Dynamics:
        """As :meth:`.base.Convention.dynamics`."""
        for option, value, wanted in (("--dt", said.dt, "the seconds of a step"),
                                      ("--reset", said.reset, " or ".join(RESETS)),
                                      ("--compare", said.compare, " or ".join(COMPARISONS))):
            if value is None:
                raise NirError(f"--from nir needs {option}, {wanted}, which no file says; give it")
        return from_nir(node, said, dt=said.dt, reset=said.reset, reached=said.compare == "reached")

    def doubts(self, node: Node, own: Dynamics, said: Said) -> Iterator[str]:
        """As :meth:`.base.Convention.doubts`."""
        yield from doubts_of(node, own, Said(gain=1.0), "it")


CONVENTION = Nir()
