"""The network of ``docs/vectors/divided.json``, whose readouts divide their feedback."""

import numpy as np

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.network import Network
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec

from .flat import flat_layer
from .initial import random_network


def divided_network() -> Network:
    """Two blocks: the first saturates some of its feedback; the second has two layers, and none that is saturated."""
    common = {"membrane_bits": 12, "reset": "subtract", "surrogate": "boxcar", "surrogate_width": 60,
              "surrogate_height": 1, "fraction_bits": 5, "bias": True}
    first = flat_layer(inputs=9, outputs=8, weight_bits=8, shadow_bits=8, leak_shift=2, threshold=40, rate_shift=7,
                       rounding="nearest", feedback_shift=0, **common)
    lower = flat_layer(inputs=8, outputs=7, weight_bits=8, shadow_bits=4, leak_shift=3, threshold=30, rate_shift=9,
                       rounding="stochastic", feedback_shift=0, **common)
    upper = flat_layer(inputs=7, outputs=6, weight_bits=6, shadow_bits=4, leak_shift=None, threshold=20, rate_shift=8,
                       rounding="stochastic", feedback_shift=4, **common)
    readouts = [ReadoutSpec(
        inputs=neurons, classes=3, learned=True, weight_bits=bits, shadow_bits=2, rate_shift=4, rounding="nearest",
        error_function="logistic", logit_shift=4, dead_zone=3, accumulate="window", feedback_shift=shift)
        for neurons, bits, shift in ((8, 10, 1), (6, 8, 2))]
    directives = Directives(lanes=4, memory="auto", engine="reverse")
    blocks = tuple(
        BlockSpec(layers=layers, readout=readout, window=3, loss_steps=2, update_interval=1, directives=directives)
        for layers, readout in zip(((first,), (lower, upper)), readouts, strict=True))
    return random_network(NetworkSpec(name="divided", blocks=blocks, max_steps=7, seed=0x51DE), 5, density=0.4,
                          readout_share=1.0)


def divided_samples() -> list[list[list[int]]]:
    """Samples of whole and of short windows, (T, inputs) of 0 and 1."""
    generator = np.random.Generator(np.random.PCG64(6))
    return [(generator.random((steps, 9)) < 0.4).astype(np.int64).tolist() for steps in (7, 6, 5)]
