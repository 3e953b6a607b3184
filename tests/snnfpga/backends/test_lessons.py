"""What snnfpga learn does with samples: order, guard, rehearsal, labels that are missing, and the same on the RTL."""

from dataclasses import replace

import numpy as np
import pytest

from rtl_gen.contract.network import RATE_OFF
from sim.reference.initial import random_network
from sim.reference.network import Reference
from snnfpga.backends.lessons import Plan, SplitSamples, attended, course_of
from snnfpga.backends.reference_core import Lesson
from snnfpga.backends.study import off, study
from snnfpga.data.dataset import Split
from snnfpga.report.worse import worse
from tests.networks import network, network_spec, samples


def splits(made, count=24):
    spikes, labels = samples(made.spec, count)
    half = count // 2
    return Split(spikes[:half], labels[:half]), Split(spikes[half:], labels[half:])


def attend(made, new, test, plan, old=None):
    course, watched = course_of(plan, new, old, test)
    return attended(course, made, watched, lambda *_: None)


def equal(one, other):
    assert one.window_numbers == other.window_numbers
    for a, b in zip([*(w for block in one.weights for w in block), *one.readouts],
                    [*(w for block in other.weights for w in block), *other.readouts], strict=True):
        np.testing.assert_array_equal(a, b)


def test_in_order_at_constant_rates_it_is_what_the_reference_learns():
    made = network()
    new, test = splits(made)
    found = attend(made, new, test, Plan(shuffled=False, schedule="constant", passes=2))
    reference = Reference(made)
    for _ in range(2):
        reference.learn(new.spikes, new.labels)
    equal(found.network, reference.network())
    assert found.counters == {name: sum(block[name] for block in reference.counters)
                              for name in reference.counters[0]}
    assert len(found.lessons) == 24


def test_in_order_the_old_samples_lie_between_the_new_ones():
    made = network()
    new, test = splits(made)
    old = test.select(slice(0, 3))
    course, _ = course_of(Plan(shuffled=False, rehearse=0.25), new, old, test)
    first_old = len(new) + len(test)
    assert [int(number) - first_old if number >= first_old else "new" for number in course.order()] == [
        "new", "new", 0, "new", "new", "new", "new", 1, "new", "new", "new", "new", 2, "new", "new"]
    assert [number for number in course.order() if number < first_old] == list(range(len(new)))
    shuffled, _ = course_of(Plan(rehearse=0.25), new, old, test)
    assert sorted(shuffled.lessons) == sorted(course.lessons)


def test_rates_are_kept_with_each_lesson_and_the_network_gets_its_own_back():
    made = replace(network(), rates=(1,) * len(network().spec.blocks))
    new, test = splits(made)
    found = attend(made, new, test, Plan(schedule="falling"))
    assert [lesson.rates[0] for lesson in found.lessons] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert found.network.rates == made.rates
    taught, rates = found.split()
    reference = Reference(made)
    for spikes, label, own in zip(taught.spikes, taught.labels, rates, strict=True):
        reference.rates = list(own)
        reference.run(spikes, int(label), learn=True)
    equal(replace(reference.network(), rates=made.rates), found.network)


def test_a_sample_without_a_label_is_answered_and_not_learned_from():
    made = network()
    new, test = splits(made)
    labels = new.labels.copy()
    labels[::3] = -1
    found = attend(made, replace(new, labels=labels), test, Plan(shuffled=False, schedule="constant"))
    reference = Reference(made)
    known = labels >= 0
    reference.learn(new.spikes[known], labels[known])
    equal(found.network, reference.network())
    assert found.progress.unlabelled == (~known).sum()
    assert len(found.lessons) == known.sum()


def test_old_samples_are_mixed_in():
    made = network()
    new, test = splits(made)
    course, _ = course_of(Plan(rehearse=0.5), new, test, test)
    assert len(course.lessons) == 18
    assert (course.lessons >= 24).sum() == 6


def test_with_a_guard_the_best_is_kept():
    spec = network_spec(rate_shift=0, readout_rate_shift=0, dead_zone=0)
    made = random_network(spec, 0)
    new, test = splits(made, 200)
    found = attend(made, new, test, Plan(guard=0.3, passes=4))
    checks = found.progress.checks
    best = max(right for _, right, _ in checks)
    held = course_of(Plan(guard=0.3, passes=4), new, None, test)[0].held
    reference = Reference(found.network)
    assert sum(reference.run(new.spikes[i], 0, learn=False).prediction == new.labels[i] for i in held) == best
    assert len(found.lessons) == found.progress.kept


def test_samples_of_several_splits_have_one_number_each():
    made = network()
    new, test = splits(made)
    both = SplitSamples(new, replace(test, lengths=np.full(len(test), 3)))
    assert len(both) == 24
    np.testing.assert_array_equal(both[12], test.spikes[0][:3])
    assert both.numbers(1).tolist() == list(range(12, 24))


@pytest.mark.parametrize("simulator", ["icarus"])
def test_the_rtl_learns_the_same_lessons_at_the_same_rates(simulator, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = network()
    new, test = splits(made, 12)
    found = study(made, new, None, test, test, Plan(), "rtl", simulator, lambda *_: None, lambda _: None)
    assert (found.differences.total, found.lessons) == (0, 6)
    assert found.more["original_accuracy_after"] == found.after
    wanted = study(made, new, None, test, None, Plan(), "reference", None, lambda *_: None, lambda _: None)
    equal(found.network, wanted.network)
    assert found.counters == wanted.counters


def test_what_got_worse_is_said():
    fell = {"accuracy_before": 0.9, "accuracy_after": 0.8, "original_accuracy_before": 0.9,
            "original_accuracy_after": 0.86}
    lines = list(worse(fell))
    assert lines[0].startswith("learning made the network worse, 90.00 % before and 80.00 % after")
    assert "--rehearse same" in lines[1]
    assert not list(worse({"accuracy_before": 0.8, "accuracy_after": 0.8}))


def test_lessons_that_were_off_are_counted():
    spikes = np.zeros((3, 2), np.uint8)
    lessons = [Lesson(spikes, 0, rates) for rates in ((RATE_OFF, RATE_OFF), (RATE_OFF, 1), (0, 0))]
    assert off(lessons) == 1
