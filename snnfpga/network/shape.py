"""What a layer of an architecture becomes on the grid that reaches it."""

from dataclasses import dataclass

from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.synapses.conv import ConvSpec

from .architecture import Conv, Layer, Pool

READOUT_SIDE = 4        # a readout sees at most so many places along each side of a grid, counting the spikes in each


@dataclass(frozen=True)
class Grid:
    """Events as pixels, or without ``places`` as so many channels of one."""

    height: int
    width: int
    channels: int
    places: bool = True

    @property
    def size(self) -> int:
        return self.height * self.width * self.channels

    def __str__(self) -> str:
        return f"{self.height} x {self.width} x {self.channels}" if self.places else f"{self.channels} neurons"


@dataclass(frozen=True)
class Shape:
    """Sizes of a layer.

    Attributes
    ----------
    pool, conv
        As in :class:`rtl_gen.contract.layer.LayerSpec`.
    mean_shift
        A mean is a sum whose unit is ``2**-mean_shift`` of an event's.
    fan_in
        Inputs of a neuron from below.
    own_inputs
        Inputs of a neuron that are the layer's own spikes: none, or as many as there are neurons.
    seen
        The grid that the synapses see, after the pooling.
    outputs
        The grid of neurons.
    """

    pool: PoolSpec | None
    conv: ConvSpec | None
    mean_shift: int
    fan_in: int
    own_inputs: int
    seen: Grid
    outputs: Grid

    @property
    def columns(self) -> int:
        """Columns of the weights: one a neuron, or one a filter."""
        return self.outputs.size if self.conv is None else self.conv.filters


def shape_of(thing: str, layer: Layer, grid: Grid) -> Shape:
    """The sizes of ``layer`` after ``grid``; ``thing`` names it in an error.

    Raises
    ------
    SnnfpgaError
        If the grid is too small for it, or there is none.
    """
    pool, shift = pool_of(thing, layer.pool, grid)
    if pool is not None:
        grid = Grid(pool.out_height, pool.out_width, pool.channels)
    if not isinstance(layer.synapses, Conv):
        neurons = layer.synapses.neurons
        return Shape(pool, None, shift, grid.size, neurons if layer.recurrent else 0, grid,
                     Grid(1, 1, neurons, places=False))
    asked = layer.synapses
    _check_grid(thing, "a convolution", grid)
    padding = asked.kernel // 2 if asked.padding is None else asked.padding
    try:
        conv = ConvSpec(height=grid.height, width=grid.width, channels=grid.channels, filters=asked.filters,
                        kernel=asked.kernel, stride=asked.stride, padding=padding, groups=asked.groups)
    except SpecError as error:
        raise SnnfpgaError(f"{thing} does not fit on {grid}: {error}", USAGE) from None
    return Shape(pool, conv, shift, conv.rows, 0, grid, Grid(conv.out_height, conv.out_width, conv.filters))


def pool_of(thing: str, pool: Pool | None, grid: Grid) -> tuple[PoolSpec | None, int]:
    """The pooling on ``grid``, and its ``mean_shift``."""
    if pool is None:
        return None, 0
    _check_grid(thing, "pooling", grid)
    if pool.size is None:
        return _whole(grid)
    shift = 2 * (pool.size.bit_length() - 1) if pool.kind == "mean" else 0
    if pool.kind == "mean" and pool.size & (pool.size - 1):
        raise SnnfpgaError(f"{thing} takes a mean over {pool.size} x {pool.size}, and means must be over a power of "
                           f"two; take SP{pool.size}", USAGE)
    kind = "or" if pool.kind == "or" else "sum"
    try:
        return PoolSpec(kind=kind, size=pool.size, height=grid.height, width=grid.width, channels=grid.channels,
                        partial=pool.partial), shift
    except SpecError as error:
        raise SnnfpgaError(f"{thing} does not fit on {grid}: {error}", USAGE) from None


def _whole(grid: Grid) -> tuple[PoolSpec | None, int]:
    if grid.height == grid.width == 1:
        return None, 0
    # The shift is that of the power of two below the number of pixels, so that it is exact on any grid.
    pool = PoolSpec(kind="sum", size=max(grid.height, grid.width), height=grid.height, width=grid.width,
                    channels=grid.channels, partial=True)
    return pool, (grid.height * grid.width).bit_length() - 1


def readout_pool(grid: Grid) -> PoolSpec | None:
    """The pooling of a readout that sees ``grid``: few places, each with the number of its spikes."""
    size = -(-max(grid.height, grid.width) // READOUT_SIDE)
    if size == 1:
        return None
    return PoolSpec(kind="sum", size=size, height=grid.height, width=grid.width, channels=grid.channels, partial=True)


def _check_grid(thing: str, what: str, grid: Grid) -> None:
    if not grid.places:
        raise SnnfpgaError(f"{thing} is {what} and needs a grid, and what reaches it has {grid.size} neurons without "
                           "places; put it before the first layer of plain neurons", USAGE)
