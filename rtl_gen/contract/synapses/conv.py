"""Synapses of a convolution over a grid of pixels."""

from dataclasses import dataclass

from ..checks import SpecError, check_range
from ..grid import check_grid
from .base import Synapses
from .dense import MAX_NEURONS


@dataclass(frozen=True, kw_only=True)
class ConvSpec(Synapses):
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
        check_grid("Convolution", self.height, self.width, self.channels)
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
        check_range("Layer inputs", self.inputs, 1, MAX_NEURONS)
        check_range("Layer outputs", self.outputs, 1, MAX_NEURONS)

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

    @property
    def columns(self) -> int:
        """Columns of the weight matrix: one a filter."""
        return self.filters

    @property
    def reached_max(self) -> int:
        """The most neurons that one input reaches: the filters of its group, at the places whose kernel sees it."""
        across = -(-self.kernel // self.stride)
        return min(across, self.out_height) * min(across, self.out_width) * self.filters // self.groups


SPEC = ConvSpec
