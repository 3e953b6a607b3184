"""A network before its training: described by a front end, drawn or given, measured and specified, layer by layer.

A layer's weights may be drawn for the events that the layers before it let through, so each goes through all steps,
and the events through it, before the next one begins. Each step is a value made from those before it: weights
(:mod:`.draw`, :mod:`.given`), their grid (:mod:`.measure`), the layer's specification on that grid (:mod:`.specify`).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.layer import LayerSpec

from ..config.models import Config
from ..config.network import LayerSettings
from .architecture import Architecture, Given, Layer, Pool
from .draw import FloatWeights, layer_weights, readout_weights
from .exact import check_exact
from .frontends.registry import architecture_of
from .given import given_layer, given_readout
from .measure import added_power, power_of, scale_of
from .network import SpikingNetwork, TrainedBlock
from .quantize import QuantisedWeights
from .shape import Grid, Shape, pool_of, readout_pool, shape_of
from .specify import block_spec, layer_spec, network_spec, readout_bits, readout_spec
from .window import Flows, layer_rest, layer_run


def initialise(config: Config, events: Tensor, classes: int, sensor: tuple[int, int, int] | None = None,
               wanted: Architecture | None = None) -> SpikingNetwork:
    """Weights as :mod:`.draw` has them by ``config.seed``, or a front end gives them; their grid; the specification.

    The grid holds ``network.headroom`` times the largest weight.

    Parameters
    ----------
    events
        (T, B, inputs) float32: samples to measure by.
    sensor
        (H, W, C) of the inputs; None where they have no places.
    wanted
        The network; None for the one that ``config`` describes.

    Raises
    ------
    SnnfpgaError
        If the layers do not fit each other or the inputs, or weights that were given not the layers.
    SpecError
        If the hardware could not have such a network, or float32 not compute it exactly.
    """
    wanted = wanted or architecture_of(config.network)
    depth = len(wanted.layers)
    if len(config.network.layers) > depth:
        raise SpecError(f"Config network.layers must have at most {depth} entries, one a layer, not "
                        f"{len(config.network.layers)}")
    grid = Grid(1, 1, events.shape[-1], places=False) if sensor is None else Grid(*sensor)
    made = _Making(config, wanted, classes, grid, events).blocks()
    spec = network_spec(config, [block for block, _ in made], len(events))
    network = SpikingNetwork(spec, [trained for _, trained in made])
    check_exact(spec, network.integers())
    return network


class _Made(NamedTuple):
    """A layer that stands."""

    spec: LayerSpec
    weights: QuantisedWeights
    outputs: Grid


class _Making:
    """The order of the steps: what stands so far, the grid that it ends in, and the events that it lets through."""

    def __init__(self, config: Config, wanted: Architecture, classes: int, grid: Grid, events: Tensor) -> None:
        self._config, self._wanted, self._classes = config, wanted, classes
        self._grid, self._events, self._layers = grid, events, 0
        self._generator = torch.Generator().manual_seed(config.seed)

    def blocks(self) -> list[tuple[BlockSpec, TrainedBlock]]:
        """Every block, specified and with its weights."""
        wanted, last = self._wanted, len(self._wanted.blocks) - 1
        earlier = wanted.earlier or (None,) * last
        return [self._block(number, layers, *(wanted.pool, wanted.readout) if number == last else (
            None, earlier[number]))
                for number, layers in enumerate(wanted.blocks)]

    def _block(self, number: int, layers: Sequence[Layer], last_pool: Pool | None,
               given: Given | None) -> tuple[BlockSpec, TrainedBlock]:
        """A block of ``layers``; ``last_pool`` is what its readout sees, if something is asked for."""
        config, made = self._config, []
        flows = Flows(frozenset(index - layer.adds for index, layer in enumerate(layers) if layer.adds))
        for layer in layers:
            made.append(self._layer(number, layer, made, flows))
        pool, shift = pool_of(f"Readout of block {number}", last_pool, self._grid)
        if last_pool is None and self._grid.places:
            pool = readout_pool(self._grid)
        initial = self._readout(f"Readout of block {number}", self._grid if pool is None else Grid(
            pool.out_height, pool.out_width, pool.channels), given)
        readout, unit = torch.where(initial < 0, -1.0, 1.0), 0
        if config.network.readout == "learned":
            readout = _on_scale(config, FloatWeights(matrix=initial), readout_bits(config), given)
            unit = readout.fraction + shift
        neurons = self._grid.size
        spec = readout_spec(config, number, neurons, self._classes, pool, unit, readout_bits(config))
        return (block_spec(config, number, [layer.spec for layer in made], spec, len(self._events)),
                TrainedBlock([layer.weights for layer in made], readout, unit, neurons))

    def _layer(self, block: int, layer: Layer, below: Sequence[_Made], flows: Flows) -> _Made:
        """Draw or take, measure, specify, run."""
        config, thing = self._config, f"Layer {self._layers} of the network"
        own = config.network.of_layer(self._layers, layer.known)
        shape, most = shape_of(thing, layer, self._grid), 1 if self._layers else config.data.input_max
        if most > 1 and layer.given is None and (shape.pool is None or shape.pool.kind == "sum"):
            # An input of v counts as v / 2^n, below 1: weights are drawn for inputs of about 1.
            shape = replace(shape, mean_shift=shape.mean_shift + most.bit_length())
        source = _source(thing, layer, shape, below)
        _check_standardised(config, thing, shape)
        initial = self._weights(thing, layer, own, shape, added_power(flows, layer.adds, source))
        # A grid of weights that are given is of the bits that they came with.
        kept = layer.given if layer.known.weight_bits in (None, own.weight_bits) else None
        weights = _on_scale(config, initial, own.weight_bits, kept, config.network.normalise == "weights")
        spec = replace(layer_spec(config, own, block, layer, shape, weights.fraction, source), input_max=most)
        with torch.no_grad():
            self._events = layer_run(spec, weights(), self._events,
                                     layer_rest(spec, self._events.shape[1], self._events), flows)[0]
        self._grid = shape.outputs
        self._layers += 1
        return _Made(spec, weights, shape.outputs)

    def _weights(self, thing: str, layer: Layer, own: LayerSettings, shape: Shape, added: float) -> FloatWeights:
        network = self._config.network
        if layer.given is not None:
            return given_layer(thing, network, own, shape, layer.given)
        return layer_weights(network, own, shape, power_of(self._events, shape), added, self._generator)

    def _readout(self, thing: str, seen: Grid, given: Given | None) -> Tensor:
        if given is not None:
            return given_readout(thing, self._config.network, seen, self._classes, given)
        return readout_weights(self._grid, seen.size, self._classes, self._generator)


def _on_scale(config: Config, initial: FloatWeights, bits: int, given: Given | None,
              standardised: bool = False) -> QuantisedWeights:
    """Weights on the grid that they need, or came with."""
    fraction = None if given is None else given.fraction
    if fraction is None:
        fraction = scale_of(initial, bits, config.network.headroom)
    return QuantisedWeights(initial.rows, bits, fraction, standardised, initial.untouched)


def _source(thing: str, layer: Layer, shape: Shape, below: Sequence[_Made]) -> LayerSpec | None:
    """The layer of the block, of those that stand ``below``, whose currents ``layer`` adds."""
    if not layer.adds:
        return None
    source = below[-layer.adds]
    if source.outputs != shape.outputs or source.spec.synapses.recurrent:
        what = f"{source.spec.outputs} recurrent neurons" if source.spec.synapses.recurrent else str(source.outputs)
        raise SnnfpgaError(f"{thing} adds the currents of the layer {layer.adds} below, which has {what}, and must "
                           f"have {shape.outputs} as it has itself; change one of them", USAGE)
    return source.spec


def _check_standardised(config: Config, thing: str, shape: Shape) -> None:
    if shape.fan_in < 2 and config.network.normalise == "weights":
        raise SnnfpgaError(f"{thing} has one input a neuron, of which network.normalise=weights would leave nothing; "
                           "take none, or more inputs", USAGE)
