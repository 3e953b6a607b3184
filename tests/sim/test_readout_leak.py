"""Readouts that leak, in contract and file."""

from dataclasses import replace

import numpy as np
import pytest

from rtl_gen.contract.arithmetic import answer_max, level_factors, level_max
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.limits import check_hardware
from rtl_gen.contract.spec import NetworkSpec
from sim.reference.level_credit import counted
from tests.networks import network_spec

LAST = {"readout_leak_shift": 2, "reading": "last", "accumulate": "cumulative"}


@pytest.mark.parametrize(("changes", "message"), [
    ({"readout_leak_shift": 0}, "Readout leak shift must be an integer in 1..15 (or null for no leak), not 0"),
    ({"readout_leak_shift": 16}, "Readout leak shift must be an integer in 1..15 (or null for no leak), not 16"),
    ({"reading": "mean"}, "Reading must be one of sum, last, maximum, not 'mean'"),
    ({"reading": "last"}, "A readout that is read by last must leak, accumulate cumulative and answer all, not leak "
                          "shift None, window and all"),
    ({"reading": "maximum", "readout_leak_shift": 3},
     "A readout that is read by maximum must leak, accumulate cumulative and answer all, not leak shift 3, window and "
     "all"),
    (LAST | {"loss_steps": 3}, "A block whose readout is read by last must have its loss in all 4 steps of a window, "
                               "not in 3"),
])
def test_readouts_that_there_are_not(changes, message):
    with pytest.raises(SpecError) as caught:
        network_spec(**changes)
    assert str(caught.value) == message


def test_it_learns_in_hardware():
    check_hardware(network_spec(**LAST))
    check_hardware(network_spec(readout_leak_shift=3, loss_steps=2))
    largest = LAST | {"reading": "maximum"}
    check_hardware(network_spec(**largest))
    check_hardware(network_spec(**largest, classes_per_cycle=2, learning=False))
    with pytest.raises(SpecError) as caught:
        check_hardware(network_spec(**largest, classes_per_cycle=2))
    assert str(caught.value) == (
        "A readout that is read by maximum must, in a block that is to learn on chip, walk 1 class per cycle, not 2 as "
        "block 0; take 1, or none")


@pytest.mark.parametrize(("changes", "steps", "factors"), [
    ({}, 4, [64 + 56 + 49 + 43, 64 + 56 + 49, 64 + 56, 64]),
    ({"loss_steps": 2}, 3, [49, 56, 64]),
    ({"loss_steps": 2}, 2, [0, 0]),
    ({"reading": "last", "accumulate": "cumulative"}, 3, [49, 56, 64]),
])
def test_what_spikes_count_that_levels_read(changes, steps, factors):
    assert level_factors(network_spec(readout_leak_shift=3, window=4, **changes).blocks[0], steps) == pytest.approx(
        factors, abs=1)


def test_what_has_leaked_away_has_not_come():
    (block,) = network_spec(readout_leak_shift=1, window=9, reading="last", accumulate="cumulative").blocks
    read = np.ones((9, block.readout.rows), np.uint8)
    active, credit = counted(block, read, np.array([3, 0, -1, 0]), 9)
    assert credit[:, 0].tolist() == [0, 0, 3, 6, 12, 24, 48, 96, 192]
    assert active.any(axis=1).tolist() == [False] * 2 + [True] * 7


def test_the_file_says_it_only_where_it_is():
    table = network_spec().to_dict()["blocks"][0]["readout"]
    assert not {"leak_shift", "reading"} & set(table)
    spec = network_spec(**LAST)
    assert spec.to_dict()["blocks"][0]["readout"]["leak_shift"] == 2
    assert NetworkSpec.from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("leak_shift", [1, 2, 5])
def test_levels_reach_their_bound_and_no_more(sign, leak_shift):
    readout = replace(network_spec().blocks[0].readout, leak_shift=leak_shift)
    step, level, levels = sign * level_max(replace(readout, leak_shift=None), 1), 0, []
    for _ in range(300):
        level += step - (level >> leak_shift)
        levels.append(level)
    assert max(map(abs, levels)) <= level_max(readout, 300)
    assert max(map(abs, levels)) >= level_max(readout, 300) - (1 << leak_shift)
    assert abs(sum(levels)) <= answer_max(readout, 300)
