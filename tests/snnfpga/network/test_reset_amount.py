"""A reset that subtracts another amount than the threshold, from the configuration to the integers."""

import pytest
import torch

from rtl_gen.contract.checks import SpecError
from snnfpga.network.neuron import integrate
from snnfpga.training.warm_start import rates_of
from tests.networks import layer

from .test_lif_shifts import initial


def test_the_amount_is_on_the_scale_of_the_threshold():
    network = initial(threshold=0.5, reset_amount=0.75, layers=[{}, {"reset": "zero"}])
    first, second = (block.layers[0].neuron for block in network.spec.blocks)
    assert first.reset_amount == pytest.approx(1.5 * first.threshold, abs=1)
    assert second.reset_amount is None          # what is said of the layer alone wins
    (own,) = (block.layers[0].neuron for block in initial(layers=[{"reset_amount": 2.0}]).spec.blocks[:1])
    assert own.reset_amount == pytest.approx(2 * own.threshold, abs=1)


def test_a_reset_to_zero_takes_none():
    with pytest.raises(SpecError, match="^Config network gives block 0 a layer that cannot be built: A reset to zero "
                                        r"must have no reset amount, not \d+; take reset subtract, or leave it out; "
                                        "change network.threshold, reset_amount, gain"):
        initial(reset="zero", reset_amount=2.0)


def test_the_rates_of_a_warm_start_are_near_those_of_the_neurons():
    spec = layer(membrane_bits=20, leak_shift=4, threshold=1000, reset_amount=1500)
    weights = torch.linspace(-50, 1400, 7).expand(3, 7).round()
    events = torch.zeros(300, 1, 3)
    events[:, :, 0] = 1
    spikes, _, _ = integrate(events @ weights, torch.zeros(1, 7), 1000, spec)
    torch.testing.assert_close(rates_of(spec, weights, events.mean(0)), spikes.mean(0), rtol=0, atol=0.1)
