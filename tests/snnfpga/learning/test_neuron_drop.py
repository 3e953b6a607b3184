"""Neurons that are silent for a batch: they neither fire nor learn."""

import pytest
import torch

from snnfpga.config import Config
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch, Gradients
from snnfpga.network.network import initialise

STEPS, BATCH, CLASSES = 8, 5, 3


def made(rule, blocks, sensor=None):
    config = Config.model_validate({"network": {"blocks": blocks, "bias": True}, "learning": {"rule": rule}})
    events = (torch.rand(STEPS, BATCH, 40, generator=torch.Generator().manual_seed(2)) < 0.4).to(torch.uint8)
    return config, initialise(config, events.float(), CLASSES, sensor), events


def batch(events, drop):
    return Batch(events=events, labels=torch.arange(BATCH) % CLASSES, generator=torch.Generator().manual_seed(5),
                 neuron_drop=drop)


@pytest.mark.parametrize("rule", list(RULES))
def test_half_of_each_layer_is_left_as_it_is(rule):
    config, network, events = made(rule, ((20, 12), (10,)))
    RULES[rule].learn(network, config.learning, batch(events, 0.5))
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
    whole, part = Gradients(network, batch(events, 0.0)), Gradients(network, batch(events, 0.5))
    for full, block in zip(whole.weights, part.weights, strict=True):
        silent = (block.layers[0] == 0).all(0)
        assert silent.any()
        assert torch.equal(block.layers[0][:, ~silent], full.layers[0][:, ~silent])
        assert not (full.layers[0] == 0).all(0).any()


def test_who_is_silent_is_drawn_for_each_batch():
    _, network, events = made("truncated-local", ((64,),))
    drawing = batch(events, 0.5)
    one, other = ((Gradients(network, drawing).weights[0].layers[0] == 0).all(0) for _ in range(2))
    assert not torch.equal(one, other)
