"""Centred readouts change no prediction and leave the chip fewer errors."""

from dataclasses import replace

import numpy as np
import pytest

from sim.reference.initial import random_network
from sim.reference.network import Reference
from snnfpga.calibration.centre import centred, error_share, window_ends
from snnfpga.data.dataset import Split
from snnfpga.network.inference import evaluate, weights_of
from tests.networks import network_spec
from tests.snnfpga.calibration.trained import a_network, groups


def drawn(spec, count=40, seed=0):
    rng = np.random.default_rng(seed)
    return Split((rng.random((count, 10, spec.inputs)) < 0.3).astype(np.uint8),
                 np.arange(count, dtype=np.int64) % spec.classes, rng.integers(5, 11, count))


@pytest.mark.parametrize("changes", [{}, {"sizes": (12, 9)}, {"accumulate": "cumulative", "loss_steps": 2},
                                     {"shadow_bits": 0}, {"logit_shift": -2}])
def test_answers_move_by_the_same_amount_in_all_classes(changes):
    spec = network_spec(**changes)
    network, split = random_network(spec, 1), drawn(spec)
    moved = centred(network, split)
    assert any((old != new).any() for old, new in zip(network.readouts, moved.readouts, strict=True))
    before, after = Reference(network), Reference(moved)
    for number, sample in enumerate(split.spikes):
        steps = sample[:split.steps_of(number)]
        one, other = before.run(steps, 0, learn=False), after.run(steps, 0, learn=False)
        assert one.prediction == other.prediction
        for old, new in zip(one.answers, other.answers, strict=True):
            assert len(set((new - old).tolist())) == 1
    predictions = [evaluate(each.spec, weights_of(each), split).predictions for each in (network, moved)]
    np.testing.assert_array_equal(*predictions)


def test_errors_get_fewer():
    network, split = a_network(), groups(80, 5)
    # All logits far above 0, where cross-entropy may leave them.
    lifted = np.clip(network.readouts[0] + np.int32(30 << 8), -(1 << 15), (1 << 15) - 1)
    moved = centred(replace(network, readouts=(lifted,)), split)
    # No more are left than where nothing was lifted, and its own errors come on top.
    assert error_share(moved, split) <= error_share(network, split) < error_share(
        replace(network, readouts=(lifted,)), split)


def test_weights_stay_within_their_bits():
    spec = network_spec()
    network, split = random_network(spec, 1), drawn(spec)
    readout = network.readouts[0].copy()
    readout[:, 0], readout[:, 1] = -(1 << 15), (1 << 15) - 1
    full = type(network)(spec, network.weights, (readout,), (0,))
    np.testing.assert_array_equal(centred(full, split).readouts[0], readout)


def test_fixed_readouts_stay():
    spec = network_spec(learned=False)
    network, split = random_network(spec, 1), drawn(spec)
    np.testing.assert_array_equal(centred(network, split).readouts[0], network.readouts[0])


def test_windows_count_what_the_loss_reads():
    spec = network_spec(window=4, loss_steps=2, accumulate="window")
    network = random_network(spec, 1)
    split = Split(np.ones((1, 7, spec.inputs), np.uint8), np.zeros(1, np.int64), np.array([7]))
    spikes = Reference(network).run(split.spikes[0], 0, learn=False, trace=True).spikes[0][-1].astype(int)
    ends, = window_ends(network, split)
    np.testing.assert_array_equal(ends.counts, [spikes[2:4].sum(0), spikes[6:7].sum(0)])
