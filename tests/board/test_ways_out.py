"""What would fit is said with its numbers, and is a network that can be."""

from fractions import Fraction

import pytest

from board.registry import get
from board.report import FitError, check_fit
from board.ways_out import narrowed, with_bits, with_window
from rtl_gen.contract.limits import check_hardware
from rtl_gen.contract.residual import ResidualSpec
from tests.folded_networks import conv, dense, folded_spec, pool
from tests.networks import block, network


def message(spec):
    with pytest.raises(FitError) as caught:
        check_fit(spec, get("pynq-z2"))
    return str(caught.value)


def test_a_network_that_does_not_fit_says_what_would():
    said = message(network(block(1000, 900, lanes=16, window=8)).spec)
    assert said == ("Network small must fit the 140 block RAMs of the XC7Z020 on TUL PYNQ-Z2, but takes 312.5 by "
                    "formula (ramb36); take network.weight_bits 5 and on_chip.shadow_bits 0 (130), or learning.window "
                    "1 (311, still too much), or 1/4 of the neurons and filters of each layer (86)")


def test_lanes_that_are_named_fit_in_logic_too():
    """Of more lanes than neurons those are named that have something to do; fewer bits alone make no room for them."""
    said = message(network(block(5000, 40, lanes=400)).spec)
    assert said.endswith(", or hardware.lanes 40 (78)"), said
    assert "network.weight_bits 2 and on_chip.shadow_bits 0 (123, but then something else is too much)" in said, said


def test_convolutions_and_depth_are_narrowed_whole():
    spec = folded_spec(
        conv(3, 3, 2, 8, 3, padding=1, pool=pool("or", 2, 6, 6, 2)),
        conv(3, 3, 8, 8, 3, padding=1, residual=ResidualSpec(below=1, shift=0, own_shift=0)),
        dense(8, 6, recurrent=True, pool=pool("sum", 2, 3, 3, 8)), learning=True)
    half = narrowed(spec, Fraction(1, 2))
    assert [(layer.inputs, layer.outputs, layer.columns) for layer in half.blocks[0].layers] == [
        (72, 36, 4), (36, 36, 4), (36, 3, 3)]
    check_hardware(half)
    assert narrowed(spec, Fraction(1)) == spec
    pooled = folded_spec(conv(5, 5, 2, 6, 2), readout_pool=pool("sum", 2, 4, 4, 6), learning=True)
    assert narrowed(pooled, Fraction(1, 2)).blocks[0].readout.pool.channels == 3


def test_a_layer_that_is_read_as_a_grid_keeps_its_neurons():
    said = message(folded_spec(dense(2000, 1600), conv(40, 40, 1, 4, 3)))
    assert said.endswith("take network.weight_bits 2 and on_chip.shadow_bits 0 (207.5, still too much)"), said


def test_fewer_bits_and_steps_are_upper_bounds():
    spec = folded_spec(dense(9, 8), dense(8, 7), window=3, loss_steps=2, learning=True)
    (cut,) = with_bits(spec, 4, 2).blocks
    assert [(layer.weights.bits, layer.weights.shadow_bits) for layer in cut.layers] == [(4, 2), (4, 2)]
    assert (cut.readout.weight_bits, cut.readout.shadow_bits) == (4, 2)
    assert with_bits(spec, 16, 16) == spec
    (short,) = with_window(spec, 1).blocks
    assert (short.window, short.loss_steps) == (1, 1)
    assert with_window(spec, 9) == spec
