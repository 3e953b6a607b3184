"""Synapses on a grid of pixels: pooling and convolution. Standard library only, as :mod:`rtl_gen.contract.spec`.

A grid has a height, a width and channels; its pixel (y, x) of channel c is event, or neuron, ``(y * width + x) *
channels + c``.
"""

from dataclasses import dataclass

from .checks import SpecError, check_choice, check_flag, check_range

POOLS = ("or", "sum")
MAX_SIDE = 1 << 12


def _check_grid(thing: str, height: int, width: int, channels: int) -> None:
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
        _check_grid("Pool", self.height, self.width, self.channels)
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


@dataclass(frozen=True, kw_only=True)
class ConvSpec:
    """Synapses of a convolution; its weight matrix is (rows, filters).

    Row ``(ky * kernel + kx) * channels / groups + c`` of filter f weighs, for neuron (oy, ox, f), channel c of f's
    group at pixel ``(oy * stride + ky - padding, ox * stride + kx - padding)``; beyond the grid there are no events.

    Attributes
    ----------
    height, width, channels
        The grid of inputs.
    filters
        Output channels.
    kernel, stride, padding
        Side of the kernel, steps between its places, pixels of silence around the grid.
    groups
        Channels and filters are cut into as many parts, that see only each other.
    """

    height: int
    width: int
    channels: int
    filters: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1

    def __post_init__(self) -> None:
        _check_grid("Convolution", self.height, self.width, self.channels)
        check_range("Convolution filters", self.filters, 1, 1 << 16)
        check_range("Convolution padding", self.padding, 0, 15)
        check_range("Convolution stride", self.stride, 1, 16)
        side = min(self.height, self.width) + 2 * self.padding
        check_range("Convolution kernel", self.kernel, 1, min(side, 31),
                    f" for a grid of {self.height} x {self.width} with padding {self.padding}")
        check_range("Convolution groups", self.groups, 1, self.channels)
        if self.channels % self.groups or self.filters % self.groups:
            raise SpecError(f"Convolution groups must divide {self.channels} channels and {self.filters} filters, "
                            f"not {self.groups}")

    @property
    def inputs(self) -> int:
        return self.height * self.width * self.channels

    @property
    def out_height(self) -> int:
        return (self.height + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def out_width(self) -> int:
        return (self.width + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def outputs(self) -> int:
        return self.out_height * self.out_width * self.filters

    @property
    def rows(self) -> int:
        """Weights of a filter."""
        return self.kernel * self.kernel * self.channels // self.groups
