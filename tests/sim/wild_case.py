"""Small random networks with grids, pools, recurrence, residuals, learned thresholds and weights of 1 bit."""

from dataclasses import replace

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from tests.networks import changed

from .random_case import leaky, lingering, random_layer, random_readout, random_stored


def random_pool(rng, grid):
    height, width, channels = grid
    partial = rng.random() < 0.5
    return PoolSpec(kind=rng.choice(("or", "sum")), height=height, width=width, channels=channels, partial=partial,
                    size=rng.randint(1, max(height, width) if partial else min(height, width)))


def random_conv(rng, grid):
    height, width, channels = grid
    padding = rng.randint(0, 2)
    groups = rng.choice([n for n in range(1, channels + 1) if channels % n == 0])
    return ConvSpec(height=height, width=width, channels=channels, filters=groups * rng.randint(1, 2),
                    kernel=rng.randint(1, min(3, min(height, width) + 2 * padding)), stride=rng.randint(1, 3),
                    padding=padding, groups=groups)


def wild_layer(rng, grid, before):
    """A layer of inputs on a grid, and the grid of its neurons; ``before`` are the block's layers so far."""
    pool = random_pool(rng, grid) if rng.random() < 0.4 else None
    seen = grid if pool is None else (pool.out_height, pool.out_width, pool.channels)
    inputs = seen[0] * seen[1] * seen[2]
    if rng.random() < 0.6:
        synapses = random_conv(rng, seen)
        out = synapses.out_height, synapses.out_width, synapses.filters
    else:
        out = (1, 1, rng.randint(1, 8)) if rng.random() < 0.5 else (rng.randint(1, 3), 2, rng.randint(1, 2))
        synapses = DenseSpec(inputs=inputs, outputs=out[0] * out[1] * out[2], recurrent=rng.random() < 0.5)
    layer = replace(random_layer(rng, 1, 1), synapses=synapses, pool=pool)
    if rng.random() < 0.25:
        layer = changed(layer, weights__bits=1)
    elif rng.random() < 0.4:
        layer = changed(layer, neuron__threshold_shift=rng.randint(0, 4))
    sources = [at for at, other in enumerate(before)
               if other.outputs == layer.outputs and not other.synapses.recurrent]
    if sources and not synapses.recurrent and rng.random() < 0.8:
        shift = rng.randint(0, 3)
        layer = replace(layer, residual=ResidualSpec(below=len(before) - rng.choice(sources), shift=shift,
                                                     own_shift=0 if shift else rng.randint(0, 3)))
    return layer, out


def wild_layers(rng, grid):
    layers = []
    for _ in range(rng.randint(1, 3)):
        layer, out = wild_layer(rng, grid, layers)
        # Now and then a layer beside it with the same neurons, whose currents it can add.
        if rng.random() < 0.4 and not layer.synapses.recurrent and layer.residual is None:
            layers.append(layer)
            same = ConvSpec(height=out[0], width=out[1], channels=out[2], filters=out[2], kernel=1)
            shift = rng.randint(0, 2)
            layer = replace(random_layer(rng, 1, 1), synapses=same,
                            residual=ResidualSpec(below=1, shift=shift, own_shift=0 if shift else rng.randint(0, 2)))
        layers.append(layer)
        grid = out
    return tuple(layers), grid


def wild_network(rng):
    classes, max_steps = rng.randint(2, 4), rng.randint(1, 7)
    grid = rng.randint(1, 5), rng.randint(1, 5), rng.randint(1, 3)
    blocks = []
    for _ in range(rng.choice((1, 2))):
        layers, grid = wild_layers(rng, grid)
        neurons = grid[0] * grid[1] * grid[2]
        readout = random_readout(rng, neurons, classes)
        if rng.random() < 0.5:
            readout = replace(readout, pool=random_pool(rng, grid))
        if readout.learned and rng.random() < 0.3:
            readout = replace(readout, weight_bits=1)
        window = rng.randint(1, max_steps)
        blocks.append(BlockSpec(layers=layers, readout=readout, window=window, loss_steps=rng.randint(1, window),
                                update_interval=1, directives=Directives(lanes=4, memory="auto", engine="reverse")))
        if rng.random() < 0.2:
            blocks[-1] = leaky(rng, blocks[-1])
        if rng.random() < 0.3:
            blocks[-1] = lingering(rng, blocks[-1])
    spec = NetworkSpec(name="wild", blocks=tuple(blocks), max_steps=max_steps, seed=rng.getrandbits(32))
    weights = tuple(tuple(random_stored(rng, (layer.rows, layer.columns), layer.weights.stored_bits)
                          for layer in block.layers) for block in blocks)
    readouts = tuple(
        random_stored(rng, (block.readout.rows, block.readout.classes), block.readout.stored_bits)
        if block.readout.learned else random_stored(rng, (block.readout.rows, block.readout.classes), 1) * 2 + 1
        for block in blocks)
    return Network(spec=spec, weights=weights, readouts=readouts, window_numbers=(0,) * len(blocks))
