"""What a network that does not fit would take if it were smaller, one way at a time, by formula."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.layer import LayerSpec
from rtl_gen.contract.spec import NetworkSpec

__all__ = ["narrowed", "ways_out", "with_bits", "with_lanes", "with_window"]

PARTS = (Fraction(3, 4), *(Fraction(1, 1 << number) for number in range(1, 7)))
LEAST_BITS = 2


def ways_out(spec: NetworkSpec, fits: Callable[[NetworkSpec], bool], taken: Callable[[NetworkSpec], float],
             whole: float) -> list[str]:
    """Nothing that waits ahead, fewer bits, a shorter window, narrower layers, fewer lanes: each with what is ``taken``
    then, and whether that is too much, or what it takes of something else is. A way that would take no less is left
    out.

    Parameters
    ----------
    spec
        The network that does not fit.
    fits, taken
        Whether a network does, in all that there is; and what it takes of what there is too little of.
    whole
        How much of that there is.
    """
    now = taken(spec)

    def first(ways: Iterator[tuple[str, NetworkSpec]]) -> str:
        return _first(ways, fits, taken, now, whole)

    found = [first(ways(spec)) for ways in (_none_ahead, _fewer_bits)]
    if any(block.directives.learns for block in spec.blocks):
        found.append(first(_shorter(spec)))
    found.append(first(_narrower_ones(spec)))
    # Lanes decide what small memories take, and hardly what large ones do: they are a way where they are enough.
    found.append(first(way for way in _fewer_lanes(spec) if fits(way[1])))
    return [way for way in found if way]


def _first(ways: Iterator[tuple[str, NetworkSpec]], fits: Callable[[NetworkSpec], bool],
           taken: Callable[[NetworkSpec], float], now: float, whole: float) -> str:
    """The first that fits, else what takes least; nothing where none takes less than ``now``."""
    least, said = now, ""
    for words, spec in ways:
        takes = taken(spec)
        if fits(spec):
            return f"{words} ({takes:g})"
        if takes < least:
            still = "still too much" if takes > whole else "but then something else is too much"
            least, said = takes, f"{words} ({takes:g}, {still})"
    return said


def _none_ahead(spec: NetworkSpec) -> Iterator[tuple[str, NetworkSpec]]:
    if any(block.directives.ahead for block in spec.blocks):
        yield "hardware.ahead 0", replace(spec, blocks=tuple(replace(block, directives=replace(
            block.directives, ahead=0)) for block in spec.blocks))


def _fewer_bits(spec: NetworkSpec) -> Iterator[tuple[str, NetworkSpec]]:
    layers = [layer.weights for block in spec.blocks for layer in block.layers]
    bits, shadow = max(weights.bits for weights in layers), max(weights.shadow_bits for weights in layers)
    smaller = [(bits, left) for left in reversed(range(shadow))]
    smaller += [(left, 0) for left in reversed(range(LEAST_BITS, bits))]
    for weight_bits, shadow_bits in smaller:
        yield (f"network.weight_bits {weight_bits} and on_chip.shadow_bits {shadow_bits}",
               with_bits(spec, weight_bits, shadow_bits))


def _shorter(spec: NetworkSpec) -> Iterator[tuple[str, NetworkSpec]]:
    window = max(block.window for block in spec.blocks)
    while window > 1:
        window //= 2
        yield f"learning.window {window}", with_window(spec, window)


def _narrower_ones(spec: NetworkSpec) -> Iterator[tuple[str, NetworkSpec]]:
    for part in PARTS:
        try:
            smaller = narrowed(spec, part)
        except SpecError:       # what reads the neurons takes them for pixels of a grid, which that part does not fill
            continue
        yield f"{part} of the neurons and filters of each layer", smaller


def _fewer_lanes(spec: NetworkSpec) -> Iterator[tuple[str, NetworkSpec]]:
    lanes = max(block.directives.lanes for block in spec.blocks)
    widest = max(layer.columns for block in spec.blocks for layer in block.layers)
    if lanes > widest:          # the others have nothing to do
        yield f"hardware.lanes {widest}", with_lanes(spec, widest)
        lanes = widest
    while lanes > 1:
        lanes //= 2
        yield f"hardware.lanes {lanes}", with_lanes(spec, lanes)


def with_lanes(spec: NetworkSpec, lanes: int) -> NetworkSpec:
    """The same with at most so many lanes in each block."""
    return replace(spec, blocks=tuple(replace(block, directives=replace(
        block.directives, lanes=min(block.directives.lanes, lanes))) for block in spec.blocks))


def with_bits(spec: NetworkSpec, weight_bits: int, shadow_bits: int) -> NetworkSpec:
    """The same with at most so many bits in each weight, learned readouts among them."""
    def cut(block: BlockSpec) -> BlockSpec:
        readout = block.readout
        if readout.learned:
            readout = replace(readout, weight_bits=min(readout.weight_bits, weight_bits),
                              shadow_bits=min(readout.shadow_bits, shadow_bits))
        return replace(block, readout=readout, layers=tuple(replace(layer, weights=replace(
            layer.weights, bits=min(layer.weights.bits, weight_bits),
            shadow_bits=min(layer.weights.shadow_bits, shadow_bits))) for layer in block.layers))

    return replace(spec, blocks=tuple(map(cut, spec.blocks)))


def with_window(spec: NetworkSpec, window: int) -> NetworkSpec:
    """The same with windows of at most so many steps."""
    return replace(spec, blocks=tuple(replace(
        block, window=min(block.window, window), loss_steps=min(block.loss_steps, window)) for block in spec.blocks))


def narrowed(spec: NetworkSpec, part: Fraction) -> NetworkSpec:
    """The same with that part of each layer's neurons, or filters; what it reads of the world stays.

    Raises
    ------
    SpecError
        If what reads a layer takes its neurons for pixels of a grid, and that part of them does not fill it.
    """
    blocks, before = [], None
    for block in spec.blocks:
        layers: list[LayerSpec] = []
        for layer in block.layers:
            layers.append(_narrower(layer, before, part))
            before = layers[-1]
        readout = block.readout
        last = layers[-1]
        readout = replace(readout, inputs=last.outputs, pool=_pool(readout.pool, last))
        blocks.append(replace(block, layers=tuple(layers), readout=readout))
    return replace(spec, blocks=tuple(blocks))


def _narrower(layer: LayerSpec, before: LayerSpec | None, part: Fraction) -> LayerSpec:
    synapses, pool = layer.synapses, layer.pool if before is None else _pool(layer.pool, before)
    columns = max(1, round(layer.columns * part))
    if synapses.kind == "conv":
        columns = -(-columns // synapses.groups) * synapses.groups
        channels = synapses.channels if before is None else _channels(synapses.channels, layer, before)
        return replace(layer, pool=pool, synapses=replace(synapses, filters=columns, channels=channels))
    inputs = synapses.inputs if before is None else before.outputs if pool is None else pool.outputs
    return replace(layer, pool=pool, synapses=replace(synapses, inputs=inputs, outputs=columns))


def _channels(channels: int, layer: LayerSpec, before: LayerSpec) -> int:
    """Channels of what a convolution reads, now that the layer before has fewer neurons on the same grid."""
    read = layer.pool if layer.pool is not None else layer.synapses
    return before.outputs // (read.height * read.width) if before.synapses.kind == "conv" else channels


def _pool(pool: PoolSpec | None, before: LayerSpec) -> PoolSpec | None:
    return None if pool is None else replace(pool, channels=before.outputs // (pool.height * pool.width))

