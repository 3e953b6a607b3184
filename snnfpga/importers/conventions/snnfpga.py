"""Files that ``snnfpga export`` wrote: their metadata say what others leave open."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rtl_gen.contract.errors import shown
from rtl_gen.contract.neurons.base import RESETS
from rtl_gen.contract.readout import READINGS

from ..facts import COARSEST, FARTHEST, FINEST
from ..graph import NirError, Node
from ..stages import Dynamics
from .base import Said, from_nir

DT = 1e-4
AGAIN = "export the network again, or name another framework with --from"
# What numbers of a grid can be, as export writes them.
NUMBERS = {"fraction": (COARSEST, FINEST), "bits": (1, 16), "membrane_bits": (4, 24), "current_bits": (4, 24),
           "amount": (1, 2 ** 23 - 1)}
OF_READOUT = {"fraction": (-FARTHEST, FARTHEST), "bits": (1, 16)}


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
        if node.kind == "LI":
            return from_nir(node, said, dt=DT, reset="zero", reached=True)
        _check(str(node), grid, NUMBERS)
        if grid.get("reset") not in RESETS:
            raise _wrong(str(node), "reset", " or ".join(RESETS), grid.get("reset"))
        most = 2 ** (grid.get("membrane_bits", 24) - 1) - 1
        if grid.get("amount", 1) > most:
            raise _wrong(str(node), "amount", f"a whole number in 1..{most}, which its membrane holds", grid["amount"])
        return replace(from_nir(node, said, dt=DT, reset=grid["reset"], reached=True), grid=grid)

    def doubts(self, node: Node, own: Dynamics, said: Said) -> Iterator[str]:
        """As :meth:`.base.Convention.doubts`."""
        return iter(())


def readout_grid(grids: dict[str, Any]) -> dict[str, Any] | None:
    """The grid of the readout among those of a file's metadata; None where there is none.

    Raises
    ------
    NirError
        If it is none that export writes.
    """
    grid = grids.get("readout")
    if grid is None:
        return None
    if not isinstance(grid, dict):
        raise NirError(f"The grid of the readout in the file's metadata must be a table, not {shown(grid)}; {AGAIN}")
    _check("the readout", grid, OF_READOUT)
    if "reading" in grid and grid["reading"] not in READINGS:
        raise _wrong("the readout", "reading", f"{', '.join(READINGS[:-1])} or {READINGS[-1]}", grid["reading"])
    return grid


def _check(place: str, grid: dict[str, Any], numbers: dict[str, tuple[int, int]]) -> None:
    """Refuse a grid whose ``numbers`` are none that there are; a pool's neurons have neither fraction nor bits."""
    for name, (low, high) in numbers.items():
        value = grid.get(name)
        if name in grid and not (type(value) is int and low <= value <= high):
            raise _wrong(place, name, f"a whole number in {low}..{high}", value)
    if ("fraction" in grid) != ("bits" in grid):
        raise NirError(f"The grid of {place} in the file's metadata must have both fraction and bits, and has one; "
                       f"{AGAIN}")


def _wrong(place: str, name: str, rule: str, value: object) -> NirError:
    return NirError(f"{name} in the grid of {place} in the file's metadata must be {rule}, not {shown(value)}; {AGAIN}")


CONVENTION = Snnfpga()
