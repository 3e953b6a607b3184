"""Training as a network of rates before the first epoch."""

import numpy as np
import pytest
import torch

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.config.models import Config
from snnfpga.data.dataset import assemble
from snnfpga.network import sparse
from snnfpga.network.initial import initialise
from snnfpga.network.window import Flows, layer_rest, layer_run
from snnfpga.training.trainer import Trainer
from snnfpga.training.warm_start import rates_of


@pytest.mark.parametrize(("leak_shift", "close"), [(None, 0.01), (4, 0.03), (2, 0.1)])
def test_rates_are_near_those_of_the_neurons(leak_shift, close):
    """Inputs that fire always, so that currents are constant; ``close`` grows with the leak, as half is a mean."""
    config = Config.model_validate({"network": {"blocks": [[60]], "leak_shift": leak_shift}})
    events = torch.ones(400, 1, 20)
    network = initialise(config, events, 3)
    layer, weights = network.spec.blocks[0].layers[0], network.integers()[0].layers[0]
    spikes = layer_run(layer, weights, events, layer_rest(layer, 1, events), Flows(frozenset()))[0]
    wanted, found = spikes.mean(0), rates_of(layer, weights, events[0])
    moderate = wanted.lt(0.9) & wanted.gt(0.1)
    assert moderate.sum() > 5
    assert (found - wanted)[moderate].abs().max() < close
    if leak_shift is not None:              # a current below the leak at the threshold never reaches it
        assert found[wanted == 0].max() <= 2.0 ** -leak_shift / 2


def data_of(sensor=(1, 12, 1)):
    labels = np.arange(120) % 3
    rates = np.full((120, 1, 12), 0.1)
    for sample, label in enumerate(labels):
        rates[sample, :, label * 4:label * 4 + 4] = 0.5
    spikes = (np.random.default_rng(0).random((120, 8, 12)) < rates).astype(np.uint8)
    return assemble("made", spikes, labels, np.arange(120) % 4 == 0, sensor, 3)


def after_one_epoch(warm_epochs):
    return Trainer(Config.model_validate({"network": {"blocks": [[20], [12]]}, "training": {
        "warm_epochs": warm_epochs, "rate": 0.02}}), data_of()).epoch()


def test_it_starts_from_where_rates_have_come():
    cold, warm, again = after_one_epoch(0), after_one_epoch(10), after_one_epoch(10)
    assert warm.losses[0] < 0.5 * cold.losses[0]
    assert warm.losses == again.losses


def test_recurrent_layers_are_refused():
    with pytest.raises(SnnfpgaError) as caught:
        Trainer(Config.model_validate({"network": {"blocks": [["6R"]]}, "training": {"warm_epochs": 1}}), data_of())
    assert (str(caught.value), caught.value.exit_code) == (
        "Config training.warm_epochs cannot serve recurrent layers, whose rates take steps to find; take 0, or layers "
        "without R", 2)


@pytest.mark.parametrize("network", [{"blocks": [[6, "6+1"]]}, {"blocks": [[6]], "learn_threshold": True}])
def test_what_rates_do_not_know_is_refused(network):
    with pytest.raises(SnnfpgaError) as caught:
        Trainer(Config.model_validate({"network": network, "training": {"warm_epochs": 1}}), data_of())
    assert (str(caught.value), caught.value.exit_code) == (
        "Config training.warm_epochs cannot serve currents of earlier layers (+), nor network.learn_threshold; take 0, "
        "or leave them out", 2)


def test_rates_are_not_rounded_to_events(monkeypatch):
    monkeypatch.setattr(sparse, "SMALL", 0)
    config = Config.model_validate({"network": {"blocks": [[60]], "leak_shift": None}})
    network = initialise(config, torch.ones(4, 1, 20), 3)
    layer, weights = network.spec.blocks[0].layers[0], network.integers()[0].layers[0]
    halves = torch.full((2, 20), 0.5)
    wanted = (halves @ weights / layer.neuron.threshold).clamp(0, 1)
    assert wanted.max() > 0
    torch.testing.assert_close(rates_of(layer, weights, halves), wanted)
