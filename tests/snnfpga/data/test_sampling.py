"""A few samples stand for all: of every class its share, whatever the order of the file."""

import numpy as np
import pytest

from snnfpga.backends import evaluation, study
from snnfpga.backends.lessons import course_of
from snnfpga.data.dataset import DataError, DataSet, Split
from snnfpga.data.fit import lessons, some
from snnfpga.data.sampling import drawn
from tests.verbs import call, small_run


def shares(counts, samples, seed=0):
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.bincount(labels[drawn(labels, samples, seed)], minlength=len(counts)).tolist()


@pytest.mark.parametrize(("counts", "samples", "wanted"), [
    ((10, 10, 10), 6, [2, 2, 2]),
    ((60, 30, 10), 10, [6, 3, 1]),
    ((62, 28, 10), 10, [6, 3, 1]),          # 6.2, 2.8, 1.0
    ((55, 35, 10), 10, [6, 3, 1]),          # 5.5, 3.5, 1.0: of equals the seed chooses; see below
    ((97, 1, 1, 1), 4, [1, 1, 1, 1]),
    ((96, 2, 1, 1), 10, [7, 1, 1, 1]),      # 9.6, 0.2, 0.1, 0.1: each class gets one, and the large one gives
    ((50, 48, 1, 1), 10, [4, 4, 1, 1]),
    ((97, 1, 1, 1), 3, [3, 0, 0, 0]),       # fewer samples than classes
    ((3, 0, 2), 5, [3, 0, 2]),
])
def test_each_class_has_its_share(counts, samples, wanted):
    found = [shares(counts, samples, seed) for seed in range(8)]
    assert {sum(one) for one in found} == {samples}
    assert wanted in found
    if counts != (55, 35, 10):
        assert found == [wanted] * 8
    else:
        assert sorted(map(tuple, set(map(tuple, found)))) == [(5, 4, 1), (6, 3, 1)]


def test_every_draw_keeps_to_the_classes():
    rng = np.random.default_rng(0)
    for _ in range(200):
        counts = rng.integers(0, 40, rng.integers(1, 12)) + (rng.random() < 0.5)
        if not counts.sum():
            continue
        samples = int(rng.integers(1, counts.sum() + 1))
        found = np.array(shares(counts, samples, 3))
        assert found.sum() == samples
        assert (found <= counts).all()
        if samples >= (counts > 0).sum():
            assert (found[counts > 0] >= 1).all()


def sorted_data(per_class=20, classes=5):
    labels = np.repeat(np.arange(classes), per_class)
    spikes = np.zeros((len(labels), 3, 8), np.uint8)
    spikes[np.arange(len(labels)), 0, labels] = 1
    half = Split(spikes, labels, np.arange(len(labels)) % 3 + 1)
    return DataSet("sorted", half, half, (1, 8, 1), classes)


def test_what_is_measured_keeps_its_order_and_what_is_learned_does_not():
    data = sorted_data()
    few = some(data, "test", 15, seed=1)
    assert np.bincount(few.labels).tolist() == [3] * 5
    assert few.labels.tolist() == sorted(few.labels.tolist())
    assert some(data, "test") is data.test
    for samples in (15, None):
        learned = lessons(data, samples, seed=1)
        assert np.bincount(learned.labels).tolist() == [(samples or 100) // 5] * 5
        assert (np.diff(learned.labels) < 0).any()
        assert learned.spikes[:].argmax(2).max(1).tolist() == learned.labels.tolist()
    assert lessons(data, 15, seed=1).labels.tolist() == lessons(data, 15, seed=1).labels.tolist()
    assert lessons(data, seed=1).labels.tolist() != lessons(data, seed=2).labels.tolist()
    for take in (lambda n: some(data, "train", n), lambda n: lessons(data, n)):
        with pytest.raises(DataError, match=r"Samples must be in 1\.\.100, the train samples of sorted, not 101"):
            take(101)


def test_verbs_draw_by_class_and_seed(tmp_path, monkeypatch, capfd):
    """The same samples on every backend; what is learned comes in a drawn order."""
    monkeypatch.chdir(tmp_path)
    small_run()
    spikes = np.zeros((40, 5, 12), np.uint8)
    spikes[np.arange(40), :, np.arange(40) % 12] = 1
    np.savez("sorted.npz", spikes=spikes, label=np.repeat([0, 1], 20), split=np.array(["train", "test"] * 20))
    seen, taught = [], []

    def spy(original):
        def found(network, split, *arguments):
            seen.append((split.labels.tolist(), split.spikes[:].tolist()))
            return original(network, split, *arguments)
        return found

    monkeypatch.setattr(evaluation, "measure", spy(evaluation.measure))
    monkeypatch.setattr(study, "course_of", lambda plan, new, *more: taught.append(course_of(plan, new, *more))
                        or taught[-1])
    verb = ("evaluate", "runs/small", "--data", "sorted.npz", "--samples", "4")
    for more in ((), ("--backend", "reference"), ("--seed", "1")):
        assert call(capfd, *verb, *more)[0] == 0
    assert [labels for labels, _ in seen] == [[0, 0, 1, 1]] * 3
    assert seen[0] == seen[1] != seen[2]
    assert call(capfd, "learn", "runs/small", "--data", "sorted.npz")[0] == 0
    course, _ = taught[0]
    learned = course.samples.labels[course.order()].tolist()
    assert sorted(learned) == [0] * 10 + [1] * 10 != learned
    assert call(capfd, *verb, "--seed", "-1")[0] == 2
