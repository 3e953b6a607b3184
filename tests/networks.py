"""Small networks for tests."""

from dataclasses import replace

import numpy as np

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.neurons.lif_shifts import LifShiftsSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from sim.reference.flat import flat_layer
from sim.reference.initial import random_network


def network_spec(*, inputs=12, sizes=(20,), depth=1, classes=4, lanes=4, window=4, loss_steps=None, update_interval=1,
                 learned=True, rounding="nearest", weight_bits=8, shadow_bits=8, rate_shift=3, readout_rate_shift=3,
                 membrane_bits=16, leak_shift=3, leak_shifts=None, threshold=64, reset="subtract", reset_amount=None,
                 current=None, surrogate="boxcar", surrogate_width=64, surrogate_height=1, bias=True,
                 accumulate="window", error_function="logistic", readout_leak_shift=None, reading="sum",
                 answer="all", logit_shift=2, dead_zone=0, learning=True, memory="auto", reads=1, max_steps=64,
                 seed=12345, name="test", feedback_shift=None, unroll=False, classes_per_cycle=None,
                 readout_weight_bits=8, ahead=0):
    """A network of one block for each of ``sizes``, whose ``depth`` layers are all of that size."""
    blocks, before = [], inputs
    for size in sizes:
        layers = []
        for _ in range(depth):
            plain = flat_layer(
                inputs=before, outputs=size, weight_bits=weight_bits, shadow_bits=shadow_bits, fraction_bits=5,
                bias=bias, membrane_bits=membrane_bits, leak_shift=leak_shift, threshold=threshold, reset=reset,
                surrogate=surrogate, surrogate_width=surrogate_width, surrogate_height=surrogate_height,
                rate_shift=rate_shift, rounding=rounding, feedback_shift=4, reset_amount=reset_amount, current=current)
            layers.append(plain if leak_shifts is None else with_shifts(plain, leak_shifts))
            before = size
        readout = ReadoutSpec(
            inputs=size, classes=classes, learned=learned, weight_bits=readout_weight_bits if learned else 2,
            shadow_bits=shadow_bits if learned else 0, rate_shift=readout_rate_shift if learned else 0,
            rounding=rounding if learned else "nearest", error_function=error_function, logit_shift=logit_shift,
            dead_zone=dead_zone, accumulate=accumulate, feedback_shift=feedback_shift, leak_shift=readout_leak_shift,
            reading=reading, answer=answer)
        blocks.append(BlockSpec(
            layers=tuple(layers), readout=readout, window=window, loss_steps=loss_steps or window,
            update_interval=update_interval,
            directives=Directives(lanes=lanes, memory=memory, reads=reads, engine="reverse" if learning else "none",
                                  unroll=unroll, classes_per_cycle=classes_per_cycle, ahead=ahead)))
    return NetworkSpec(name=name, blocks=tuple(blocks), max_steps=max_steps, seed=seed)


def layer(**changes):
    """A layer alone: 3 inputs, 7 neurons, 8 bits of membrane."""
    return flat_layer(**{
        "inputs": 3, "outputs": 7, "weight_bits": 8, "shadow_bits": 0, "fraction_bits": 0, "bias": False,
        "membrane_bits": 8, "leak_shift": 2, "threshold": 20, "reset": "subtract", "surrogate": "boxcar",
        "surrogate_width": 15, "surrogate_height": 1, "rate_shift": 0, "rounding": "nearest",
        "feedback_shift": 0} | changes)


def changed(layer, **changes):
    """``layer`` with other values; a field of a part is given by the part, two underscores, and its own name."""
    whole, parts = {}, {}
    for name, value in changes.items():
        part, _, field = name.partition("__")
        if field:
            parts.setdefault(part, {})[field] = value
        else:
            whole[part] = value
    return replace(layer, **whole, **{part: replace(getattr(layer, part), **values) for part, values in parts.items()})


def with_shifts(layer, shifts):
    """``layer`` with neurons that leak by signed shifts."""
    neuron = layer.neuron
    return replace(layer, neuron=LifShiftsSpec(
        membrane_bits=neuron.membrane_bits, threshold=neuron.threshold, reset=neuron.reset,
        threshold_shift=neuron.threshold_shift, reset_amount=neuron.reset_amount, leak_shifts=shifts))


def block(inputs, outputs, *, classes=3, learned=True, lanes=4, window=3, bias=True, shadow_bits=4,
          reads=1):
    """A block of one layer, to be chained with others of its kind."""
    return network_spec(
        inputs=inputs, sizes=(outputs,), classes=classes, lanes=lanes, reads=reads, window=window, learned=learned,
        bias=bias,
        shadow_bits=shadow_bits, rate_shift=6, readout_rate_shift=4, membrane_bits=14, leak_shift=2, surrogate_width=48,
        error_function="hard_sigmoid", logit_shift=1, dead_zone=2).blocks[0]


def network(*blocks, name="small", seed=7, max_steps=16):
    """A network with random weights; of two blocks, where none are given."""
    spec = NetworkSpec(name=name, blocks=blocks or (block(12, 10), block(10, 7, learned=False, lanes=2)),
                       max_steps=max_steps, seed=seed)
    return random_network(spec, seed, density=0.4)


def samples(spec, count, *, steps=7, density=0.4, seed=3):
    """(count, steps, inputs) of 0 and 1, and labels."""
    generator = np.random.default_rng(seed)
    spikes = (generator.random((count, steps, spec.inputs)) < density).astype(np.uint8)
    return spikes, generator.integers(0, spec.classes, count)
