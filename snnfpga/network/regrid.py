"""Weights moved to other scales, between samples and on request: their exponent is constant otherwise."""

from dataclasses import replace
from typing import NamedTuple

import torch

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.models import Config
from .frontends.registry import settings_of
from .measure import fraction_bits
from .network import SpikingNetwork
from .quantize import QuantisedWeights
from .specify import aligned, feedback_shift, on_scale, rate_shift, readout_spec, with_divided_feedback


class WeightScale(NamedTuple):
    """Bits of a weight, and the exponent f of its unit 2^-f."""

    bits: int
    fraction: int


def check(config: Config) -> None:
    """Refuse scales that would never be taken.

    Raises
    ------
    SnnfpgaError
        If there is no epoch after an entry of ``training.regrid``, or two are of one epoch.
    """
    after = [entry.after for entry in config.training.regrid]
    for index, epoch in enumerate(after):
        if epoch >= config.training.epochs or epoch in after[:index]:
            raise SnnfpgaError(f"Config training.regrid.{index}.after must be in 1..{config.training.epochs - 1}, "
                               f"before the last epoch, and each but once, not {epoch}", USAGE)


def scales(network: SpikingNetwork) -> list[WeightScale]:
    """The scales of all weights: those of each block's layers, then that of its learned readout."""
    return [WeightScale(weights.weight_bits, weights.fraction) for weights in _matrices(network)]


def fitted(network: SpikingNetwork, config: Config, weight_bits: int) -> list[WeightScale]:
    """Grids that suit the weights as they are now, of so many bits; layers with bits of their own keep them."""
    asked = config.network.model_copy(update={"weight_bits": weight_bits})
    found, layers = [], iter(settings_of(asked))
    for spec, block in zip(network.spec.blocks, network.blocks, strict=True):
        for own, weights in zip(spec.layers, block.layers, strict=True):
            bits, rows = next(layers).weight_bits, weights.wanted().detach()
            if own.neuron.threshold_shift is not None:     # thresholds take the scale that the others need, as at first
                rows = torch.cat([rows[:, :own.event_rows], rows[:, own.event_rows + 1:]], 1)
            found.append(WeightScale(bits, fraction_bits(rows, bits, asked.headroom)))
        if block.learned_readout is not None:
            bits = asked.readout_bits or weight_bits
            wanted = block.learned_readout.wanted().detach()
            found.append(WeightScale(bits, fraction_bits(wanted, bits, asked.headroom)))
    return found


def move(network: SpikingNetwork, config: Config, wanted: list[WeightScale]) -> list[str]:
    """Put every matrix on its scale, and thresholds, surrogates and logits with it; a line for each that changed.

    Raises
    ------
    SpecError
        If there is no such layer, or float32 could not compute it exactly.
    """
    said, specs, rest, settings = [], [], iter(wanted), iter(settings_of(config.network))
    for b, (spec, block) in enumerate(zip(network.spec.blocks, network.blocks, strict=True)):
        layers = []
        for index, (layer, weights) in enumerate(zip(spec.layers, block.layers, strict=True)):
            below, own_shift = (layer.residual.below, layer.residual.own_shift) if layer.residual else (0, 0)
            shift = layer.weights.fraction_bits - own_shift - weights.fraction      # of a mean over the inputs
            said += _moved(f"block {b} layer {index}", weights, scale := next(rest))
            unit, residual = aligned(scale.fraction + shift, below, layers[index - below] if below else None)
            parts = on_scale(config, next(settings), b, scale.bits, unit,
                            None if layer.neuron.threshold_shift is None else unit - scale.fraction)
            update = replace(layer.update, rate_shift=rate_shift(config, parts["weights"].shadow_bits),
                             feedback_shift=feedback_shift(config, unit))
            layers.append(replace(layer, **parts, residual=residual, update=update))
        readout = spec.readout
        if block.learned_readout is not None:
            unit = block.unit - block.learned_readout.fraction
            said += _moved(f"readout of block {b}", block.learned_readout, scale := next(rest))
            block.unit = unit + scale.fraction
            readout = readout_spec(config, b, readout.inputs, readout.classes, readout.pool, block.unit, scale.bits)
        specs.append(with_divided_feedback(config, replace(spec, layers=tuple(layers), readout=readout)))
    network.specify(replace(network.spec, blocks=tuple(specs)))
    network.integers()      # which refuses what float32 could not hold
    return said


def _moved(thing: str, weights: QuantisedWeights, scale: WeightScale) -> list[str]:
    before = WeightScale(weights.weight_bits, weights.fraction)
    if before == scale:
        return []
    weights.move(*scale)
    return [f"{thing}: {before.bits} bits of 2^{-before.fraction} became {scale.bits} bits of 2^{-scale.fraction}"]


def _matrices(network: SpikingNetwork) -> list[QuantisedWeights]:
    return [weights for block in network.blocks for weights in (*block.layers, block.learned_readout)
            if weights is not None]
