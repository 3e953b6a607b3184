"""The network of the test vector with the neurons that the others leave out."""

from dataclasses import replace

import numpy as np

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.readout import READINGS, ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec

from .flat import flat_layer
from .initial import random_network

__all__ = ["NEURONS_LABELS", "neurons_network", "neurons_samples"]

NEURONS_LABELS = [0, 2, 1, 2]


def _learning() -> BlockSpec:
    """A block whose resets subtract other amounts than the threshold: more in one layer, less in the other."""
    lower = flat_layer(
        inputs=9, outputs=7, weight_bits=6, shadow_bits=4, fraction_bits=3, bias=True, membrane_bits=9, leak_shift=3,
        threshold=28, reset="subtract", reset_amount=32, surrogate="boxcar", surrogate_width=24, surrogate_height=1,
        rate_shift=7, rounding="nearest", feedback_shift=3)
    upper = flat_layer(
        inputs=7, outputs=6, weight_bits=6, shadow_bits=4, fraction_bits=3, bias=False, membrane_bits=8, leak_shift=2,
        threshold=24, reset="subtract", reset_amount=15, surrogate="triangle", surrogate_width=3, surrogate_height=5,
        rate_shift=8, rounding="stochastic", feedback_shift=0)
    readout = ReadoutSpec(
        inputs=6, classes=3, learned=True, weight_bits=6, shadow_bits=4, rate_shift=5, rounding="nearest",
        error_function="logistic", logit_shift=0, dead_zone=0, accumulate="window")
    return BlockSpec(layers=(lower, upper), readout=readout, window=3, loss_steps=2, update_interval=1,
                     directives=Directives(lanes=4, memory="auto", engine="reverse"))


def _leaky(inputs: int, reading: str) -> BlockSpec:
    """A block with a leaky readout, which runs and does not learn."""
    layer = flat_layer(
        inputs=inputs, outputs=6, weight_bits=6, shadow_bits=0, fraction_bits=3, bias=False, membrane_bits=9,
        leak_shift=None, threshold=20, reset="subtract", surrogate="boxcar", surrogate_width=1, surrogate_height=1,
        rate_shift=0, rounding="nearest", feedback_shift=0)
    readout = ReadoutSpec(
        inputs=6, classes=3, learned=True, weight_bits=6, shadow_bits=0, rate_shift=0, rounding="nearest",
        error_function="logistic", logit_shift=0, dead_zone=0, accumulate="cumulative", leak_shift=2, reading=reading)
    return BlockSpec(layers=(layer,), readout=readout, window=3, loss_steps=3, update_interval=1,
                     directives=Directives(lanes=4, memory="auto", engine="none"))


def _lingering(inputs: int) -> BlockSpec:
    """A block that does not learn and whose currents linger: in a layer of one leak, and in one of another."""
    leaky = _leaky(inputs, "sum")
    (layer,) = leaky.layers
    lower = replace(layer, current=CurrentSpec(bits=7, leak_shifts=(1, -4)))
    upper = replace(lower, current=CurrentSpec(bits=9, leak_shifts=(2,)))
    return replace(leaky, layers=(lower, upper), readout=replace(leaky.readout, leak_shift=None))


def neurons_network() -> Network:
    """A block that learns, one for each way to read a leaky readout, one whose currents linger; random weights."""
    blocks = (_learning(), *(_leaky(6, reading) for reading in READINGS), _lingering(6))
    return random_network(NetworkSpec(name="neurons", blocks=blocks, max_steps=9, seed=0x5EED), 21, density=0.4)


def neurons_samples() -> list[list[list[int]]]:
    """Four samples, (T, inputs) counts of events."""
    generator = np.random.Generator(np.random.PCG64(22))
    return [(generator.random((steps, 9)) < 0.4).astype(np.int64).tolist() for steps in (9, 6, 5, 2)]
