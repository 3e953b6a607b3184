"""Currents that linger, in contract, file and reference."""

import numpy as np
import pytest

from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.engines.forward import Forward
from rtl_gen.contract.limits import check_hardware, check_learning
from rtl_gen.contract.plan import plan_of
from rtl_gen.contract.spec import NetworkSpec
from sim.reference.current import credits_of, linger
from tests.networks import network_spec

OWN = CurrentSpec(bits=12, leak_shifts=(1, -4))        # 0.5625 stays


@pytest.mark.parametrize(("changes", "message"), [
    ({"bits": 3}, "Current bits must be an integer in 4..24, not 3"),
    ({"leak_shifts": ()}, "Number of current leak shifts must be an integer in 1..3, not 0"),
    ({"leak_shifts": (12,)}, "Size of a current leak shift must be an integer in 1..11 for a current of 12 bits, not "
                             "12"),
    ({"leak_shifts": (3, 2)}, "Current leak shifts must be of growing size, not 3, 2"),
    ({"leak_shifts": (-3, 5)}, "Current leak shifts must begin with one that is lost, not -3: the current would grow "
                               "by itself"),
])
def test_currents_that_there_are_not(changes, message):
    with pytest.raises(SpecError) as caught:
        CurrentSpec(**{"bits": 12, "leak_shifts": (2,)} | changes)
    assert str(caught.value) == message


@pytest.mark.parametrize("learning", [False, True])
@pytest.mark.parametrize("depth", [1, 2])
def test_it_runs_and_learns_in_hardware(learning, depth):
    spec = network_spec(current=OWN, learning=learning, depth=depth)
    check_hardware(spec)
    check_learning(spec)


def test_credits_are_those_of_a_synapse():
    """Each hands its share to the step before, but for what is rounded towards zero; a wide current loses none."""
    credit = np.random.default_rng(2).integers(-900, 900, (40, 3))
    carry = np.zeros(3, np.int64)
    found = credits_of(OWN, credit, carry)
    exact = np.zeros(3)
    for p in reversed(range(40)):
        exact = credit[p] + 0.5625 * exact
        assert (np.abs(found[p] - exact) < 1 / (1 - 0.5625)).all()
    assert credits_of(OWN, np.array([[0], [0], [-100]]), np.zeros(1, np.int64)).ravel().tolist() == [-33, -57, -100]
    parts = np.zeros(3, np.int64)
    late, soon = (credits_of(OWN, part, parts) for part in (credit[25:], credit[:25]))
    np.testing.assert_array_equal(np.vstack([soon, late]), found)
    np.testing.assert_array_equal(parts, carry)


def test_the_file_says_it_only_where_it_is():
    assert "current" not in network_spec().to_dict()["blocks"][0]["layers"][0]
    spec = network_spec(current=OWN)
    assert spec.to_dict()["blocks"][0]["layers"][0]["current"] == {"bits": 12, "leak_shifts": [1, -4]}
    assert NetworkSpec.from_dict(spec.to_dict()) == spec


def test_currents_are_those_of_a_synapse():
    """i = alpha i + x, but for the floor of each step's leak, and held to their bits."""
    added = np.random.default_rng(1).integers(-40, 60, (50, 3))
    kept = np.zeros(3, np.int64)
    found, saturated = linger(OWN, added, kept)
    exact = np.zeros(3)
    for step, current in zip(added, found, strict=True):
        exact = 0.5625 * exact + step
        assert (np.abs(current - exact) < 1 / (1 - 0.5625)).all()
    assert saturated == 0
    np.testing.assert_array_equal(kept, found[-1])
    found, saturated = linger(CurrentSpec(bits=6, leak_shifts=(3,)), np.full((4, 1), 30), np.zeros(1, np.int64))
    assert (found.ravel().tolist(), saturated) == ([30, 31, 31, 31], 3)


def test_the_memory_and_the_cycles_it_takes():
    plain, spec = (Forward(plan_of(network_spec(sizes=(20,), lanes=5, learning=False, current=current).blocks[0]))
                   for current in (None, OWN))
    assert {memory.name for memory in spec.memories} - {memory.name for memory in plain.memories} == {"currents"}
    (currents,) = (memory for memory in spec.memories if memory.name == "currents")
    assert (currents.depth, currents.width) == (4, 5 * 12)
    assert spec.latency == plain.latency + 1
    assert [spec.cycles(events) - plain.cycles(events) for events in (0, 3)] == [1, 1]      # four words of neurons
