"""Checkpointed backpropagation: the gradients of bptt, and what it keeps."""

import pytest
import torch

from snnfpga.config.models import Config
from snnfpga.learning.memory import ActivationMeter
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch
from snnfpga.network.initial import initialise
from tests.snnfpga.learning.test_identities import ON_GRID, SENSOR, assert_different, assert_equal, gradients

RULE = "bptt-checkpoint"


@pytest.mark.parametrize("segment", [None, 1, 5, 12, 100])
@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("blocks", [((8, 7), (6,)), (("8R", 7), ("6R",))])
def test_its_gradients_are_those_of_bptt(blocks, reset, segment):
    case = {"blocks": blocks, "reset": reset, "bias": True}
    whole = gradients("bptt", learning={}, **case)
    assert_equal(gradients(RULE, learning={"segment": segment}, **case), whole)
    assert_different(gradients("truncated-local", learning={"window": 4}, **case), whole)


def test_on_a_grid_without_leak():
    case = {"blocks": ON_GRID, "sensor": SENSOR, "leak_shift": None, "learning": {}}
    assert_equal(gradients(RULE, **case), gradients("bptt", **case))


@pytest.mark.parametrize("blocks", [[["6C3", "6C3+1"], ["P2", "5C3", "5C3", "5C3+2"]], [["6C3", "6C3+1", "9R"]]])
def test_with_currents_of_earlier_layers_and_thresholds_of_their_own(blocks):
    case = {"blocks": blocks, "sensor": SENSOR, "bias": True, "learn_threshold": True, "learning": {}}
    assert_equal(gradients(RULE, **case), gradients("bptt", **case))


def peak(rule, steps, **learning):
    config = Config.model_validate({"network": {"blocks": ((40,), (30,))}, "learning": {"rule": rule} | learning})
    events = (torch.rand(steps, 6, 50, generator=torch.Generator().manual_seed(3)) < 0.4).to(torch.uint8)
    network = initialise(config, events.float(), 3)
    with ActivationMeter() as meter:
        RULES[rule].learn(network, config.learning, Batch(events=events, labels=torch.arange(6) % 3))
    return meter.peak_bytes


def test_it_keeps_a_segment_and_the_states_between():
    """Events and spikes of 4 bytes, gates of 1; membranes at each segment's start; the rest is logits."""
    states, step = 6 * 70 * 4, 6 * (4 * (50 + 40 + 30) + 70)
    for steps, segment in ((64, None), (64, 16), (100, 10)):
        length = segment or 8
        wanted = (steps // length) * states + length * step
        assert wanted <= peak(RULE, steps, segment=segment) < wanted + states
    assert peak(RULE, 64) < 0.45 * peak("bptt", 64)
    assert peak(RULE, 400) < 2.7 * peak(RULE, 64)      # as the root
