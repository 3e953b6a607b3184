"""A network as a front end describes it: layers in blocks, what is known of their neurons, and perhaps weights.

It is plain data, of whatever notation, file or tool it came from, and holds nothing of the grids that weights are put
on: those are measured afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.network import BLOCKS_OF_FILE, LayerConfig, NetworkConfig

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Pool:
    """A pooling.

    Attributes
    ----------
    kind
        ``or``, ``sum`` or ``mean``.
    size
        Side of a square; None for the whole grid.
    partial
        Whether squares that the border cuts count too.
    """

    kind: str
    size: int | None
    partial: bool = False


@dataclass(frozen=True)
class Linear:
    """Each input to each of ``neurons``, and with ``recurrent`` their own spikes of the step before."""

    neurons: int
    recurrent: bool = False


@dataclass(frozen=True)
class Conv:
    """A convolution; ``padding`` None keeps the size at stride 1."""

    filters: int
    kernel: int
    stride: int = 1
    padding: int | None = None
    groups: int = 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Given:
    """Float weights that take the place of drawn ones, laid out as PyTorch has them.

    Attributes
    ----------
    weights
        (outputs, inputs), or (filters, channels of a group, kernel, kernel) of a convolution.
    recurrent
        (outputs, outputs), from the layer's own spikes; of a recurrent layer alone.
    bias
        (outputs,), or (filters,); None for none. The layer must have ``bias``, and where it has one that is not given
        it begins at zero.
    thresholds
        (outputs,), or (filters,), where each neuron or filter has its own; None where all have the layer's.
    channels_first
        Whether the inputs of a plain layer that come from a grid are in the order of channels, rows, columns, as where
        PyTorch flattens a picture. Ours are in the order of rows, columns, channels.
    fraction
        The weights lie on multiples of ``2**-fraction``, with the bits that are known of their layer, and stay there;
        None puts them on the grid that ``network.headroom`` asks for.
    """

    weights: Array
    recurrent: Array | None = None
    bias: Array | None = None
    thresholds: Array | None = None
    channels_first: bool = False
    fraction: int | None = None


@dataclass(frozen=True)
class Layer:
    """A layer of an architecture.

    Attributes
    ----------
    synapses
        Which inputs reach which neurons.
    pool
        The pooling before them; None for none.
    adds
        The layer so many below is the one whose currents are added; 0 for none.
    known
        What is known of its neurons and weights; the configuration says what is left open here.
    given
        Its weights; None where they are to be drawn.
    """

    synapses: Linear | Conv
    pool: Pool | None = None
    adds: int = 0
    known: LayerConfig = field(default_factory=LayerConfig)
    given: Given | None = None

    @property
    def recurrent(self) -> bool:
        """Whether its own spikes are inputs too."""
        return isinstance(self.synapses, Linear) and self.synapses.recurrent


Blocks = tuple[tuple[Layer, ...], ...]


@dataclass(frozen=True)
class Architecture:
    """A whole network.

    Attributes
    ----------
    blocks
        Layers, in the blocks that learn together.
    pool
        The pooling before the last readout.
    readout
        Weights of the last readout, without bias and thresholds; None where they are to be drawn.
    earlier
        The same of the blocks before the last, one each; empty where all of these are to be drawn.
    """

    blocks: Blocks
    pool: Pool | None = None
    readout: Given | None = None
    earlier: tuple[Given, ...] = ()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers, input side first."""
        return tuple(layer for block in self.blocks for layer in block)


def cut(whole: Architecture, config: NetworkConfig) -> Architecture:
    """The same chain of layers in blocks of ``block_depth`` layers, or with ``all`` in one, or as the file has them.

    Raises
    ------
    SnnfpgaError
        If there are fewer layers, or no file.
    """
    layers, depth = whole.layers, config.block_depth
    if not layers:
        raise SnnfpgaError("Config network.file must describe a layer of neurons at least, and describes a readout "
                           "alone; add one to it", USAGE)
    if depth == BLOCKS_OF_FILE:
        if config.file is None:
            raise SnnfpgaError("Config network.block_depth=file keeps the blocks of network.file, and there is none; "
                               "take a number, or all", USAGE)
        return whole
    step = len(layers) if depth == "all" else depth
    if step > len(layers):
        source = "network.architecture" if config.file is None else "network.file"
        raise SnnfpgaError(f"Config network.block_depth must be at most {len(layers)}, the layers of {source}, not "
                           f"{depth}; take {len(layers)} or fewer, or all", USAGE)
    blocks = in_blocks(layers, step)
    return whole if blocks == whole.blocks else replace(whole, blocks=blocks, earlier=())


def in_blocks(layers: Sequence[Layer], depth: int) -> Blocks:
    """A chain of layers in blocks of ``depth``; the last may be shorter."""
    return tuple(tuple(layers[start:start + depth]) for start in range(0, len(layers), depth))


def lost_source(blocks: Blocks) -> int | None:
    """The first layer of the whole network that adds currents from beyond its block."""
    layers = [(place, layer) for block in blocks for place, layer in enumerate(block)]
    return next((number for number, (place, layer) in enumerate(layers) if layer.adds > place), None)
