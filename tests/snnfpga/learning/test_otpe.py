"""Approximate OTPE: exact where the surrogates do not change."""

import pytest
import torch

from snnfpga.config.models import Config
from snnfpga.learning.loss import LOSSES
from snnfpga.network.initial import initialise
from tests.snnfpga.learning.test_identities import (
    BATCH,
    CLASSES,
    INPUTS,
    STEPS,
    STEPWISE,
    assert_different,
    assert_equal,
    gradients,
)

WIDE = {"surrogate_width": 200.0}       # every gate is open


@pytest.mark.parametrize("leak_shift", [2, None])
@pytest.mark.parametrize("bias", [False, True])
def test_a_layer_is_autograd_through_leaky_sums_of_its_spikes(bias, leak_shift, monkeypatch):
    """The oracle: plain operations through all steps; errors are the same in each, so that only effects count."""
    monkeypatch.setitem(LOSSES, "cross_entropy", lambda logits, labels: logits[:, :2].sum(1).mean())
    case = {"blocks": ((8,),), "bias": bias, "leak_shift": leak_shift} | WIDE
    found = gradients("otpe", learning={"accumulate": "window"}, **case)
    config = Config.model_validate({"network": case})
    events = (torch.rand(STEPS, BATCH, INPUTS, generator=torch.Generator().manual_seed(4)) < 0.4).double()
    network = initialise(config, events.float(), CLASSES).double()
    layer, integers = network.spec.blocks[0].layers[0], network.integers()[0]
    keep = 1.0 if leak_shift is None else 1 - 2.0 ** -leak_shift
    charged, effect, total = torch.zeros(BATCH, 8).double(), 0.0, 0.0
    for step in events:
        charged = keep * charged + step @ integers.layers[0][:INPUTS] + (integers.layers[0][-1] if bias else 0.0)
        effect = keep * effect + charged / (2 * layer.surrogate.width)      # the gate's area; spikes have no other part
        # The readout itself learns from the spikes of the step, which is not what is compared.
        total = total + (effect @ integers.readout.detach())[:, :2].sum(1).mean() * network.blocks[0].logit_scale
    total.backward()
    name = "blocks.0.layers.0.linear.weight"
    assert_equal({name: found[name]}, {name: network.get_parameter(name).grad})


@pytest.mark.parametrize("blocks", [((8, 7), (6,)), (("8R",),)])
def test_it_is_neither_ottt_nor_without_memory(blocks):
    found = gradients("otpe", blocks=blocks, learning=STEPWISE)
    assert_different(found, gradients("ottt", blocks=blocks, learning=STEPWISE))
    assert_different(found, gradients("otpe", blocks=blocks, learning=STEPWISE | {"traces": {"restart": 3}}))


def test_traces_that_restart_in_each_step_are_sltt():
    blocks = ((8, 7), (6,))
    assert_equal(gradients("otpe", blocks=blocks, learning=STEPWISE | {"traces": {"restart": 1}}),
                 gradients("sltt", blocks=blocks, learning=STEPWISE))
