"""The largest values of learning, by hand, for what is summed over places, counts, own spikes and residuals."""

from dataclasses import replace

import pytest

from rtl_gen.contract import arithmetic
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.contract.sums import learning_sum_max
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from tests.networks import changed, network_spec

K = 3
LAST = 3 * 127 * 1      # feedback of a fixed readout of three classes


def block_of(*layers, pool=None):
    spec = network_spec(inputs=16, sizes=(8,), classes=3, learned=False, window=K, leak_shift=None)
    return replace(spec.blocks[0], layers=layers, readout=replace(spec.blocks[0].readout, pool=pool))


def layer(**changes):
    return changed(network_spec(inputs=16, sizes=(8,), leak_shift=None).blocks[0].layers[0], **changes)


SUMMED = {"pool": PoolSpec(kind="sum", size=2, height=4, width=4, channels=1),
          "synapses": ConvSpec(height=2, width=2, channels=1, filters=2, kernel=1)}
ADDING = layer(synapses=DenseSpec(inputs=8, outputs=8), residual=ResidualSpec(below=1, shift=2, own_shift=0))


def test_deltas_are_summed_over_steps_places_and_counts():
    block = block_of(replace(layer(), **SUMMED), ADDING)
    assert arithmetic.credit_max(block, 1) == K * LAST
    assert arithmetic.delta_max(block, 1) == K * K * LAST
    told = K * 32768 + (K * LAST << 2)      # a hidden layer's feedback has 16 bits, and the layer above adds its own
    assert arithmetic.weighed_credit_max(block, 0) == told
    assert arithmetic.delta_max(block, 0) == K * 4 * 4 * told


def test_residuals_count_along_the_way():
    own = replace(ADDING, residual=ResidualSpec(below=1, shift=0, own_shift=3))
    block = block_of(layer(), ADDING, own)
    assert arithmetic.weighed_credit_max(block, 2) == K * LAST << 3
    middle = K * 32768 + K * LAST
    assert arithmetic.weighed_credit_max(block, 1) == middle
    assert arithmetic.weighed_credit_max(block, 0) == K * 32768 + (middle << 2)
    assert arithmetic.feedback_sum_max(block, 2) == 8 * (K * LAST << 3) * 128


def test_own_spikes_give_16_bits_more():
    block = block_of(layer(synapses=DenseSpec(inputs=16, outputs=8, recurrent=True)))
    assert arithmetic.inject_max(block, 0) == LAST + 32768
    assert arithmetic.delta_max(block, 0) == K * K * (LAST + 32768)


@pytest.mark.parametrize(("shift", "wanted"), [(0, K * K * 4 * LAST), (4, K * 4 * LAST << 4)])
def test_thresholds_are_the_larger_of_two(shift, wanted):
    conv = ConvSpec(height=4, width=4, channels=1, filters=2, kernel=2, stride=2)
    block = block_of(layer(synapses=conv, neuron__threshold_shift=shift))
    assert arithmetic.delta_max(block, 0) == wanted
    assert learning_sum_max(block) >= wanted


@pytest.mark.parametrize(("kernel", "stride", "padding", "reached"), [
    (1, 1, 0, 6), (3, 1, 1, 54), (3, 2, 1, 24), (4, 4, 0, 6), (5, 1, 0, 24)])
def test_an_input_reaches_so_many_neurons_of_a_convolution(kernel, stride, padding, reached):
    conv = ConvSpec(height=6, width=6, channels=1, filters=6, kernel=kernel, stride=stride, padding=padding)
    assert conv.reached_max == reached


def test_a_readout_counts_what_its_pool_does():
    block = block_of(layer(), pool=PoolSpec(kind="sum", size=2, height=4, width=2, channels=1))
    assert arithmetic.readout_delta_max(block) == K * 127 * 4
