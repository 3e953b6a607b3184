"""The network that is trained: float weights behind quantisers, and the specification they will be built by."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.synapses.conv import ConvSpec

from ..config.models import Config
from ..config.network import LayerSettings
from .architectures import architecture_of
from .exact import check_exact, loose_layers
from .notation import Layer, Pool
from .quantize import QuantisedWeights, fraction_bits
from .shape import Grid, Shape, pool_of, readout_pool, shape_of
from .specify import block_spec, fixed_gain, layer_spec, network_spec, readout_bits, readout_spec
from .surrogates import lowered
from .synapses import pooled
from .window import BlockWeights, Flows, layer_rest, layer_run

STRAIGHT = 1.1          # thresholds that an event in a kernel's middle is worth; a little over one makes up for losses
STRAIGHT_NOISE = 0.2    # of the spread that weights would have alone
REMEDY = ("lower training.rate, or the factors of learning.traces (snnfpga diagnose says how the layers stand). A "
          "checkpoint that was saved before stays")


class TrainedBlock(nn.Module):
    """Float weights of a block.

    Attributes
    ----------
    unit
        Fraction bits of a learned readout's integer logits.
    """

    def __init__(self, layers: list[QuantisedWeights], readout: QuantisedWeights | Tensor, unit: int,
                 neurons: int) -> None:
        super().__init__()
        self.unit, self._neurons = unit, neurons
        self.layers = nn.ModuleList(layers)
        self.learned_readout = readout if isinstance(readout, QuantisedWeights) else None
        self.register_buffer("fixed_readout", None if self.learned_readout is not None else readout)

    def integers(self) -> BlockWeights:
        """Integer-valued weights; gradients reach the float ones."""
        readout = self.fixed_readout if self.learned_readout is None else self.learned_readout()
        return BlockWeights([layer() for layer in self.layers], readout)

    @property
    def logit_scale(self) -> float:
        """A real logit is an integer one times this."""
        return 1.0 / fixed_gain(self._neurons) if self.learned_readout is None else 2.0 ** -self.unit

    def clip(self) -> None:
        """Bring every weight back to its range."""
        for weights in (*self.layers, self.learned_readout):
            if weights is not None:
                weights.clip()


class SpikingNetwork(nn.Module):
    """Blocks in training; ``spec`` says what their integers mean."""

    def __init__(self, spec: NetworkSpec, blocks: list[TrainedBlock]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.specify(spec)

    def specify(self, spec: NetworkSpec) -> None:
        """Take what the integers mean from here on."""
        self.spec = spec
        self._loose = loose_layers(spec)

    def integers(self) -> list[BlockWeights]:
        """Integer-valued weights of each block, quantised once.

        Raises
        ------
        SnnfpgaError
            If float32 may round their sums and :meth:`check_finite` refuses them.
        SpecError
            If they have grown so that float32 would round their sums.
        """
        integers = [block.integers() for block in self.blocks]
        if self._loose:
            self.check_finite()
            check_exact(self.spec, integers)
        return integers

    @torch.no_grad()
    def check_finite(self) -> None:
        """Refuse float weights that training has spoilt: a neuron whose membrane is NaN never fires, and no loss tells.

        Raises
        ------
        SnnfpgaError
            If what is quantised of a layer or a readout is NaN or infinite.
        """
        for number, block in enumerate(self.blocks):
            parts = {f"block {number} layer {index}": layer for index, layer in enumerate(block.layers)}
            if block.learned_readout is not None:
                parts[f"the readout of block {number}"] = block.learned_readout
            for place, weights in parts.items():
                wanted = weights.wanted()       # with the gains, and before the quantiser clips what is infinite
                lost = int((~wanted.isfinite()).sum())
                if lost:
                    raise SnnfpgaError(f"Training stopped: {lost} of {wanted.numel()} weights of {place} are NaN or "
                                       f"infinite; {REMEDY}")

    def clip(self) -> None:
        for block in self.blocks:
            block.clip()

    @torch.no_grad()
    def export(self) -> Network:
        """The network as the hardware holds it; raises as :meth:`integers`."""
        weights, readouts = [], []
        for block, integers in zip(self.spec.blocks, self.integers(), strict=True):
            weights.append(tuple(stored(matrix, layer.weights.shadow_bits)
                                 for matrix, layer in zip(integers.layers, block.layers, strict=True)))
            readouts.append(stored(integers.readout, block.readout.shadow_bits))
        return Network(spec=lowered(self.spec), weights=tuple(weights), readouts=tuple(readouts),
                       window_numbers=(0,) * len(readouts))


def stored(weights: Tensor, shadow_bits: int) -> np.ndarray:
    """Stored weights, int32, of integer-valued ones: in the middle of what reads back as the weight."""
    half = (1 << shadow_bits) >> 1
    return (weights.cpu().numpy().astype(np.int32) << shadow_bits) + np.int32(half)


def initialise(config: Config, events: Tensor, classes: int, sensor: tuple[int, int, int] | None = None,
               ) -> SpikingNetwork:
    """Random weights by ``config.seed``, their grid, and the specification that follows from it.

    ``network.initial=balanced`` draws a layer's weights so that ``network.gain`` times the threshold is the spread of a
    current, given the events that the layers before it really let through: so every layer of a deep network fires.
    ``straight`` draws a convolution's a fifth as large, and lets its filters pass on what they see in their middle: so
    what a sample is reaches the last of many layers, which random weights scramble. ``kaiming`` is PyTorch's own
    default, which asks only how many inputs there are. The grid then holds ``network.headroom`` times the largest
    weight.

    Parameters
    ----------
    events
        (T, B, inputs) float32: samples to measure by.
    sensor
        (H, W, C) of the inputs; None where they have no places.

    Raises
    ------
    SnnfpgaError
        If the layers do not fit each other or the inputs.
    SpecError
        If the hardware could not have such a network, or float32 not compute it exactly.
    """
    wanted = architecture_of(config.network)
    depth = sum(map(len, wanted.blocks))
    if len(config.network.layers) > depth:
        raise SpecError(f"Config network.layers must have at most {depth} entries, one a layer, not "
                        f"{len(config.network.layers)}")
    builder = _Builder(config, events, classes,
                       Grid(1, 1, events.shape[-1], places=False) if sensor is None else Grid(*sensor))
    for index, layers in enumerate(wanted.blocks):
        builder.add(layers, wanted.pool if index == len(wanted.blocks) - 1 else None)
    spec = network_spec(config, builder.specs, len(events))
    network = SpikingNetwork(spec, builder.blocks)
    check_exact(spec, network.integers())
    return network


def middle_rows(conv: ConvSpec) -> Tensor:
    """(filters,): of each filter the row of its kernel's middle in one channel; channels take turns."""
    part, each = conv.channels // conv.groups, conv.filters // conv.groups
    middle = (conv.kernel // 2) * (conv.kernel + 1)
    return middle * part + torch.arange(conv.filters) % each % part


class _Built(NamedTuple):
    """A layer that stands."""

    spec: LayerSpec
    weights: QuantisedWeights
    outputs: Grid


class _Builder:
    """Blocks as they are added, and the events that pass what stands already.

    Attributes
    ----------
    specs, blocks
        What was built.
    """

    def __init__(self, config: Config, events: Tensor, classes: int, grid: Grid) -> None:
        self._config, self._events, self._classes, self._grid = config, events, classes, grid
        self._generator = torch.Generator().manual_seed(config.seed)
        self._layers = 0
        self.specs: list[BlockSpec] = []
        self.blocks: list[TrainedBlock] = []

    def add(self, layers: Sequence[Layer], last_pool: Pool | None) -> None:
        """A block of ``layers``; ``last_pool`` is what its readout sees, if something is asked for."""
        number, config = len(self.specs), self._config
        sources = frozenset(index - layer.adds for index, layer in enumerate(layers) if layer.adds)
        built: list[_Built] = []
        flows = Flows(sources)
        for layer in layers:
            built.append(self._layer(number, layer, built, flows))
        pool, shift = pool_of(f"Readout of block {number}", last_pool, self._grid)
        if last_pool is None and self._grid.places:
            pool = readout_pool(self._grid)
        rows = self._grid.size if pool is None else pool.outputs
        readout = self._normal(rows, self._classes, 1.0 / math.sqrt(self._grid.size))
        learned = self._quantised(readout, readout_bits(config)) if config.network.readout == "learned" else None
        fixed = torch.where(readout < 0, -1.0, 1.0)
        unit = learned.fraction + shift if learned else 0
        spec = readout_spec(config, number, self._grid.size, self._classes, pool, unit, readout_bits(config))
        self.specs.append(block_spec(config, number, [layer.spec for layer in built], spec,
                                     len(self._events)))
        self.blocks.append(TrainedBlock([layer.weights for layer in built], learned or fixed, unit, self._grid.size))

    def _layer(self, block: int, layer: Layer, below: list[_Built], flows: Flows) -> _Built:
        config, inputs = self._config, self._events.shape[-1]
        own = config.network.of_layer(self._layers)
        shape = shape_of(f"Layer {self._layers} of the network", layer, self._grid)
        source, added = self._source(layer, shape, below), 0.0
        if source is not None:
            added = float(flows.below(layer.adds).square().mean()) * 4.0 ** -source.weights.fraction_bits
        if shape.fan_in < 2 and config.network.normalise == "weights":
            raise SnnfpgaError(f"Layer {self._layers} of the network has one input a neuron, of which "
                               "network.normalise=weights would leave nothing; take none, or more inputs", USAGE)
        recurrent = shape.outputs.size if layer.recurrent else 0
        columns = shape.conv.filters if shape.conv else shape.outputs.size
        untouched = recurrent + config.network.bias
        initial = self._normal(shape.fan_in + untouched, columns, self._spread(own, shape, added))
        if shape.conv is not None and config.network.initial == "straight":
            initial *= STRAIGHT_NOISE
            initial[middle_rows(shape.conv), torch.arange(columns)] += STRAIGHT * own.threshold
        if recurrent:       # a share of the neurons fires at a time, and what they say is not to outweigh the input
            initial[shape.fan_in:shape.fan_in + recurrent] *= 0.3
        weights = self._quantised(initial, own.weight_bits, config.network.normalise == "weights", untouched,
                                  shape.fan_in + recurrent if config.network.learn_threshold else None)
        spec = layer_spec(config, block, self._layers, layer, inputs, shape, weights.fraction, source)
        with torch.no_grad():
            self._events = layer_run(spec, weights(), self._events,
                                     layer_rest(spec, self._events.shape[1], self._events), flows)[0]
        self._grid = shape.outputs
        self._layers += 1
        return _Built(spec, weights, shape.outputs)

    def _source(self, layer: Layer, shape: Shape, below: list[_Built]) -> LayerSpec | None:
        """The layer of the block, of those built ``below``, whose currents ``layer`` adds."""
        if not layer.adds:
            return None
        source = below[-layer.adds]
        if source.outputs != shape.outputs or source.spec.synapses.recurrent:
            what = f"{source.spec.outputs} recurrent neurons" if source.spec.synapses.recurrent else str(source.outputs)
            raise SnnfpgaError(f"Layer {self._layers} of the network adds the currents of the layer {layer.adds} below"
                               f", which has {what}, and must have {shape.outputs} as it has itself; change one of "
                               "them", USAGE)
        return source.spec

    def _spread(self, own: LayerSettings, shape: Shape, added: float) -> float:
        """Deviation of the weights; ``added`` is the mean square of currents that come on top of theirs."""
        if self._config.network.initial == "kaiming":
            return 1.0 / math.sqrt(3 * shape.fan_in)
        below = pooled(self._events.flatten(0, 1), shape.pool) * 2.0 ** -shape.mean_shift
        # A silent layer would ask for endless weights; one event a step is the least to reckon with.
        share = shape.fan_in / below.shape[1]
        power = max(float(below.square().sum(1).mean()) * share, 1.0)
        wanted = (own.gain * own.threshold) ** 2
        return math.sqrt(max(wanted - added, wanted / 4) / power)       # a quarter, or the layer would say nothing

    def _normal(self, rows: int, columns: int, spread: float) -> Tensor:
        """Normal values cut at two spreads, beyond which they would cost the grid a bit for a few weights."""
        return torch.randn(rows, columns, generator=self._generator).clamp_(-2.0, 2.0) * spread

    def _quantised(self, initial: Tensor, bits: int, standardised: bool = False, untouched: int = 0,
                   threshold_row: int | None = None) -> QuantisedWeights:
        fraction = fraction_bits(initial, bits, self._config.network.headroom)
        if threshold_row is not None:       # thresholds are at first those of the layer
            initial = torch.cat([initial[:threshold_row], initial.new_zeros(1, initial.shape[1]),
                                 initial[threshold_row:]])
        return QuantisedWeights(initial, bits, fraction, standardised, untouched + (threshold_row is not None))
