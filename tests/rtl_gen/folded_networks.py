"""Networks of one folded block for tests of its engines."""

from dataclasses import replace

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.synapses.conv import ConvSpec
from sim.reference.flat import flat_layer

__all__ = ["conv", "dense", "folded_network"]

LAYER = {"weight_bits": 6, "shadow_bits": 6, "fraction_bits": 4, "bias": True, "membrane_bits": 12, "leak_shift": 2,
         "threshold": 24, "reset": "subtract", "surrogate": "triangle", "surrogate_width": 2, "surrogate_height": 5,
         "rate_shift": 4, "rounding": "nearest", "feedback_shift": 3}


def dense(inputs, outputs, **changes):
    """A layer in which each input reaches each neuron."""
    return flat_layer(**{**LAYER, "inputs": inputs, "outputs": outputs, **changes})


def conv(height, width, channels, filters, kernel, *, stride=1, padding=0, pool=None, size=2, partial=False, **changes):
    """A convolution over that grid; ``pool`` makes it that of squares of ``size`` of one that is larger."""
    before = None
    if pool is not None:
        before = PoolSpec(kind=pool, size=size, height=height * size - partial, width=width * size - partial,
                          channels=channels, partial=partial)
    synapses = ConvSpec(height=height, width=width, channels=channels, filters=filters, kernel=kernel, stride=stride,
                        padding=padding)
    return flat_layer(**{**LAYER, "synapses": synapses, "pool": before, **changes})


def folded_network(*layers, lanes=4, window=3, loss_steps=None, classes=3, learned=True, pool=None, max_steps=16,
                   rounding="nearest", learning=True):
    """A network of one block of these layers; ``pool`` is its readout's."""
    readout = ReadoutSpec(
        inputs=layers[-1].outputs, classes=classes, learned=learned, weight_bits=6 if learned else 2,
        shadow_bits=5 if learned else 0, rate_shift=3 if learned else 0, rounding=rounding if learned else "nearest",
        error_function="logistic", logit_shift=1, dead_zone=0, accumulate="window", pool=pool)
    directives = Directives(lanes=lanes, memory="auto", engine="reverse" if learning else "none")
    layers = tuple(replace(layer, update=replace(layer.update, rounding=rounding)) for layer in layers)
    block = BlockSpec(layers=layers, readout=readout, window=window, loss_steps=loss_steps or window,
                      update_interval=1, directives=directives)
    return NetworkSpec(name="folded", blocks=(block,), max_steps=max_steps, seed=54321)
