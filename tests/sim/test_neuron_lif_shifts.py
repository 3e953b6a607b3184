"""Neurons that leak by signed shifts, in contract and reference."""

import numpy as np
import pytest

from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.neurons.lif_shifts import LifShiftsSpec
from rtl_gen.contract.spec import NetworkSpec
from sim.reference.forward import neurons_of
from tests.networks import layer, network_spec, with_shifts


def neuron(*shifts, membrane_bits=16):
    return LifShiftsSpec(membrane_bits=membrane_bits, threshold=64, reset="subtract", leak_shifts=shifts)


def test_nine_tenths():
    """0.9 becomes 230/256 by 1/8 - 1/32 + 1/128."""
    own = neuron(3, -5, 7)
    assert (own.leak_factor, own.leak_bits) == (13, 7)
    assert own.keep == 230 / 256


@pytest.mark.parametrize(("shifts", "message"), [
    ((), "Number of leak shifts must be an integer in 1..3, not 0"),
    ((1, 2, 3, 4), "Number of leak shifts must be an integer in 1..3, not 4"),
    ((16,), "Size of a leak shift must be an integer in 1..15 for a membrane of 16 bits, not 16"),
    ((0,), "Size of a leak shift must be an integer in 1..15 for a membrane of 16 bits, not 0"),
    ((1.5,), "Size of a leak shift must be an integer in 1..15 for a membrane of 16 bits, not 1.5"),
    ((3, 2), "Leak shifts must be of growing size, not 3, 2"),
    ((3, -3), "Leak shifts must be of growing size, not 3, -3"),
    ((-3, 5), "Leak shifts must begin with one that is lost, not -3: the membrane would grow by itself"),
])
def test_leaks_that_there_are_not(shifts, message):
    with pytest.raises(SpecError) as caught:
        neuron(*shifts)
    assert str(caught.value) == message


@pytest.mark.parametrize("shifts", [(1,), (7,), (1, 2, 3), (1, -2, -3), (3, -5, 7), (6, -7), (2, -7)])
def test_no_membrane_grows_by_itself_and_its_bound_is_met(shifts):
    own = neuron(*shifts, membrane_bits=8)
    membranes = np.arange(own.membrane_min, own.membrane_max + 1, dtype=np.int64)
    left = membranes - (membranes * own.leak_factor >> own.leak_bits)
    assert (np.abs(left) <= np.abs(membranes)).all()
    assert (np.sign(left) * np.sign(membranes) >= 0).all()
    assert np.abs(left).max() <= own.leaked_max


@pytest.mark.parametrize("shifts", [(1,), (4,), (1, -2, -3), (3, -5, 7), (5, -7)])
def test_credits_stay_within_their_bound(shifts):
    """As many full injections as it takes for a credit to stand still, and the bound is one injection above."""
    spec = with_shifts(layer(membrane_bits=16), shifts)
    steps = 400
    gates, spikes = np.ones((steps, 2), np.uint8), np.zeros((steps, 2), np.uint8)
    feedback = np.full((steps, 2), 1000, np.int64) * np.array([1, -1])
    found = neurons_of(spec).credits_of(spec, feedback, gates, spikes, np.zeros(2, np.int64))
    bound = spec.neuron.credit_max(1000, steps)
    assert np.abs(found).max() <= bound <= np.abs(found).max() + 1000 + 2 ** spec.neuron.leak_bits
    assert (found[:, 0] == -found[:, 1]).all()


def test_one_shift_is_the_plain_neuron():
    plain = layer(leak_shift=3)
    shifted = with_shifts(plain, (3,))
    rng = np.random.default_rng(1)
    currents, thresholds = rng.integers(-40, 60, (50, 7)), np.full(7, 20)
    found = []
    for spec in (plain, shifted):
        state = np.zeros(7, np.int32), *(np.zeros((50, 7), kind) for kind in (np.uint8, np.uint8, np.int32))
        neurons_of(spec).fire(spec, thresholds, currents, *state)
        found.append(state)
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_file_says_the_kind():
    spec = network_spec(leak_shifts=(3, -5, 7))
    table = spec.to_dict()
    assert table["blocks"][0]["layers"][0]["neuron"]["kind"] == "lif_shifts"
    assert NetworkSpec.from_dict(table) == spec
    table["blocks"][0]["layers"][0]["neuron"]["kind"] = "lif_shift"
    with pytest.raises(SpecError, match=r"^NeuronSpec kind must be one of lif, lif_shifts, not 'lif_shift'$"):
        NetworkSpec.from_dict(table)
