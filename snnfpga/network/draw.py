"""Float weights of a layer or a readout, before there is a grid for them: drawn at random.

``network.initial`` says how. ``balanced`` draws a layer's weights so that ``network.gain`` times the threshold is the
spread of a current, given the events that the layers before it really let through: so every layer of a deep network
fires. ``straight`` draws a convolution's a fifth as large, and lets its filters pass on what they see in their middle:
so what a sample is reaches the last of many layers, which random weights scramble. ``kaiming`` is PyTorch's own
default, which asks only how many inputs there are.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from rtl_gen.contract.synapses.conv import ConvSpec

from ..config.network import LayerSettings, NetworkConfig
from .shape import Grid, Shape

STRAIGHT = 1.1          # thresholds that an event in a kernel's middle is worth; a little over one makes up for losses
STRAIGHT_NOISE = 0.2    # of the spread that weights would have alone
OWN = 0.3               # a share of the neurons fires at a time, and what they say is not to outweigh the input


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatWeights:
    """Weights before they are on a grid.

    Attributes
    ----------
    matrix
        (rows, columns): of the inputs, then of the layer's own spikes, then of the bias.
    own_inputs, bias
        How many rows are of the layer's own spikes, and whether the last one is a bias.
    thresholds
        (columns,): by how much each neuron's, or filter's, threshold is above that of the layer; None where all have
        that.
    """

    matrix: Tensor
    own_inputs: int = 0
    bias: bool = False
    thresholds: Tensor | None = None

    @property
    def rows(self) -> Tensor:
        """All rows as the hardware has them: those of the thresholds come before the bias."""
        if self.thresholds is None:
            return self.matrix
        before = len(self.matrix) - self.bias
        return torch.cat([self.matrix[:before], self.thresholds[None], self.matrix[before:]])

    @property
    def untouched(self) -> int:
        """How many of the last rows are none of the inputs'."""
        return self.own_inputs + self.bias + (self.thresholds is not None)


def layer_weights(network: NetworkConfig, own: LayerSettings, shape: Shape, power: float, added: float,
                  generator: torch.Generator) -> FloatWeights:
    """Weights of a layer that sees events of this ``power``, and has currents ``added`` of that mean square."""
    columns, spread = shape.columns, spread_of(network.initial, own, shape, power, added)
    initial = normal(shape.fan_in + shape.own_inputs + own.bias, columns, spread, generator)
    if shape.conv is not None and network.initial == "straight":
        initial *= STRAIGHT_NOISE
        initial[middle_rows(shape.conv), torch.arange(columns)] += STRAIGHT * own.threshold
    if shape.own_inputs:
        initial[shape.fan_in:shape.fan_in + shape.own_inputs] *= OWN
    # Thresholds are at first those of the layer.
    return FloatWeights(matrix=initial, own_inputs=shape.own_inputs, bias=own.bias,
                        thresholds=initial.new_zeros(columns) if network.learn_threshold else None)


def readout_weights(grid: Grid, rows: int, classes: int, generator: torch.Generator) -> Tensor:
    """Weights (rows, classes) of a readout that sees the neurons of ``grid``, pooled to so many rows."""
    return normal(rows, classes, 1.0 / math.sqrt(grid.size), generator)


def spread_of(initial: str, own: LayerSettings, shape: Shape, power: float, added: float) -> float:
    """Deviation of the weights; ``added`` is the mean square of currents that come on top of theirs."""
    if initial == "kaiming":
        return 1.0 / math.sqrt(3 * shape.fan_in)
    # Currents that linger have the spread of many steps' together.
    wanted = (own.gain * own.threshold) ** 2 * (1.0 - (own.current_keep or 0.0) ** 2)
    return math.sqrt(max(wanted - added, wanted / 4) / power)       # a quarter, or the layer would say nothing


def normal(rows: int, columns: int, spread: float, generator: torch.Generator) -> Tensor:
    """Normal values cut at two spreads, beyond which they would cost the grid a bit for a few weights."""
    return torch.randn(rows, columns, generator=generator).clamp_(-2.0, 2.0) * spread


def middle_rows(conv: ConvSpec) -> Tensor:
    """(filters,): of each filter the row of its kernel's middle in one channel; channels take turns."""
    part, each = conv.channels // conv.groups, conv.filters // conv.groups
    middle = (conv.kernel // 2) * (conv.kernel + 1)
    return middle * part + torch.arange(conv.filters) % each % part
