"""Random weights of blocks above each other are brought to where each block fires about as often."""

from dataclasses import replace

import numpy as np
import pytest

from sim.reference.initial import random_network
from sim.reference.network import Reference
from snnfpga.backends.fresh import fresh
from snnfpga.calibration.balance import SHARE, balanced
from snnfpga.data.dataset import Split
from tests.grids import grid_spec

STEPS = 8


def blocks_of_convolutions(**changes):
    """Two blocks of a convolution each, the second on what the first hands on."""
    first, second = (grid_spec(grid=grid, filters=8, kernel=3, padding=1, window=4, classes=3, max_steps=STEPS,
                               **changes) for grid in ((5, 4, 2), (5, 4, 8)))
    return replace(first, blocks=(*first.blocks, *second.blocks))


def busy(samples, density=0.6):
    rng = np.random.default_rng(3)
    return Split((rng.random((samples, STEPS, 40)) < density).astype(np.uint8), rng.integers(0, 3, samples))


def shares(network, split):
    """Of each block, the share of its neurons that fires in a step."""
    reference, found = Reference(network), []
    for number in range(len(split)):
        steps = split.steps_of(number)
        passed = reference.run(split.spikes[number][:steps], -1, learn=False, trace=True)
        found.append([np.sum(block[0]) for block in passed.spikes] / np.float64(steps))
    outputs = [block.outputs for block in network.spec.blocks]
    return np.mean(found, 0) / outputs


def test_every_block_fires_about_as_often():
    spec, split = blocks_of_convolutions(), busy(24)
    first = random_network(spec, 1, gain=2.0)
    assert min(shares(first, split)) > 2 * SHARE
    network = balanced(first, split)
    np.testing.assert_allclose(shares(network, split), SHARE, rtol=0.6)      # thresholds of few units come in steps
    assert network.spec == spec


def test_steps_behind_the_end_of_a_sample_are_not_measured():
    """What stands there changes nothing, though neurons would fire by it."""
    split, lengths = busy(24), np.where(np.arange(24) % 4, 1, STEPS)
    found = []
    for behind in (0, 1):
        spikes = split.spikes.copy()
        for number, length in enumerate(lengths):
            spikes[number, length:] = behind
        found.append(balanced(random_network(blocks_of_convolutions(), 1, gain=2.0),
                              Split(spikes, split.labels, lengths=lengths)))
    for one, other in zip(*(network.weights for network in found), strict=True):
        np.testing.assert_array_equal(one[0], other[0])


def test_weights_of_one_bit_and_biases_stay():
    spec = blocks_of_convolutions(weight_bits=1, shadow_bits=6, threshold=8)
    network = random_network(spec, 1)
    for own, other in zip(network.weights, balanced(network, busy(8)).weights, strict=True):
        np.testing.assert_array_equal(own[0], other[0])
    spec = blocks_of_convolutions(bias=True)
    network = random_network(spec, 1, gain=2.0)
    biased = replace(network, weights=tuple((np.vstack([own[:-1], np.full_like(own[-1:], 7)]),)
                                            for (own,) in network.weights))
    assert all((own[-1] == 7).all() for (own,) in balanced(biased, busy(8)).weights)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_fresh_network_of_convolutions_is_balanced(seed):
    split = busy(24)
    begun = fresh(random_network(blocks_of_convolutions(), 0), split, seed)
    np.testing.assert_allclose(shares(begun, split), SHARE, rtol=0.5)
