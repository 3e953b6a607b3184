"""Neurons that are silent for a batch: they neither fire nor learn."""

import numpy as np
import pytest
import torch

from snnfpga.config.models import Config
from snnfpga.data.dataset import assemble
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch, Gradients, drawn_silent
from snnfpga.network.initial import initialise
from snnfpga.training.trainer import Trainer

STEPS, BATCH, CLASSES = 8, 5, 3


def made(rule, blocks, sensor=None):
    config = Config.model_validate({"network": {"blocks": blocks, "bias": True}, "learning": {"rule": rule}})
    events = (torch.rand(STEPS, BATCH, 40, generator=torch.Generator().manual_seed(2)) < 0.4).to(torch.uint8)
    return config, initialise(config, events.float(), CLASSES, sensor), events


def batch(network, events, drop):
    generator = torch.Generator().manual_seed(5)
    return Batch(events=events, labels=torch.arange(BATCH) % CLASSES, generator=generator,
                 silent=drawn_silent(network.spec, drop, generator))


@pytest.mark.parametrize("rule", list(RULES))
def test_half_of_each_layer_is_left_as_it_is(rule):
    config, network, events = made(rule, ((20, 12), (10,)))
    RULES[rule].learn(network, config.learning, batch(network, events, 0.5))
    for layer in (layer for block in network.blocks for layer in block.layers):
        still = (layer.linear.weight.grad == 0).all(1)                      # (neurons,)
        assert 0.2 < still.float().mean() < 0.8
    for block in network.blocks:
        readout = block.learned_readout.linear.weight.grad
        if readout is not None:
            still = (block.layers[-1].linear.weight.grad == 0).all(1)
            assert (readout[:, still] == 0).all()


def test_silent_neurons_stay_silent_and_filters_are_neurons_at_many_places():
    _, network, events = made("truncated-local", (("6C3",), (10,)), (5, 4, 2))
    whole, part = (Gradients(network, batch(network, events, drop)) for drop in (0.0, 0.5))
    for full, block in zip(whole.weights, part.weights, strict=True):
        silent = (block.layers[0] == 0).all(0)
        assert silent.any()
        assert torch.equal(block.layers[0][:, ~silent], full.layers[0][:, ~silent])
        assert not (full.layers[0] == 0).all(0).any()


def test_who_is_silent_is_drawn_for_each_batch():
    _, network, _ = made("truncated-local", ((64,),))
    generator = torch.Generator().manual_seed(5)
    one, other = (drawn_silent(network.spec, 0.5, generator)[0][0] for _ in range(2))
    assert not torch.equal(one, other)


def test_parts_of_a_batch_learn_with_the_same_neurons():
    labels = np.arange(60) % CLASSES
    spikes = (np.random.default_rng(2).random((60, STEPS, 40)) < 0.4).astype(np.uint8)
    data = assemble("made", spikes, labels, np.arange(60) % 10 == 0, (1, 40, 1), CLASSES)
    found = []
    for parts in (1, 2):
        trainer = Trainer(Config.model_validate({"network": {"blocks": [[64]]}, "training": {
            "neuron_drop": 0.5, "parts": parts, "batch": 60, "optimiser": "sgd"}}), data)
        trainer.epoch()
        found.append(trainer.network.get_parameter("blocks.0.layers.0.linear.weight"))
    torch.testing.assert_close(*found)
