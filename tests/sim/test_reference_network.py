import random
from dataclasses import replace

import numpy as np
import pytest

from rtl_gen.contract import network_file
from rtl_gen.contract.block import BlockSpec, Directives
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.readout import ReadoutSpec
from rtl_gen.contract.spec import NetworkSpec
from sim.reference.flat import flat_layer
from sim.reference.initial import random_network
from sim.reference.network import Reference
from tests.networks import changed

from .random_case import random_counts


def small_spec(**block):
    layer = flat_layer(
        inputs=30, outputs=20, weight_bits=8, shadow_bits=4, fraction_bits=6, bias=False, membrane_bits=14,
        leak_shift=3, threshold=128, reset="subtract", surrogate="boxcar", surrogate_width=128, surrogate_height=1,
        rate_shift=6, rounding="stochastic", feedback_shift=0)
    readout = ReadoutSpec(
        inputs=20, classes=3, learned=True, weight_bits=8, shadow_bits=4, rate_shift=3, rounding="stochastic",
        error_function="logistic", logit_shift=3, dead_zone=4, accumulate="window")
    values = {"layers": (layer,), "readout": readout, "window": 3, "loss_steps": 3, "update_interval": 1,
              "directives": Directives(lanes=4, memory="auto", engine="reverse")}
    return NetworkSpec(name="small", blocks=(BlockSpec(**{**values, **block}),), max_steps=8, seed=77)


def samples_of(count, steps=8, inputs=30):
    generator = np.random.default_rng(3)
    return (generator.random((count, steps, inputs)) < 0.2).astype(np.uint8), generator.integers(0, 3, count)


def assert_same(one, other):
    for a, b in zip(one.weights, other.weights, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)
    for x, y in zip(one.readouts, other.readouts, strict=True):
        np.testing.assert_array_equal(x, y)
    assert one.window_numbers == other.window_numbers


def test_learning_goes_on_where_a_saved_network_stopped(tmp_path):
    network = random_network(small_spec(), 0)
    samples, labels = samples_of(40)
    whole = Reference(network)
    whole.learn(samples, labels)
    half = Reference(network)
    half.learn(samples[:20], labels[:20])
    network_file.write(tmp_path / "half.safetensors", half.network())
    rest = Reference(network_file.read(tmp_path / "half.safetensors"))
    rest.learn(samples[20:], labels[20:])
    assert_same(rest.network(), whole.network())
    assert whole.network().window_numbers == (120,)


def test_copies_the_weights_it_is_given():
    network = random_network(small_spec(), 0)
    before = network.weights[0][0].copy()
    reference = Reference(network)
    reference.learn(*samples_of(5))
    np.testing.assert_array_equal(network.weights[0][0], before)
    taken = reference.network().weights[0][0].copy()
    reference.learn(*samples_of(5))
    assert not np.array_equal(reference.network().weights[0][0], taken)


def test_evaluate_predicts_as_run_does_and_changes_no_weight():
    network = random_network(small_spec(), 0)
    samples, labels = samples_of(20)
    reference = Reference(network)
    predictions = reference.evaluate(samples, labels)
    assert predictions.tolist() == [Reference(network).run(sample, 0, learn=False).prediction for sample in samples]
    assert_same(reference.network(), network)
    assert reference.counters[0]["events"] == samples.sum()


def test_learn_follows_the_order_and_reports_progress():
    network = random_network(small_spec(), 0)
    samples, labels = samples_of(10)
    order = np.array([7, 2, 2, 9])
    done = []
    one, other = Reference(network), Reference(network)
    predictions = one.learn(samples, labels, order=order, progress=done.append)
    assert predictions.tolist() == [other.run(samples[i], int(labels[i]), learn=True).prediction for i in order]
    assert_same(one.network(), other.network())
    assert done == [1, 2, 3, 4]


def test_an_abort_at_the_end_of_a_window_keeps_what_the_window_learned():
    network = random_network(small_spec(), 0)
    samples, labels = samples_of(1)
    aborted, short = Reference(network), Reference(network)
    aborted.abort(samples[0][:5], int(labels[0]), learn=True, partial_step=samples[0][5])
    short.run(samples[0][:3], int(labels[0]), learn=True)
    assert_same(aborted.network(), short.network())
    assert aborted.network().window_numbers == (1,)
    assert aborted.counters[0]["events"] == samples[0][:6].sum()
    assert aborted.counters[0]["synaptic_operations"] == samples[0][:5].sum() * 20


def test_no_window_is_learned_from_without_the_flag_or_an_update_engine():
    samples, labels = samples_of(4)
    engineless = small_spec(directives=Directives(lanes=4, memory="auto", engine="none"))
    for spec, learn in ((small_spec(), False), (engineless, True)):
        network = random_network(spec, 0)
        reference = Reference(network)
        for sample, label in zip(samples, labels, strict=True):
            reference.run(sample, int(label), learn)
        assert_same(reference.network(), network)
    with pytest.raises(ValueError, match=r"^Network small must have a block with learning in its directives to learn, "
                                         r"not none; switch it on in the hardware section$"):
        Reference(random_network(engineless, 0)).learn(samples, labels)


def test_the_seed_can_be_changed_between_samples():
    spec = small_spec()
    samples, labels = samples_of(4)
    changed = Reference(random_network(spec, 0))
    changed.seed = 5
    changed.learn(samples, labels)
    other = Reference(random_network(replace(spec, seed=5), 0))
    other.learn(samples, labels)
    assert_same(changed.network(), other.network())
    assert changed.network().spec.seed == 5


def test_counters_saturate_and_are_cleared():
    reference = Reference(random_network(small_spec(), 0))
    reference._blocks[0].counters["events"] = (1 << 32) - 3
    reference.run(np.ones((1, 30), np.uint8), 0, learn=False)
    assert reference.counters[0]["events"] == (1 << 32) - 1
    reference.clear_counters()
    assert set(reference.counters[0].values()) == {0}


def test_duplicates_are_dropped_and_counted():
    counts = random_counts(random.Random(5), 6, 30)
    one, other = (Reference(random_network(small_spec(), 0)) for _ in range(2))
    a = one.run(counts, 1, learn=True, trace=True)
    b = other.run(counts.astype(bool), 1, learn=True, trace=True)
    np.testing.assert_array_equal(a.membranes[0][0], b.membranes[0][0])
    assert_same(one.network(), other.network())
    assert one.counters[0]["events_dropped"] == counts.sum() - (counts > 0).sum() > 0


@pytest.mark.parametrize(("spikes", "label", "message"), [
    (np.zeros((4, 29), np.uint8), 0, r"Spikes must have shape \(steps, 30\), not \(4, 29\)"),
    (np.zeros(30, np.uint8), 0, r"Spikes must have shape \(steps, 30\), not \(30,\)"),
    (np.zeros((9, 30), np.uint8), 0, "A sample must have 1..8 steps, not 9; cut it or raise max_steps"),
    (np.zeros((0, 30), np.uint8), 0, "A sample must have 1..8 steps, not 0; cut it or raise max_steps"),
    (np.full((4, 30), -1), 0, "Spikes must be counts of events, integers of at least 0, not -1"),
    (np.full((4, 30), 0.5), 0, "Spikes must be counts of events, integers of at least 0, not float64"),
    (np.ones((4, 30), np.uint8), 3, "Label of a sample to learn from must be in 0..2, or -1 for none, not 3"),
    (np.ones((4, 30), np.uint8), -2, "Label of a sample to learn from must be in 0..2, or -1 for none, not -2"),
    (np.ones((4, 30), np.uint8), np.array([0, -1, 1, 3]),
     "Label of a sample to learn from must be in 0..2, or -1 for none, not 3"),
    (np.ones((4, 30), np.uint8), np.zeros(3, int),
     r"Labels of a sample to learn from must be one, or one for each of 4 steps, not of shape \(3,\)"),
    (np.ones((4, 30), np.uint8), np.zeros(4), "Labels of a sample to learn from must be integers, not float64"),
])
def test_refuses_a_bad_sample(spikes, label, message):
    reference = Reference(random_network(small_spec(), 0))
    with pytest.raises(ValueError, match=f"^{message}$"):
        reference.run(spikes, label, learn=True)
    assert set(reference.counters[0].values()) == {0}


def test_without_a_label_it_answers_and_does_not_learn():
    samples, labels = samples_of(6)
    unlabelled, plain, by_steps = (Reference(random_network(small_spec(), 0)) for _ in range(3))
    before = unlabelled.network()
    for sample, label in zip(samples, labels, strict=True):
        assert unlabelled.run(sample, -1, learn=True).prediction == unlabelled.run(sample, 0, learn=False).prediction
        plain.run(sample, int(label), learn=True)
        by_steps.run(sample, np.full(len(sample), label), learn=True)
    assert_same(unlabelled.network(), before)
    assert_same(plain.network(), by_steps.network())
    assert plain.counters == by_steps.counters
    assert not np.array_equal(plain.network().weights[0][0], before.weights[0][0])


def test_the_answer_may_be_that_of_the_last_window():
    samples, _ = samples_of(3)
    spec = small_spec()
    block = spec.blocks[0]
    last = small_spec(readout=replace(block.readout, answer="last"))
    network = random_network(last, 0)
    for steps in range(1, 9):
        whole = Reference(replace(network, spec=spec)).run(samples[0][:steps], 0, learn=False)
        before = (steps - 1) // block.window * block.window
        found = Reference(network).run(samples[0][:steps], 0, learn=False).answers[0]
        earlier = (Reference(replace(network, spec=spec)).run(samples[0][:before], 0, learn=False).answers[0]
                   if before else 0)
        np.testing.assert_array_equal(found, whole.answers[0] - earlier)


def test_refuses_samples_that_do_not_fit():
    reference = Reference(random_network(small_spec(), 0))
    samples, labels = samples_of(3)
    with pytest.raises(ValueError, match=r"^Samples must have shape \(N, steps, inputs\), not \(8, 30\)$"):
        reference.evaluate(samples[0])
    with pytest.raises(ValueError, match=r"^There must be a label for each of 3 samples, not 2$"):
        reference.learn(samples, labels[:2])
    with pytest.raises(ValueError, match=r"^A sample must have 0..7 steps, not 8; cut it or raise max_steps$"):
        reference.abort(samples[0], 0, learn=False)


def test_refuses_sums_beyond_its_integers():
    spec = small_spec()
    block = spec.blocks[0]
    layer = changed(block.layers[0], neuron__leak_shift=None, surrogate__shape="triangle", surrogate__width=1,
                    surrogate__height=7)
    readout = replace(block.readout, weight_bits=16, classes=64)
    wide = replace(spec, max_steps=65535, blocks=(replace(
        block, layers=(layer, changed(layer, synapses__inputs=20, weights__bits=16)), readout=readout, window=65535,
        loss_steps=1),))
    reference = Reference(random_network(wide, 0))
    sample = np.ones((1, wide.inputs), np.uint8)
    reference.run(sample, 0, learn=False)
    with pytest.raises(SpecError, match=r"^Sums of block 0 must stay below 62 bits to learn, not reach 67; take a "
                                        r"shorter window, narrower weights, smaller residual shifts, or a leak$"):
        reference.run(sample, 0, learn=True)


def test_random_networks_fire_at_a_useful_rate():
    samples, _ = samples_of(40)
    for gain, low, high in ((1.0, 0.05, 0.6), (0.01, 0.0, 0.001)):
        reference = Reference(random_network(small_spec(), 0, density=0.2, gain=gain))
        reference.evaluate(samples)
        rate = reference.counters[0]["spikes"] / (40 * 8 * 20)
        assert low <= rate <= high


def test_random_networks_follow_their_seed():
    one, same, other = (random_network(small_spec(), seed) for seed in (4, 4, 5))
    assert_same(one, same)
    assert not np.array_equal(one.weights[0][0], other.weights[0][0])


def test_a_fixed_readout_is_balanced():
    readout = replace(small_spec().blocks[0].readout, learned=False, weight_bits=2, shadow_bits=0, rate_shift=0,
                      rounding="nearest")
    values = random_network(small_spec(readout=readout), 0).readouts[0]
    assert set(values.ravel().tolist()) == {-1, 1}
    assert values.sum(axis=0).tolist() == [0, 0, 0]
