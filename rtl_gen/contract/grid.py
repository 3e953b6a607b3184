"""Grids of pixels, and pooling over their squares.

Pixel (y, x) of channel c of a grid is event, or neuron, ``(y * width + x) * channels + c``.
"""

from dataclasses import dataclass

from .checks import check_choice, check_flag, check_range

POOLS = ("or", "sum")
MAX_SIDE = 1 << 12


def check_grid(thing: str, height: int, width: int, channels: int) -> None:
    """Refuse a grid whose sides or channels are out of range."""
    check_range(f"{thing} height", height, 1, MAX_SIDE)
    check_range(f"{thing} width", width, 1, MAX_SIDE)
    check_range(f"{thing} channels", channels, 1, 1 << 16)


@dataclass(frozen=True, kw_only=True)
class PoolSpec:
    """Pooling of events over squares that do not overlap, channel by channel.

    Attributes
    ----------
    kind
        ``or``: an event where any came in the square; ``sum``: how many came.
    size
        Side of a square.
    height, width, channels
        The grid that is pooled.
    partial
        Whether squares that the border cuts count; else what lies in them is dropped.
    """

    kind: str
    size: int
    height: int
    width: int
    channels: int
    partial: bool = False

    def __post_init__(self) -> None:
        check_choice("Pool kind", self.kind, POOLS)
        check_grid("Pool", self.height, self.width, self.channels)
        most = max(self.height, self.width) if self.partial else min(self.height, self.width)
        check_range("Pool size", self.size, 1, most, f" for a grid of {self.height} x {self.width}")
        check_flag("Pool partial", self.partial)

    @property
    def inputs(self) -> int:
        return self.height * self.width * self.channels

    @property
    def out_height(self) -> int:
        return (self.height + (self.size - 1) * self.partial) // self.size

    @property
    def out_width(self) -> int:
        return (self.width + (self.size - 1) * self.partial) // self.size

    @property
    def outputs(self) -> int:
        return self.out_height * self.out_width * self.channels

    @property
    def largest(self) -> int:
        """The largest value that comes out of events."""
        if self.kind == "or":
            return 1
        return min(self.size, self.height) * min(self.size, self.width)
