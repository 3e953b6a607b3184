"""The search is bounded by operations, never by a clock: a large network has fewer lessons in each trial."""

from dataclasses import replace

import numpy as np
import pytest

from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from snnfpga.calibration import search
from snnfpga.calibration.search import LEAST, LESSONS, SCORES, Search, _bounded
from snnfpga.config.models import Config
from snnfpga.data.dataset import Split
from tests.networks import network
from tests.snnfpga.calibration.trained import a_network, groups

STEPS, COUNT = 8, 40
MANY = 10 ** 9      # samples that training looked at


def half_full(inputs):
    """Every second input has an event in each step, of samples that are all alike."""
    spikes = np.zeros((COUNT, STEPS, inputs), np.uint8)
    spikes[:, :, ::2] = 1
    return Split(spikes, np.arange(COUNT, dtype=np.int64) % 3)


def operations_of_a_run(made):
    """Synaptic operations of a sample of :func:`half_full`: each layer as if its inputs had as many events."""
    return sum(layer.outputs * layer.synapses.inputs * STEPS // 2
               for block in made.spec.blocks for layer in block.layers)


def runs():
    """Of all trials: the lessons of each order and half and of each drift, and as many to score."""
    return search.TRIALS * (4 * search.ORDERS + len(search.DRIFTS)) * 2


@pytest.mark.parametrize(("affordable", "wanted"), [
    (10_000, (LESSONS, SCORES)),            # a small network: the usual numbers
    (SCORES + 20, (SCORES + 20, SCORES)),
    (100, (100, 100)),
    (LEAST + 1, (LEAST + 1, LEAST + 1)),
    (LEAST - 1, (LEAST, LEAST)),            # below that nothing could be told
    (0, (LEAST, LEAST)),
])
def test_lessons_and_scores_of_a_trial(monkeypatch, affordable, wanted):
    made = network()
    each = operations_of_a_run(made)
    monkeypatch.setattr(search, "OPERATIONS", each * runs() * (affordable + 0.5))
    assert _bounded(made, half_full(made.spec.inputs), MANY) == wanted


@pytest.mark.parametrize(("affordable", "wanted"), [
    (10_000, (LESSONS, SCORES)), (250, (250, SCORES)), (100, (100, 100)), (0, (LEAST, LEAST))])
@pytest.mark.parametrize("synapses", [DenseSpec(inputs=12, outputs=10, recurrent=True),
                                      ConvSpec(height=2, width=6, channels=1, filters=2, kernel=2)])
def test_short_training_bounds_what_takes_as_long_here_as_there(synapses, affordable, wanted):
    dense = network()
    block = dense.spec.blocks[0]
    made = network(replace(block, layers=(replace(block.layers[0], synapses=synapses),)))
    passes = int((affordable + 0.5) * runs() / search.PASSES_SHARE)
    assert _bounded(made, half_full(12), passes) == wanted
    assert _bounded(dense, half_full(12), passes) == (LESSONS, SCORES)


def test_twice_the_events_are_half_the_lessons(monkeypatch):
    made = network()
    split = half_full(made.spec.inputs)
    monkeypatch.setattr(search, "OPERATIONS", operations_of_a_run(made) * runs() * 200.5)
    full = Split(np.ones_like(split.spikes), split.labels)
    assert (_bounded(made, split, MANY)[0], _bounded(made, full, MANY)[0]) == (200, 100)


def test_samples_without_an_event_bound_nothing():
    made = network()
    split = half_full(made.spec.inputs)
    assert _bounded(made, Split(split.spikes * 0, split.labels), MANY) == (LESSONS, SCORES)


def test_a_search_keeps_to_the_bound(monkeypatch):
    monkeypatch.setattr(search, "OPERATIONS", 0)
    found = Search(a_network(), groups(120, 2), groups(60, 3), Config().on_chip, 0, MANY)
    assert len(found.scores) == LEAST
    assert [len(lessons) for lessons, _ in found.unchanged] == [LEAST, LEAST]
    assert all(len(lessons) == LEAST for lessons, _ in found.drifts.values())
