"""Weights as they are drawn: what straight ones pass on, how large Kaiming's are, and networks by name."""

import math
from itertools import pairwise

import pytest
import torch

from snnfpga.config.models import Config
from snnfpga.network.initial import initialise
from snnfpga.network.window import Flows, layer_rest, layer_run

HEIGHT, WIDTH, CHANNELS = 5, 6, 4


@pytest.mark.parametrize("token", ["8C3", "8C5", "2C3", "8C3G2"])
def test_straight_passes_on_what_a_kernels_middle_sees(token):
    """With next to no noise: an event in one place makes the filters whose turn its channel is fire there."""
    config = Config.model_validate({"network": {"blocks": [[token]], "initial": "straight", "gain": 0.01},
                                    "learning": {"window": 1}})
    places = torch.eye(HEIGHT * WIDTH * CHANNELS)[None]                # (1, places, inputs), an event each
    network = initialise(config, places, 3, (HEIGHT, WIDTH, CHANNELS))
    layer, weights = network.spec.blocks[0].layers[0], network.integers()[0].layers[0]
    spikes, _ = layer_run(layer, weights, places, layer_rest(layer, len(places[0]), places), Flows(frozenset()))
    filters, groups = layer.synapses.filters, layer.synapses.groups
    group, place = torch.arange(filters).div(filters // groups, rounding_mode="floor"), torch.arange(filters)
    sees = group * (CHANNELS // groups) + place % (filters // groups) % (CHANNELS // groups)
    wanted = torch.kron(torch.eye(HEIGHT * WIDTH), (torch.arange(CHANNELS)[:, None] == sees).float())
    assert torch.equal(spikes[0], wanted)


def test_straight_has_a_fifth_of_the_noise_of_balanced():
    events = (torch.rand(6, 20, 5 * 6 * 16, generator=torch.Generator().manual_seed(1)) < 0.4).float()
    balanced, straight = (initialise(Config.model_validate({"network": {"blocks": [["32C3"]], "initial": initial}}),
                                     events, 3, (5, 6, 16)).get_parameter("blocks.0.layers.0.linear.weight").detach()
                          for initial in ("balanced", "straight"))
    middle = torch.zeros_like(balanced)
    middle[torch.arange(32), 4 * 16 + torch.arange(32) % 16] = 1.1
    torch.testing.assert_close(straight, 0.2 * balanced + middle)


@pytest.mark.parametrize(("token", "fan_in"), [("300", 480), ("64C3", 9 * 16), ("64C3G2", 9 * 8)])
def test_kaiming_asks_only_how_many_inputs_there_are(token, fan_in):
    found = []
    for density in (0.02, 0.9):
        events = (torch.rand(4, 5, 5 * 6 * 16, generator=torch.Generator().manual_seed(1)) < density).float()
        config = Config.model_validate({"network": {"blocks": [[token]], "initial": "kaiming"}})
        network = initialise(config, events, 3, (5, 6, 16))
        found.append(network.get_parameter("blocks.0.layers.0.linear.weight").detach())
    assert torch.equal(*found)
    # PyTorch's are uniform within 1 / sqrt(fan_in), which deviate so much; these are normal, cut at two deviations.
    deviation = 1 / math.sqrt(3 * fan_in)
    assert found[0].shape[1] == fan_in
    assert float(found[0].abs().max()) == pytest.approx(2 * deviation)
    assert float(found[0].std()) == pytest.approx(0.96 * deviation, rel=0.02)
    own = torch.nn.Linear(fan_in, 300).weight.detach()
    assert float(own.std()) == pytest.approx(deviation, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kernels", "linear"), [
    ("vgg-9", [3, 64, 128, 256, 256, 512, 512, 512, 512], []),
    ("vgg-11", [3, 64, 128, 256, 256, 512, 512, 512, 512], [512, 4096, 4096]),
    ("vgg-19", [3, 64, 64, 128, 128, 256, 256, 256, 256, *[512] * 8], [512, 4096, 4096]),
    ("alexnet", [3, 96, 256, 384, 384, 256], [4 * 4 * 256, 1024, 1024]),
])
def test_networks_by_name(name, kernels, linear):
    events = (torch.rand(2, 2, 32 * 32 * 3, generator=torch.Generator().manual_seed(1)) < 0.3).float()
    config = Config.model_validate({"network": {"architecture": name}, "learning": {"window": 2}})
    network = initialise(config, events, 10, (32, 32, 3))
    layers = [layer for block in network.spec.blocks for layer in block.layers]
    wanted = [9 * below * above for below, above in pairwise(kernels)]
    wanted += [below * above for below, above in pairwise(linear)]
    assert [layer.rows * layer.columns for layer in layers] == wanted
    assert network.spec.blocks[-1].readout.rows == (linear or kernels)[-1]
    assert all(weights.abs().max() > 1 for block in network.integers() for weights in block.layers)
