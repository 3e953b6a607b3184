"""The network that is trained: float weights behind quantisers, and the specification they will be built by."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from rtl_gen.network_file import Network
from rtl_gen.spec import BlockSpec, NetworkSpec

from ..config import Config
from ..quantize import QuantisedWeights, fraction_bits
from .exact import check_exact
from .neuron import lif
from .specify import block_spec, fixed_gain, layer_spec, network_spec, readout_spec
from .window import BlockWeights, block_window, rest, synapses


class TrainedBlock(nn.Module):
    """Float weights of a block, and the scale that turns its integer logits into real ones."""

    def __init__(self, layers: list[QuantisedWeights], readout: QuantisedWeights | Tensor) -> None:
        super().__init__()
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
        if self.learned_readout is not None:
            return 2.0 ** -self.learned_readout.fraction
        return 1.0 / fixed_gain(len(self.fixed_readout))

    def clip(self) -> None:
        """Bring every weight back to its range."""
        for weights in (*self.layers, self.learned_readout):
            if weights is not None:
                weights.clip()


class SpikingNetwork(nn.Module):
    """Blocks in training; ``spec`` says what their integers mean."""

    def __init__(self, spec: NetworkSpec, blocks: list[TrainedBlock]) -> None:
        super().__init__()
        self.spec = spec
        self.blocks = nn.ModuleList(blocks)

    def integers(self) -> list[BlockWeights]:
        """Integer-valued weights of each block, quantised once."""
        return [block.integers() for block in self.blocks]

    def clip(self) -> None:
        for block in self.blocks:
            block.clip()

    @torch.no_grad()
    def export(self) -> Network:
        """The network as the hardware holds it.

        Raises
        ------
        SpecError
            If PyTorch's sums could have been rounded, so that the integers need not compute the same.
        """
        check_exact(self.spec)
        weights, readouts = [], []
        for block, integers in zip(self.spec.blocks, self.integers(), strict=True):
            weights.append(tuple(stored(matrix, layer.shadow_bits)
                                 for matrix, layer in zip(integers.layers, block.layers, strict=True)))
            readouts.append(stored(integers.readout, block.readout.shadow_bits))
        return Network(spec=self.spec, weights=tuple(weights), readouts=tuple(readouts),
                       window_numbers=(0,) * len(readouts))


def stored(weights: Tensor, shadow_bits: int) -> np.ndarray:
    """Stored weights, int32, of integer-valued ones: in the middle of what reads back as the weight."""
    half = (1 << shadow_bits) >> 1
    return (weights.cpu().numpy().astype(np.int32) << shadow_bits) + np.int32(half)


def initialise(config: Config, events: Tensor, classes: int) -> SpikingNetwork:
    """Random weights by ``config.seed``, their grid, and the specification that follows from it.

    A layer's weights are drawn so that ``network.gain`` times the threshold is the spread of a current, given how many
    events the layers before it let through; the grid then holds ``network.headroom`` times the largest.

    Parameters
    ----------
    events
        (T, B, inputs) float32: samples to measure by.
    """
    generator = torch.Generator().manual_seed(config.seed)
    specs, blocks, steps = [], [], len(events)
    for index, neurons in enumerate(config.network.blocks):
        spec, block = _initialise_block(config, index, neurons, events, classes, generator)
        with torch.no_grad():
            events = block_window(spec, block.integers(), events, rest(spec, events.shape[1], events.device))[0]
        specs.append(spec)
        blocks.append(block)
    spec = network_spec(config, specs, steps)
    check_exact(spec)
    return SpikingNetwork(spec, blocks)


def _initialise_block(config: Config, index: int, neurons: tuple[int, ...], events: Tensor, classes: int,
                      generator: torch.Generator) -> tuple[BlockSpec, TrainedBlock]:
    layers, weights = [], []
    for outputs in neurons:
        inputs = events.shape[-1]
        # A silent layer would ask for endless weights; one event a step is the least to reckon with.
        active = max(float(events.sum(-1).mean()), 1.0)
        spread = config.network.gain * config.network.threshold / math.sqrt(active)
        matrix = _quantised(config, _normal(inputs + config.network.bias, outputs, spread, generator))
        layers.append(layer_spec(config, index, inputs, outputs, matrix.fraction))
        weights.append(matrix)
        with torch.no_grad():
            currents = synapses(events, matrix(), layers[-1])
            events = lif(currents, torch.zeros_like(currents[0]), layers[-1])[0]
    readout = _normal(neurons[-1], classes, 1.0 / math.sqrt(neurons[-1]), generator)
    learned = _quantised(config, readout) if config.network.readout == "learned" else None
    fixed = torch.where(readout < 0, -1.0, 1.0)
    spec = readout_spec(config, index, neurons[-1], classes, learned.fraction if learned else 0)
    return block_spec(config, index, layers, spec), TrainedBlock(weights, learned or fixed)


def _normal(rows: int, columns: int, spread: float, generator: torch.Generator) -> Tensor:
    """Normal values cut at two spreads, beyond which they would cost the grid a bit for a few weights."""
    return torch.randn(rows, columns, generator=generator).clamp_(-2.0, 2.0) * spread


def _quantised(config: Config, initial: Tensor) -> QuantisedWeights:
    bits = config.network.weight_bits
    return QuantisedWeights(initial, bits, fraction_bits(float(initial.abs().max()), bits, config.network.headroom))
