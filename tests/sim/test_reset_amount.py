"""A reset that subtracts another amount than the threshold, in contract, file and reference."""

import numpy as np
import pytest

from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.network import spec_digest
from rtl_gen.contract.spec import NetworkSpec
from sim.reference.forward import neurons_of
from tests.networks import layer, network_spec


@pytest.mark.parametrize(("changes", "message"), [
    ({"reset_amount": 0}, "Reset amount must be an integer in 1..127 for a membrane of 8 bits, not 0"),
    ({"reset_amount": 128}, "Reset amount must be an integer in 1..127 for a membrane of 8 bits, not 128"),
    ({"reset_amount": 1.5}, "Reset amount must be an integer in 1..127 for a membrane of 8 bits, not 1.5"),
    ({"reset_amount": 9, "reset": "zero"},
     "A reset to zero must have no reset amount, not 9; take reset subtract, or leave it out"),
])
def test_amounts_that_there_are_not(changes, message):
    with pytest.raises(SpecError) as caught:
        layer(**changes)
    assert str(caught.value) == message


def fired(spec, currents):
    """Spikes and membranes (R, neurons) of currents (R, neurons), from rest."""
    steps, neurons = currents.shape
    found = [np.zeros((steps, neurons), kind) for kind in (np.uint8, np.uint8, np.int32)]
    neurons_of(spec).fire(spec, np.full(neurons, spec.neuron.threshold), currents, np.zeros(neurons, np.int32), *found)
    return found[0], found[2]


def test_a_reset_a_step_late_and_after_the_leak():
    """As snnTorch has it, beta = 7/8: v = beta v + x - threshold, where the membrane fired in the step before."""
    threshold, amount = 70, 80                      # 7/8 of 80; a multiple of 8, so that the leak rounds alike
    spec = layer(membrane_bits=16, leak_shift=3, threshold=threshold, reset_amount=amount)
    currents = np.random.default_rng(3).integers(-40, 90, (400, 7))
    v, late = np.zeros(7, np.int64), []
    for current in currents:
        v = v - (v >> 3) + current - threshold * (v >= threshold)
        late.append(v >= threshold)
    spikes, membranes = fired(spec, currents)
    assert 0.2 < spikes.mean() < 0.8
    np.testing.assert_array_equal(spikes, late)
    at_once, _ = fired(layer(membrane_bits=16, leak_shift=3, threshold=threshold), currents)
    assert (at_once != spikes).mean() > 0.02        # and the threshold alone would not do
    assert membranes.min() < 0


def test_the_threshold_itself_as_an_amount_changes_nothing():
    currents = np.random.default_rng(4).integers(-40, 90, (50, 7))
    for one, other in zip(fired(layer(), currents), fired(layer(reset_amount=20), currents), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_file_says_it_only_where_it_is():
    plain, spec = network_spec(), network_spec(reset_amount=80)
    assert "reset_amount" not in str(plain.to_dict())
    assert spec.to_dict()["blocks"][0]["layers"][0]["neuron"]["reset_amount"] == 80
    assert NetworkSpec.from_dict(spec.to_dict()) == spec
    assert spec_digest(spec) != spec_digest(plain)
