"""The widest specifications that are let in: the reference is exact on them, or refuses in one line."""

from dataclasses import replace

import numpy as np
import pytest

from rtl_gen.contract.arithmetic import answer_max
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.limits import check_hardware
from rtl_gen.contract.network import Network
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.contract.synapses.conv import ConvSpec
from sim.reference.flat import flat_layer
from sim.reference.network import Reference
from tests.networks import changed, network_spec

SIDE = 320              # a whole square of so many pixels a side has 102,400 events, which 16 bits do not hold
WIDEST = dict(weight_bits=16, shadow_bits=16, fraction_bits=0, bias=False, membrane_bits=24, leak_shift=None,
              threshold=(1 << 23) - 1, reset="subtract", surrogate="boxcar", surrogate_width=1, surrogate_height=1,
              rate_shift=0, rounding="nearest", feedback_shift=0)


def readout_of(inputs, **settings):
    return ReadoutSpec(**{
        "inputs": inputs, "classes": 2, "learned": True, "weight_bits": 16, "shadow_bits": 16, "rate_shift": 0,
        "rounding": "nearest", "error_function": "hard_sigmoid", "logit_shift": 0, "dead_zone": 0,
        "accumulate": "window", **settings})


def network_of(layers, readout, weights, read, max_steps=1):
    block = BlockSpec(layers=tuple(layers), readout=readout, window=1, loss_steps=1, update_interval=1,
                      directives=Directives(lanes=1, memory="auto", engine="none"))
    return Network(spec=NetworkSpec(name="wide", blocks=(block,), max_steps=max_steps, seed=0),
                   weights=(tuple(weights),), readouts=(read,), window_numbers=(0,))


def pool(kind, channels=1, side=SIDE):
    return PoolSpec(kind=kind, size=side, height=side, width=side, channels=channels)


def full(shape, value):
    return np.full(shape, value, np.int32)


@pytest.mark.parametrize("synapses", [None, ConvSpec(height=1, width=1, channels=1, filters=1, kernel=1)])
@pytest.mark.parametrize(("kind", "side", "count"), [("sum", SIDE, SIDE * SIDE), ("or", 256, 1), ("sum", 16, 256)])
def test_pools_count_beyond_16_bits(synapses, kind, side, count):
    """Of 256 x 256 events 16 bits would keep 0, and of 16 x 16 eight."""
    layer = flat_layer(inputs=1, outputs=1, synapses=synapses, pool=pool(kind, side=side), **WIDEST)
    weight = 40         # a membrane of 24 bits has room for 102,400 of them
    reference = Reference(network_of([layer], readout_of(1), [full((1, 1), weight << 16)], full((1, 2), 1)))
    result = reference.run(np.ones((1, side * side), np.uint8), 0, learn=False, trace=True)
    assert result.membranes[0][0].tolist() == [[weight * count]]
    assert reference.counters[0]["synaptic_operations"] == count


def test_a_readout_counts_what_its_pool_does():
    readout = readout_of(SIDE * SIDE, pool=pool("sum"))
    layer = flat_layer(inputs=1, outputs=SIDE * SIDE, **WIDEST | {"threshold": 1})
    low, high = -(1 << 31), (1 << 31) - 1
    reference = Reference(network_of([layer], readout, [full((1, SIDE * SIDE), high)],
                                     np.array([[low, high]], np.int32), max_steps=3))
    result = reference.run(np.ones((3, 1), np.uint8), 0, learn=False)
    assert result.answers[0].tolist() == [3 * SIDE * SIDE * (low >> 16), 3 * SIDE * SIDE * (high >> 16)]
    assert reference.counters[0]["readout_operations"] == 3 * SIDE * SIDE * 2


def chained(depth, shift):
    """Layers of one neuron each, the second and on with the shifted currents of the one before."""
    first = flat_layer(inputs=1, outputs=1, **WIDEST)
    later = replace(first, residual=ResidualSpec(below=1, shift=shift, own_shift=0))
    return network_of([first] + [later] * (depth - 1), readout_of(1), [full((1, 1), -1 << 31)] * depth,
                      full((1, 2), 1))


def test_chained_residual_shifts_are_exact_or_refused():
    reference = Reference(chained(2, 24))
    result = reference.run(np.ones((1, 1), np.uint8), 0, learn=False, trace=True)
    # The first neuron does not fire, so that the second has nothing but the current above it, saturated.
    assert result.membranes[0][1].tolist() == [[-1 << 23]]
    assert reference.counters[0]["membrane_saturations"] == 1
    Reference(chained(2, 24))
    with pytest.raises(ValueError, match=r"^Sums of block 0 must stay below 62 bits in the reference, not reach 64; "
                                         r"take a shorter sample, narrower weights or smaller residual shifts$"):
        Reference(chained(3, 24))


@pytest.mark.parametrize(("dtype", "count"), [(np.uint64, 1 << 63), (np.uint64, (1 << 64) - 1), (np.int64, 1 << 62),
                                              (np.uint32, (1 << 32) - 1)])
def test_events_dropped_saturate_whatever_the_count(dtype, count):
    reference = Reference(chained(1, 0))
    reference.run(np.array([[count]], dtype), 0, learn=False)
    assert (reference.counters[0]["events"], reference.counters[0]["events_dropped"]) == (
        1, min(count - 1, (1 << 32) - 1))


def test_a_seed_beyond_32_bits_is_refused():
    reference = Reference(chained(1, 0))
    with pytest.raises(SpecError, match=r"^Seed must be an integer in 0..4294967295, not 4294967296$"):
        reference.seed = 1 << 32


@pytest.mark.parametrize(("value", "sign"), [(0, 1), (3, 1), (-1, -1), (-4, -1)])
def test_weights_of_one_bit_are_the_signs_of_what_is_stored(value, sign):
    layer = flat_layer(inputs=2, outputs=1, **WIDEST | {"weight_bits": 1, "shadow_bits": 1, "threshold": 1})
    narrow = readout_of(1, weight_bits=1, shadow_bits=1)
    reference = Reference(network_of([layer], narrow, [np.array([[2], [value]], np.int32)],
                                     np.array([[value, -value - 1]], np.int32)))
    result = reference.run(np.ones((1, 2), np.uint8), 0, learn=False, trace=True)
    assert result.spikes[0][0].tolist() == [[1 + sign >= 1]]
    assert result.answers[0].tolist() == ([1, -1] if sign > 0 else [0, 0])


def long(neurons, max_steps, bits=8):
    spec = network_spec(inputs=4, sizes=(neurons,), max_steps=max_steps)
    block = spec.blocks[0]
    return replace(spec, blocks=(replace(block, readout=replace(block.readout, weight_bits=bits)),))


def test_answers_that_a_beat_does_not_hold_are_refused():
    check_hardware(long(255, 65535))
    spec = long(256, 65535, 9)
    assert answer_max(spec.blocks[0].readout, 65535) == 65535 * 256 * 256 > 1 << 31
    with pytest.raises(SpecError, match=r"^Answers in hardware must fit 32 bits, not reach 4294901760 as in block 0 "
                                        r"with 65535 steps; take fewer steps \(hardware.max_steps\), neurons or "
                                        r"readout bits$"):
        check_hardware(spec)


def test_thresholds_at_their_bounds_are_exact():
    layer = changed(flat_layer(inputs=1, outputs=2, **WIDEST | {"threshold": 5}), neuron__threshold_shift=24)
    stored = np.array([[1 << 16, 1 << 16], [-1 << 31, (1 << 31) - 1]], np.int32)
    reference = Reference(network_of([layer], readout_of(2), [stored], full((2, 2), 1)))
    result = reference.run(np.ones((1, 1), np.uint8), 0, learn=False, trace=True)
    assert result.spikes[0][0].tolist() == [[1, 0]]         # thresholds 1 and 2^23 - 1, currents of 1
