"""A chain of stages as an architecture of ours: layers with their weights on a grid, and a readout."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor

from ..config.network import LayerConfig, NetworkConfig
from ..network.architecture import Architecture, Layer, Pool
from .ending import NEAR, readout_of
from .facts import LayerFacts, check_fit, check_held, coarse, error_of, few_units, grid, kept
from .fitting import CUTS, Fitted, fitted, scaled, whole
from .graph import NirError
from .making import POOLS, Making, Raw
from .matching import SourceLayer
from .neurons import OnGrid, on_grid
from .stages import Chain
from .width import WIDEST

NEAR_LOSS = 0.2             # and of what is lost in a step, where that is little


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """A network of ours that a chain describes.

    Attributes
    ----------
    architecture
        In one block.
    sensor
        (H, W, C) of the inputs; None where they have no places.
    inputs, classes
        How many.
    leak_shift, reading
        Of a leaky readout; None and ``sum`` of others.
    facts
        Of each layer of neurons, then of the readout.
    warnings
        What is not as it was, a line each.
    sources
        The layers of neurons that the source has.
    spiking
        Whether the answer is the spikes of the last layer.
    """

    architecture: Architecture
    sensor: tuple[int, int, int] | None
    inputs: int
    classes: int
    leak_shift: int | None
    reading: str
    facts: tuple[LayerFacts, ...]
    warnings: tuple[str, ...]
    sources: tuple[SourceLayer, ...]
    spiking: bool


@np.errstate(all="ignore")      # what overflows is refused where its node is known
def mapped(chain: Chain, network: NetworkConfig, reading: str | None, events: Tensor | None = None) -> Mapped:
    """What ``chain`` is here, with the bits of ``network``.

    Parameters
    ----------
    reading
        Of a leaky integrator at the end; None where nothing was said.
    events
        (T, B, ...) in the shape of the chain's input, to which grids are fitted; None fits none.

    Raises
    ------
    NirError
        If sizes do not meet, or a stage has no place where it stands; its node is named.
    """
    made = Making(chain.shape)
    for number, stage in enumerate(chain.stages):
        made.last = number == len(chain.stages) - 1
        made.take(stage)
    if not made.layers:
        raise NirError("The graph must have a layer of spiking neurons at least, and has none; export a network of "
                       "spiking neurons")
    _check_outputs(made, chain)
    end = readout_of(made, network, reading, chain.readout)
    grids = [_grid(raw, network.of_layer(index).weight_bits, _asked(network, index))
             for index, raw in enumerate(made.layers)]
    for layer, bits in grids:
        check_fit(layer.raw, layer.fraction, bits, 1.0 if layer.factor == 1.0 else CUTS[-1])
    held = [layer for layer, _ in grids] if events is None else fitted(grids, events)
    found = [_on_grid(raw, layer, bits) for raw, layer, (_, bits) in zip(made.layers, held, grids, strict=True)]
    for index, ((own, facts), (layer, bits)) in enumerate(zip(found, grids, strict=True)):
        check_held(facts, _widest(network, index, own))
        unfitted = coarse(facts, error_of(layer.raw.given, layer.fraction, bits))
        if not unfitted and events is None and layer.factor != 1.0:
            unfitted = few_units(facts, layer.raw.given, layer.raw.neurons.threshold * 2.0 ** layer.fraction)
        made.warnings += [*_leaks(facts), *unfitted]
    whole = Architecture((tuple(layer for layer, _ in found),), pool=end.pool, readout=end.given)
    sensor = (chain.shape[1], chain.shape[2], chain.shape[0]) if len(chain.shape) == 3 else None
    return Mapped(architecture=whole, sensor=sensor, inputs=math.prod(chain.shape), classes=len(end.given.weights),
                  leak_shift=end.leak_shift, reading=end.reading, facts=(*(facts for _, facts in found), end.facts),
                  warnings=tuple(made.warnings), sources=tuple(made.sources), spiking=made.waiting is None)


def _check_outputs(made: Making, chain: Chain) -> None:
    """Refuse an Output of another shape than what reaches it, axes of 1 for a batch or time aside."""
    if chain.outputs is None:
        return
    said, found = ([side for side in shape if side > 1] for shape in (chain.outputs, made.shape))
    if said != found and said != [math.prod(found)]:
        raise NirError(f"shape of the Output must be {' x '.join(map(str, made.shape))}, which reaches it, not "
                       f"{' x '.join(map(str, chain.outputs))}; export it again, or mend the shape")


def _asked(network: NetworkConfig, index: int) -> int | None:
    """The bits of weights that the configuration says of layer ``index``; None where it leaves them open."""
    own = network.layers[index].weight_bits if index < len(network.layers) else None
    return network.weight_bits if own is None and "weight_bits" in network.model_fields_set else own


def _widest(network: NetworkConfig, index: int, layer: Layer) -> int:
    """The bits of the membranes of layer ``index`` that are said, or else the most that it can be given."""
    own = network.layers[index].membrane_bits if index < len(network.layers) else None
    said = own or layer.known.membrane_bits
    return said or (network.membrane_bits if "membrane_bits" in network.model_fields_set else WIDEST)


def _leaks(facts: LayerFacts) -> list[str]:
    """A line for a membrane or a current whose leak is far from what it was."""
    return [f"node {facts.node} keeps {used:g} of {what} in a step, not {wanted:.4g}: no three shifts are nearer"
            for what, wanted, used in (("a membrane", facts.keep, facts.keep_used),
                                       ("a current", facts.current_keep, facts.current_keep_used))
            if wanted is not None and used is not None
            and abs(used - wanted) > min(NEAR, NEAR_LOSS * (1.0 - wanted))]


def _grid(raw: Raw, bits: int, asked: int | None) -> tuple[Fitted, int]:
    """A layer on the grid that it came with, or on one of weights of so many bits; and the bits."""
    held = kept(raw.stage.dynamics.grid, raw.given, asked)
    if held is not None:
        return Fitted(raw, held[1], 1.0), held[0]
    return whole(raw, bits, grid(f"The layer of node {raw.stage.name}", bits, raw.given)), bits


def _on_grid(source: Raw, held: Fitted, bits: int) -> tuple[Layer, LayerFacts]:
    """A layer on its grid, and what became of the ``source``'s."""
    raw, fraction = held.raw, held.fraction
    integers = on_grid(raw.neurons, fraction)
    known = LayerConfig(weight_bits=bits, bias=raw.given.bias is not None, **integers.known)
    if kept(raw.stage.dynamics.grid, source.given, bits) is not None:
        known, integers = _as_it_was(raw.stage.dynamics.grid, known, integers)
    pool = None if raw.pool is None else Pool(POOLS[raw.pool.kind], raw.pool.size)
    own = raw.stage.dynamics
    facts = LayerFacts(
        node=raw.stage.name, kind="recurrent neurons" if raw.given.recurrent is not None else "neurons",
        neurons=math.prod(raw.shape), said=own.said, keep=raw.neurons.keep, keep_used=integers.keep,
        current_keep=raw.neurons.current_keep, current_keep_used=integers.current_keep,
        gain=(float(own.gain.min()), float(own.gain.max())), reset=own.reset,
        compare="reached" if own.reached else "above", weight_bits=bits, fraction_bits=fraction,
        threshold=integers.threshold, reset_amount=integers.amount, membrane_bits=None,
        weight_error=error_of(raw.given, fraction, bits, scaled(source, held.factor).given))
    return Layer(raw.synapses, pool, known=known, given=replace(raw.given, fraction=fraction)), facts


def _as_it_was(own: dict[str, Any], known: LayerConfig, integers: OnGrid) -> tuple[LayerConfig, OnGrid]:
    """With the membranes, currents and reset that a network of ours had."""
    amount = own.get("amount", integers.threshold) if integers.amount is not None else None
    scale = 2.0 ** -own["fraction"]
    return known.model_copy(update={
        "membrane_bits": own.get("membrane_bits"), "current_bits": own.get("current_bits"),
        "reset_amount": None if amount in (None, integers.threshold) else amount * scale,
    }), replace(integers, amount=amount)
