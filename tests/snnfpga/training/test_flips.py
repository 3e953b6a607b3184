"""Weights of one bit that are learned by flips."""

import pytest
import torch

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.config.models import Config
from snnfpga.training.flips import BinaryFlips, check


def stepped(weights, gradients, **settings):
    weight = torch.nn.Parameter(torch.tensor(weights))
    optimiser = BinaryFlips([weight], **settings)
    for gradient in gradients:
        weight.grad = torch.tensor(gradient)
        optimiser.step()
    return weight.tolist()


def test_signs_follow_the_mean_gradient_where_it_is_strong():
    assert stepped([0.5, 0.5, -0.5, -0.5], [[1.0, -1.0, 1.0, -1.0]], lr=0.1, threshold=0.05, adaptive=False) == [
        -0.5, 0.5, -0.5, 0.5]
    assert stepped([0.5, 0.5], [[0.4, 0.6]], lr=0.1, threshold=0.05, adaptive=False) == [0.5, -0.5]
    # 0.1, then 0.9 * 0.1 - 0.1 * 0.5: still against a weight that is negative by now, which it leaves.
    assert stepped([0.5], [[1.0], [-0.5]], lr=0.1, threshold=0.05, adaptive=False) == [-0.5]
    assert stepped([0.5], [[1.0], [-9.0]], lr=0.1, threshold=0.05, adaptive=False) == [0.5]


def test_the_spread_of_its_gradients_is_a_weights_measure():
    """Whatever their size: a first gradient is 0.1 of its mean and all of its spread, and so is one that repeats."""
    for size in (1e-6, 1e3):
        for threshold, wanted in ((0.09, -0.5), (0.11, 0.5)):
            assert stepped([0.5], [[size]], lr=0.1, threshold=threshold, adaptive=True) == [wanted]
    second = 1 - 0.9 ** 2
    for threshold, wanted in ((0.99 * second, -0.5), (1.01 * second, 0.5)):
        assert stepped([0.5], [[2.0], [2.0]], lr=0.1, threshold=threshold, adaptive=True) == [wanted]


def test_a_weight_without_gradient_stays():
    weight = torch.nn.Parameter(torch.tensor([0.5]))
    BinaryFlips([weight], lr=0.1, threshold=0.0, adaptive=True).step()
    assert weight.item() == 0.5


def test_a_threshold_needs_flips():
    with pytest.raises(SnnfpgaError) as caught:
        check(Config.model_validate({"training": {"flip_threshold": 0.1}}))
    assert (str(caught.value), caught.value.exit_code) == (
        "Config training.flip_threshold means nothing to training.optimiser=adamw; leave it out, or take one of bso, "
        "t-bso", 2)


@pytest.mark.parametrize(("optimiser", "network", "message"), [
    ("bso", {}, "Config training.optimiser=bso flips weights of one bit and needs network.weight_bits=1, not 8; take "
                "adamw or sgd for others"),
    ("t-bso", {"weight_bits": 1, "readout_bits": 4},
     "Config training.optimiser=t-bso flips weights of one bit and needs network.readout_bits=1, not 4, or "
     "readout=fixed"),
    ("bso", {"weight_bits": 1, "normalise": "weights"},
     "Config training.optimiser=bso has no gain to learn and cannot serve network.normalise=weights; take none"),
])
def test_refused(optimiser, network, message):
    with pytest.raises(SnnfpgaError) as caught:
        check(Config.model_validate({"network": network, "training": {"optimiser": optimiser}}))
    assert (str(caught.value), caught.value.exit_code) == (message, 2)
    check(Config.model_validate({"network": {"weight_bits": 1}, "training": {"optimiser": optimiser}}))
    check(Config.model_validate({"network": network}))
