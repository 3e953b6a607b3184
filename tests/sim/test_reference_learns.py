"""From random weights the arithmetic learns a real task, fast; see benchmarks/chip_learning.py for what it reaches."""

from dataclasses import replace

import numpy as np
import pytest

from sim.reference.initial import random_network
from sim.reference.network import Reference
from snnfpga.data.registry import DataOptions, load
from tests.networks import changed

from .test_reference_network import small_spec


@pytest.mark.parametrize(("shadow_bits", "rounding", "rate_shift", "readout_shift"), [
    (8, "nearest", 8, 2), (0, "stochastic", 16, 10)])
def test_learns_digits_in_three_epochs(shadow_bits, rounding, rate_shift, readout_shift):
    data = load("digits", DataOptions(steps=8, seed=0))
    block = small_spec().blocks[0]
    layer = changed(block.layers[0], synapses__inputs=64, synapses__outputs=40, weights__shadow_bits=shadow_bits,
                    update__rounding=rounding, update__rate_shift=rate_shift, neuron__membrane_bits=16,
                    neuron__leak_shift=None)
    readout = replace(block.readout, inputs=40, classes=10, shadow_bits=shadow_bits, rounding=rounding,
                      rate_shift=readout_shift, dead_zone=12)
    spec = replace(small_spec(), blocks=(replace(block, layers=(layer,), readout=readout, window=4, loss_steps=4),))
    reference = Reference(random_network(spec, 0, density=0.3, readout_share=0.06))
    generator = np.random.default_rng(0)
    before = np.mean(reference.evaluate(data.test.spikes) == data.test.labels)
    for _ in range(3):
        reference.learn(data.train.spikes, data.train.labels, order=generator.permutation(len(data.train)))
    after = np.mean(reference.evaluate(data.test.spikes) == data.test.labels)
    assert before < 0.3
    assert after > 0.9
