"""The reference equals a slow, separate transcription of ``docs/arithmetic.md``, bit for bit."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtl_gen.contract.arithmetic import (
    answer_max,
    credit_max,
    currents_max,
    delta_max,
    feedback_max,
    feedback_sum_max,
    inject_max,
    lasting_credit_max,
    level_max,
    readout_delta_max,
)
from rtl_gen.contract.protocol import BLOCK_COUNTERS
from sim.reference.network import Reference

from .naive import Naive
from .random_case import as_lists, random_counts, random_label, random_network, random_rates

SAMPLES = 6


def assert_same_state(reference, naive):
    network = reference.network()
    for index, block in enumerate(naive.blocks):
        for layer, stored in enumerate(block.stored):
            np.testing.assert_array_equal(network.weights[index][layer], stored)
        np.testing.assert_array_equal(network.readouts[index], block.readout)
        assert network.window_numbers[index] == block.number
        assert network.rates[index] == block.rate
        assert reference.counters[index] == block.count


def assert_within_bounds(naive, max_steps):
    """No value is beyond the magnitude that ``rtl_gen.contract.arithmetic`` derives its width from."""
    for block in naive.blocks:
        bounds = {("answer", 0): answer_max(block.b.readout, max_steps),
                  ("level", 0): level_max(block.b.readout, max_steps),
                  ("delta", block.b.depth): readout_delta_max(block.b)}
        for layer in range(block.b.depth):
            bounds["current", layer] = currents_max(block.b)[layer]
            bounds["feedback", layer] = feedback_max(block.b, layer)
            bounds["feedback_sum", layer] = feedback_sum_max(block.b, layer)
            bounds["own_feedback", layer] = 1 << 15
            bounds["inject", layer] = inject_max(block.b, layer)
            bounds["credit", layer] = credit_max(block.b, layer)
            bounds["lasting", layer] = lasting_credit_max(block.b, layer)
            bounds["delta", layer] = delta_max(block.b, layer)
        for name, value in block.largest.items():
            assert value <= bounds[name], f"{name}: {value} > {bounds[name]}"


def as_given(label):
    """A label, or those of steps, as the reference takes them."""
    return np.array(label, np.int64) if isinstance(label, list) else label


def compare(seed, make=Reference, draw=random_network):
    """Learn, run and abort some samples on both; give the reference."""
    rng = random.Random(seed)
    network = draw(rng)
    reference, naive = make(network), Naive(network)
    spec = network.spec
    for number in range(SAMPLES):
        if number % 2:
            reference.rates = random_rates(rng, spec)
            naive.set_rates(reference.rates)
        steps, learn = rng.randint(1, spec.max_steps), rng.random() < 0.8
        if rng.random() < 0.15:
            counts, label = random_counts(rng, steps - 1, spec.inputs), random_label(rng, steps - 1, spec.classes)
            partial = random_counts(rng, 1, spec.inputs)
            reference.abort(counts, as_given(label), learn, partial_step=partial[0])
            naive.abort(as_lists(counts, rng), label, learn, as_lists(partial, rng)[0])
        else:
            counts, label = random_counts(rng, steps, spec.inputs), random_label(rng, steps, spec.classes)
            windows = rng.random() < 0.5
            result = reference.run(counts, as_given(label), learn, trace=True, windows=windows)
            prediction, spikes, membranes = naive.run(as_lists(counts, rng), label, learn)
            assert result.prediction == prediction
            assert result.windows_unlabelled == sum(block.unlabelled for block in naive.blocks)
            for index, block in enumerate(naive.blocks):
                assert result.answers[index].tolist() == block.answer
                assert not windows or result.windows[index].tolist() == block.ends
                for layer in range(len(block.b.layers)):
                    np.testing.assert_array_equal(result.spikes[index][layer], spikes[index][layer])
                    np.testing.assert_array_equal(result.membranes[index][layer], membranes[index][layer])
        assert_same_state(reference, naive)
    assert_within_bounds(naive, spec.max_steps)
    return reference


@pytest.mark.parametrize("start", range(0, 300, 100))
def test_equals_the_transcription(start):
    seen = dict.fromkeys(BLOCK_COUNTERS, 0)
    for seed in range(start, start + 100):
        for counters in compare(seed).counters:
            for name, value in counters.items():
                seen[name] += value
    assert min(seen.values()) > 0, f"a counter was never moved: {seen}"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(min_value=0, max_value=2 ** 48))
def test_equals_the_transcription_on_any_seed(seed):
    compare(seed)


@pytest.mark.slow
def test_equals_the_transcription_on_many_networks():
    for seed in range(1000, 5000):
        compare(seed)
