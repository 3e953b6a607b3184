"""Files that ``snnfpga export`` wrote: their metadata say what others leave open."""

from collections.abc import Iterator
from dataclasses import replace

from ..graph import NirError, Node
from ..stages import Dynamics
from .base import Said, from_nir

DT = 1e-4


class Snnfpga:
    """Neurons of ours, each with the reset that its node's metadata have."""

    about = "snnfpga: dt 1e-4 s, fires where the threshold is reached, resets and grids as the file's metadata say"

    def dynamics(self, node: Node, said: Said) -> Dynamics:
        """As :meth:`.base.Convention.dynamics`."""
        if said != Said():
            raise NirError("--from snnfpga takes no --dt, --reset, --compare or --gain, which the file says itself; "
                           "leave them out, or read it as another framework's")
        grid = node.parameters.get("grid")
        if node.kind != "LI" and not isinstance(grid, dict):
            raise NirError(f"{node} has no grid in the file's metadata, which snnfpga export would have written; name "
                           "the framework that wrote the file with --from")
        reset = "zero" if node.kind == "LI" else str(grid.get("reset"))
        return replace(from_nir(node, said, dt=DT, reset=reset, reached=True), grid=grid)

    def doubts(self, node: Node, own: Dynamics, said: Said) -> Iterator[str]:
        """As :meth:`.base.Convention.doubts`."""
        return iter(())


CONVENTION = Snnfpga()
