"""Small random networks and samples, drawn so that every rule of the arithmetic is met."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.network import RATE_OFF, Network
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from sim.reference.flat import flat_layer
from tests.networks import changed, with_shifts


def random_layer(rng, inputs, outputs):
    membrane_bits = rng.randint(8, 16)
    threshold = rng.randint(1, 1 << (membrane_bits - rng.randint(2, 5)))
    triangle = rng.random() < 0.5
    rounding = rng.choice(("nearest", "stochastic"))
    layer = flat_layer(
        inputs=inputs, outputs=outputs, weight_bits=rng.randint(2, 10), shadow_bits=rng.choice((0, 0, 1, 4, 8)),
        fraction_bits=4, bias=rng.random() < 0.5, membrane_bits=membrane_bits,
        leak_shift=rng.choice((None, 1, 2, 3, 5)), threshold=threshold, reset=rng.choice(("subtract", "zero")),
        surrogate="triangle" if triangle else "boxcar",
        surrogate_width=(max(0, threshold.bit_length() - rng.randint(0, 3)) if triangle
                         else max(1, threshold * rng.randint(1, 3) // 2)),
        surrogate_height=rng.randint(1, 7) if triangle else 1,
        rate_shift=rng.choice((0, 1, 3, 6, 9, 12, 16)), rounding=rounding, feedback_shift=rng.choice((0, 1, 4, 8)))
    if layer.neuron.reset == "subtract" and rng.random() < 0.3:
        layer = changed(layer, neuron__reset_amount=rng.randint(1, min(2 * threshold, layer.neuron.membrane_max)))
    return with_shifts(layer, random_shifts(rng, membrane_bits)) if rng.random() < 0.3 else layer


def random_current(rng, membrane_bits):
    bits = rng.randint(max(4, membrane_bits - 3), min(24, membrane_bits + 3))
    return CurrentSpec(bits=bits, leak_shifts=random_shifts(rng, bits))


def lingering(rng, block):
    """``block`` with currents that linger in some of its layers."""
    layers = tuple(replace(layer, current=random_current(rng, layer.neuron.membrane_bits)) if rng.random() < 0.7
                   else layer for layer in block.layers)
    return replace(block, layers=layers)


def random_shifts(rng, membrane_bits):
    sizes = sorted(rng.sample(range(1, min(membrane_bits, 12)), rng.randint(1, 3)))
    return (sizes[0], *(rng.choice((1, -1)) * size for size in sizes[1:]))


def random_readout(rng, inputs, classes):
    learned = rng.random() < 0.6
    return ReadoutSpec(
        inputs=inputs, classes=classes, learned=learned, weight_bits=rng.randint(2, 9) if learned else 2,
        shadow_bits=rng.choice((0, 3, 8)) if learned else 0, rate_shift=rng.choice((0, 2, 5)) if learned else 0,
        rounding=rng.choice(("nearest", "stochastic")) if learned else "nearest",
        error_function=rng.choice(("hard_sigmoid", "logistic")), logit_shift=rng.choice((-3, 0, 0, 1, 4)),
        dead_zone=rng.choice((0, 0, 3, 60, 120)), accumulate=rng.choice(("window", "cumulative")),
        answer=rng.choice(("all", "all", "last")),
        feedback_shift=rng.choice((None, 0, 2, 5)) if learned else None)


def leaky(rng, block):
    """``block`` with a readout that leaks."""
    reading = rng.choice(("sum", "last", "maximum"))
    whole = {} if reading == "sum" else {"accumulate": "cumulative", "answer": "all"}
    readout = replace(block.readout, leak_shift=rng.choice((1, 2, 3, 6)), reading=reading, **whole)
    return replace(block, readout=readout, loss_steps=block.loss_steps if reading == "sum" else block.window)


def random_spec(rng):
    classes = rng.randint(2, 5)
    max_steps = rng.randint(1, 12)
    inputs = rng.randint(1, 9)
    blocks = []
    for _ in range(rng.choice((1, 1, 2))):
        sizes = [inputs] + [rng.randint(1, 8) for _ in range(rng.choice((1, 1, 2, 2, 3)))]
        window = rng.randint(1, max_steps)
        blocks.append(BlockSpec(
            layers=tuple(random_layer(rng, *pair) for pair in pairwise(sizes)),
            readout=random_readout(rng, sizes[-1], classes), window=window, loss_steps=rng.randint(1, window),
            update_interval=rng.choice((1, 1, 2, 3)),
            directives=Directives(lanes=4, memory="auto", engine="reverse" if rng.random() < 0.95 else "none")))
        if rng.random() < 0.3:
            blocks[-1] = leaky(rng, blocks[-1])
        if rng.random() < 0.15:
            blocks[-1] = lingering(rng, blocks[-1])
        inputs = sizes[-1]
    if rng.random() < 0.25:
        first, *others = blocks[0].layers
        blocks[0] = replace(blocks[0], layers=(replace(first, input_max=rng.choice((2, 3, 255))), *others))
    return NetworkSpec(name="random", blocks=tuple(blocks), max_steps=max_steps, seed=rng.getrandbits(32))


def random_stored(rng, shape, bits):
    values = np.random.default_rng(rng.getrandbits(32))
    high = 1 << (bits - 1)
    return values.integers(-high, high, shape).astype(np.int32)


def random_network(rng):
    spec = random_spec(rng)
    weights = tuple(tuple(random_stored(rng, (layer.rows, layer.outputs), layer.weights.stored_bits)
                          for layer in block.layers) for block in spec.blocks)
    readouts = tuple(
        random_stored(rng, (block.readout.inputs, block.readout.classes), block.readout.stored_bits)
        if block.readout.learned else
        random_stored(rng, (block.readout.inputs, block.readout.classes), 1) * 2 + 1
        for block in spec.blocks)
    numbers = tuple(rng.choice((0, 5, (1 << 32) - 2, rng.getrandbits(32))) for _ in spec.blocks)
    rates = random_rates(rng, spec) if rng.random() < 0.5 else ()
    return Network(spec=spec, weights=weights, readouts=readouts, window_numbers=numbers, rates=tuple(rates))


def random_rates(rng, spec):
    """A rate for each block; off is one in five."""
    return [rng.randrange(RATE_OFF + 1) for _ in spec.blocks]


def random_counts(rng, steps, inputs):
    """Events of each index and step, (steps, inputs), now and then more than one."""
    density = rng.choice((0.0, 0.1, 0.4, 0.9))
    return np.array([[(1 + (rng.random() < 0.1) * rng.randint(1, 2)) * (rng.random() < density)
                      for _ in range(inputs)] for _ in range(steps)], np.uint8).reshape(steps, inputs)


def random_label(rng, steps, classes):
    """A class, or none, or a list of them with one a step."""
    if rng.random() < 0.6:
        return rng.randrange(classes) if rng.random() < 0.9 else -1
    share = rng.random()
    return [rng.randrange(classes) if rng.random() < share else -1 for _ in range(steps)]


def as_lists(counts, rng):
    """The same events as a list of indices a step, in an order of their own."""
    steps = []
    for row in counts:
        indices = [index for index, count in enumerate(row) for _ in range(count)]
        rng.shuffle(indices)
        steps.append(indices)
    return steps
