"""Currents that a layer takes over from an earlier one."""

from dataclasses import dataclass

from .checks import check_range


@dataclass(frozen=True, kw_only=True)
class ResidualSpec:
    """Currents of an earlier layer of the block that are added to a layer's own, on the finer of their two grids.

    Attributes
    ----------
    below
        That layer is so many below this one.
    shift, own_shift
        Its currents, and this layer's own, are multiplied by two to these. One of them is 0.
    """

    below: int
    shift: int
    own_shift: int

    def __post_init__(self) -> None:
        check_range("Residual below", self.below, 1, 1 << 16)
        check_range("Residual shift", self.shift, 0, 24)
        check_range("Residual own shift", self.own_shift, 0, 0 if self.shift else 24,
                    f" where the other is {self.shift}")
