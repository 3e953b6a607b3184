"""The specification of a run: what the configuration asks for, on the grid that was measured."""

import math
from dataclasses import replace
from typing import Any

from rtl_gen.contract.arithmetic import fitting_feedback_shift
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.surrogate import SurrogateSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from rtl_gen.contract.update import UpdateSpec
from rtl_gen.contract.weights import WeightSpec

from ..config.models import Config
from ..config.network import HOST_SURROGATES, LayerSettings
from ..config.on_chip import AUTO
from .architecture import Layer
from .neuron import kind_of
from .neurons.lif_shifts import near_shifts
from .shape import Shape
from .surrogates import HostSurrogate

# A weight's own unit is 2^shadow_bits stored ones, so these less shadow_bits move it alike whatever those bits are.
# Chosen on digits-events: a network whose camera changes learns fast, one that fits already forgets little.
RATE_SHIFT = 16
READOUT_RATE_SHIFT = 10
DEAD_ZONE = 24
FEEDBACK_GUARD = 2  # bits by which passed-down credits stay away from the 16 that they have
ENGINE = "reverse"  # what learns on chip, whatever rule trained the network
GRADIENT_UNIT = 4   # the logistic table of the chip counts logits in sixteenths, that is with 4 fraction bits


def layer_spec(config: Config, own: LayerSettings, block: int, layer: Layer, shape: Shape, fraction: int,
               source: LayerSpec | None = None) -> LayerSpec:
    """A layer with its ``own`` settings, in ``block``, whose weights are multiples of ``2**-fraction``.

    ``source`` is the layer whose currents it adds.

    Raises
    ------
    SpecError
        If the hardware has no such layer; the keys that it follows from are named.
    """
    try:
        # Currents are counted in units of weights times those of a mean.
        unit, residual = aligned(fraction + shape.mean_shift, layer.adds, source)
        synapses = shape.conv or DenseSpec(
            inputs=shape.seen.size, outputs=shape.outputs.size, recurrent=layer.recurrent)
        threshold_shift = unit - fraction if config.network.learn_threshold else None
        parts = on_scale(config, own, block, own.weight_bits, unit, threshold_shift)
        return LayerSpec(
            synapses=synapses, pool=shape.pool, residual=residual, **parts,
            update=UpdateSpec(rate_shift=rate_shift(config, parts["weights"].shadow_bits),
                              rounding=config.hardware.of_block(block).rounding,
                              feedback_shift=feedback_shift(config, unit)))
    except SpecError as error:      # speaks of what was made of these keys
        raise SpecError(f"Config network gives block {block} a layer that cannot be built: {error}; change "
                        "network.threshold, reset_amount, gain, headroom, weight_bits, membrane_bits, "
                        "neuron, keep, leak_shift or surrogate_width") from None


def aligned(unit: int, adds: int, source: LayerSpec | None) -> tuple[int, ResidualSpec | None]:
    """The finer grid 2^-f of a layer's own currents and those of the ``source``, ``adds`` layers below, if any."""
    if source is None:
        return unit, None
    finer = max(unit, source.weights.fraction_bits)
    return finer, ResidualSpec(below=adds, shift=finer - source.weights.fraction_bits, own_shift=finer - unit)


def on_scale(config: Config, own: LayerSettings, block: int, weight_bits: int, unit: int,
             threshold_shift: int | None) -> dict[str, Any]:
    """Parts of a :class:`LayerSpec` that follow from the bits of its weights and from the 2^-unit of its currents."""
    threshold = max(1, round(own.threshold * 2.0 ** unit))
    amount = None if own.reset_amount is None else max(1, round(own.reset_amount * 2.0 ** unit))
    return {"weights": WeightSpec(bits=weight_bits, shadow_bits=shadow_bits(config, block, weight_bits),
                                  fraction_bits=unit, bias=own.bias),
            "current": _current(own),
            "neuron": replace(kind_of(own.neuron).specified(own, threshold, threshold_shift), reset_amount=amount),
            "surrogate": _surrogate(config, threshold)}


def _current(own: LayerSettings) -> CurrentSpec | None:
    """How the layer's currents linger, if they do."""
    if own.current_keep is None:
        return None
    bits = own.current_bits or own.membrane_bits
    return CurrentSpec(bits=bits, leak_shifts=near_shifts(own.current_keep, bits, "network.current_keep", "current"))


def shadow_bits(config: Config, block: int, weight_bits: int) -> int:
    """The bits below a weight; signs need none where nothing is gathered in them."""
    return config.on_chip.shadow_bits if weight_bits > 1 or config.hardware.of_block(block).learning else 0


def rate_shift(config: Config, shadow_bits: int) -> int:
    """The rate shift of a layer's weights."""
    return _rate(config.on_chip.rate_shift, RATE_SHIFT, shadow_bits)


def feedback_shift(config: Config, unit: int) -> int:
    """The shift of credits that pass down through weights whose currents are multiples of ``2**-unit``."""
    asked = config.on_chip.feedback_shift
    return asked if isinstance(asked, int) else min(31, max(0, unit + FEEDBACK_GUARD))


def _rate(asked: int | str | None, whole: int, shadow_bits: int) -> int:
    return asked if isinstance(asked, int) else max(0, whole - shadow_bits)


def with_divided_feedback(config: Config, block: BlockSpec) -> BlockSpec:
    """``block``, of exact feedback, with that of a learned readout in 16 bits where it would need more.

    What the feedback is divided by, the last layer's sums need not be divided by, nor its credits on their way down, so
    that all layers learn as fast as before; only shifts by hand stay as they are given.
    """
    last, on_chip = block.layers[-1].update, config.on_chip
    if not block.directives.learns:
        return block
    shift = fitting_feedback_shift(block.readout) if block.readout.learned else 0
    rate, below = (0 if isinstance(asked, int) else own for asked, own in (
        (on_chip.rate_shift, last.rate_shift), (on_chip.feedback_shift, last.feedback_shift)))
    if not isinstance(on_chip.rate_shift, int):
        shift = min(shift, rate)        # beyond, it would make learning slower
    if block.depth > 1 and not isinstance(on_chip.feedback_shift, int):
        shift = min(shift, below)       # and so in the layers below
    if shift == 0:
        return block
    update = replace(last, rate_shift=last.rate_shift - min(shift, rate),
                     feedback_shift=last.feedback_shift - min(shift, below))
    return replace(block, layers=(*block.layers[:-1], replace(block.layers[-1], update=update)),
                   readout=replace(block.readout, feedback_shift=shift))


def _surrogate(config: Config, threshold: int) -> SurrogateSpec:
    """The surrogate in units: a boxcar's half width, or the shift of a triangle that ends at that distance."""
    network = config.network
    units = network.surrogate_width * threshold
    if network.surrogate in HOST_SURROGATES:
        return HostSurrogate(shape="boxcar", width=max(1, round(units)), height=1, host=network.surrogate)
    if network.surrogate == "boxcar":
        return SurrogateSpec(shape="boxcar", width=max(1, round(units)), height=network.surrogate_height or 1)
    height = network.surrogate_height or 4
    return SurrogateSpec(shape="triangle", width=max(0, round(math.log2(units / height))), height=height)


def readout_spec(config: Config, block: int, neurons: int, classes: int, pool: PoolSpec | None,
                 unit: int, bits: int) -> ReadoutSpec:
    """The readout of block ``block``; its weight ``bits`` and its logits' ``unit`` count where it is learned."""
    on_chip, learned = config.on_chip, config.network.readout == "learned"
    shift = on_chip.logit_shift
    if not isinstance(shift, int):
        # A real logit of 1 is then 16 of the units of the error table, as in the loss that trained it.
        shift = (unit if learned else round(math.log2(fixed_gain(neurons)))) - GRADIENT_UNIT
    below = shadow_bits(config, block, bits) if learned else 0
    return ReadoutSpec(
        inputs=neurons, classes=classes, learned=learned,
        weight_bits=bits if learned else 2, shadow_bits=below,
        rate_shift=_rate(on_chip.readout_rate_shift, READOUT_RATE_SHIFT, below) if learned else 0,
        rounding=config.hardware.of_block(block).rounding if learned else "nearest",
        error_function=on_chip.error_function, logit_shift=max(-8, min(24, shift)),
        dead_zone=DEAD_ZONE if on_chip.dead_zone == AUTO else on_chip.dead_zone,
        accumulate=config.learning.accumulate, pool=pool, answer=config.learning.answer,
        leak_shift=config.network.readout_leak_shift, reading=config.network.reading)


def readout_bits(config: Config) -> int:
    """Weight bits of the readouts."""
    return config.network.readout_bits or config.network.weight_bits


def fixed_gain(inputs: int) -> float:
    """What logits of a fixed readout are divided by: the spread of a sum of ``inputs`` signs."""
    return math.sqrt(inputs)


def block_spec(config: Config, block: int, layers: list[LayerSpec], readout: ReadoutSpec, steps: int) -> BlockSpec:
    """Layers and readout as one block, with its window and directives, for samples of ``steps`` steps."""
    learning, own = config.learning, config.hardware.of_block(block)
    # The chip learns in windows whatever rule trained the network, and none is longer than a sample.
    window = min(learning.window, longest_sample(config, steps))
    return with_divided_feedback(config, BlockSpec(
        layers=tuple(layers), readout=readout, window=window,
        loss_steps=min(learning.loss_steps or window, window), update_interval=learning.update_interval,
        directives=Directives(lanes=own.lanes or 1, reads=own.reads or 1, memory=own.memory or "auto",
                              engine=ENGINE if own.learning else "none", unroll=bool(own.unroll),
                              classes_per_cycle=own.classes_per_cycle, ahead=own.ahead or 0)))


def network_spec(config: Config, blocks: list[BlockSpec], steps: int) -> NetworkSpec:
    """The whole network, for samples of ``steps`` steps."""
    asked = len(config.hardware.blocks)
    if asked > len(blocks):
        raise SpecError(f"Config hardware.blocks must have at most {len(blocks)} entries, one a block, not {asked}")
    return NetworkSpec(name=config.name, blocks=tuple(blocks), max_steps=longest_sample(config, steps),
                       seed=config.seed)


def longest_sample(config: Config, steps: int) -> int:
    """Steps of the longest sample: ``steps``, those of the data, or as many as ``hardware.max_steps`` says.

    Raises
    ------
    SpecError
        If that says fewer.
    """
    longest = config.hardware.max_steps or steps
    if longest < steps:
        raise SpecError(f"Config hardware.max_steps must be at least {steps}, the steps of the data, not {longest}")
    return longest
