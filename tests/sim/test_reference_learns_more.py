"""From random weights convolutions, recurrence, residuals with thresholds, and signs learn a real task too."""

import numpy as np
import pytest

from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from sim.reference.flat import flat_layer
from sim.reference.initial import random_network
from sim.reference.network import Reference
from snnfpga.data.registry import DataOptions, load


def layer(synapses, **others):
    return flat_layer(**{
        "synapses": synapses, "weight_bits": 8, "shadow_bits": 8, "fraction_bits": 0, "bias": True, "membrane_bits": 16,
        "leak_shift": 3, "threshold": 64, "reset": "subtract", "surrogate": "boxcar", "surrogate_width": 64,
        "surrogate_height": 1, "rate_shift": 8, "rounding": "nearest", "feedback_shift": 8} | others)


def readout(inputs, **others):
    return ReadoutSpec(**{
        "inputs": inputs, "classes": 10, "learned": True, "weight_bits": 8, "shadow_bits": 8, "rate_shift": 2,
        "rounding": "nearest", "error_function": "logistic", "logit_shift": 4, "dead_zone": 12,
        "accumulate": "window"} | others)


def convolutions():
    first = layer(ConvSpec(height=8, width=8, channels=1, filters=8, kernel=3, padding=1), rate_shift=10)
    second = layer(ConvSpec(height=4, width=4, channels=8, filters=16, kernel=3, padding=1), rate_shift=9,
                   pool=PoolSpec(kind="or", size=2, height=8, width=8, channels=8))
    return (first, second), readout(256, pool=PoolSpec(kind="sum", size=2, height=4, width=4, channels=16))


def recurrence():
    return (layer(DenseSpec(inputs=64, outputs=40, recurrent=True), rate_shift=10),), readout(40)


def residuals():
    wide = DenseSpec(inputs=40, outputs=40)
    first = layer(DenseSpec(inputs=64, outputs=40), threshold_shift=0, rate_shift=10)
    return (first, layer(wide, residual=ResidualSpec(below=1, shift=0, own_shift=0), rate_shift=10)), readout(40)


def signs():
    small = {"weight_bits": 1, "threshold": 6, "surrogate_width": 8, "rate_shift": 10}
    return (layer(DenseSpec(inputs=64, outputs=60), **small),), readout(60, weight_bits=1, logit_shift=0)


@pytest.mark.parametrize(("kind", "least"), [(convolutions, 0.9), (recurrence, 0.85), (residuals, 0.82),
                                             (signs, 0.75)])
def test_learns_digits_in_two_epochs(kind, least):
    data = load("digits", DataOptions(steps=8, seed=0))
    layers, read = kind()
    block = BlockSpec(layers=layers, readout=read, window=4, loss_steps=4, update_interval=1,
                      directives=Directives(lanes=4, memory="auto", engine="reverse"))
    network = random_network(NetworkSpec(name="more", blocks=(block,), max_steps=8, seed=1), 0, density=0.3,
                             readout_share=0.06)
    reference, frozen = Reference(network), Reference(network)
    generator = np.random.default_rng(0)
    for _ in range(2):
        reference.learn(data.train.spikes, data.train.labels, order=generator.permutation(len(data.train)))
    before, after = (np.mean(one.evaluate(data.test.spikes) == data.test.labels) for one in (frozen, reference))
    assert before < 0.35
    assert after > least
