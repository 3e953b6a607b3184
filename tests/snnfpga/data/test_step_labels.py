"""Labels within a sample, of steps and of segments: what becomes of them, and one line for each fault."""

import numpy as np
import pytest

from snnfpga.data.dataset import DataError
from snnfpga.data.delays import delayed
from snnfpga.data.fit import check_fit, check_lessons
from snnfpga.data.registry import DataOptions, load
from snnfpga.data.step_labels import of_samples, of_windows
from tests.networks import network

from .test_npz import dense, read, sparse

STEPS = np.array([[-1, 0, 0, 1], [2, 2, 0, 0]] * 5)


def steps(**changes):
    return dense(**({"label": None, "step_label": STEPS} | changes))


def segments(**changes):
    """Of the five samples of ``sparse``, whose events are at 100, 110, 130 and 179 us."""
    return sparse(**({"label": None, "segment_start_us": np.tile([100, 120], 5),
                      "segment_label": np.array([0, 1, 0, 2, 1, 0, 2, 2, 1, -1]),
                      "segment_offset": np.arange(6) * 2} | changes))


def test_a_sample_is_called_by_its_most_frequent_label_the_lowest_of_equals(tmp_path):
    data = read(tmp_path, steps(split=np.array(["train", "test"] * 5)))
    assert data.classes == 3
    assert data.train.labels.tolist() == [0] * 5
    assert data.test.labels.tolist() == [0] * 5
    assert data.train.step_labels.tolist() == STEPS[::2].tolist()
    assert of_samples(np.array([[-1, -1], [1, 0]], np.int8)).tolist() == [-1, 0]


def test_a_label_beside_them_names_the_sample(tmp_path):
    data = read(tmp_path, steps(label=np.arange(10) % 2, split=np.array(["train", "test"] * 5)))
    assert data.test.labels.tolist() == [1] * 5
    assert data.test.step_labels.tolist() == STEPS[1::2].tolist()
    assert data.classes == 3


def test_they_go_where_the_samples_go_and_count_in_the_digest(tmp_path):
    data = read(tmp_path, steps(split=np.array(["train", "test"] * 5)))
    assert data.train.select(slice(2)).step_labels.tolist() == STEPS[[0, 2]].tolist()
    assert data.train.draw(3, 0).step_labels.shape == (3, 4)
    assert delayed(data, (1,)).test.step_labels.tolist() == data.test.step_labels.tolist()
    other = read(tmp_path, steps(step_label=STEPS[::-1].copy(), split=np.array(["train", "test"] * 5)))
    assert other.train.labels.tolist() == data.train.labels.tolist()
    assert other.digest() != data.digest()
    assert read(tmp_path, dense()).train.step_labels is None


def test_labels_after_a_samples_end_are_none(tmp_path):
    data = read(tmp_path, steps(length=np.array([3, 2] * 5), split=np.array(["train", "test"] * 5)))
    assert data.train.step_labels[0].tolist() == [-1, 0, 0, -1]
    assert data.test.step_labels[0].tolist() == [2, 2, -1, -1]
    assert data.test.labels[0] == 2


def test_a_step_has_the_label_that_holds_in_its_middle(tmp_path):
    # Steps of 10 us from the first event, at 100, on: the second label holds from 120 on.
    data = read(tmp_path, segments(), steps=8)
    assert data.train.step_labels[0].tolist() == [0, 0, 1, 1, 1, 1, 1, 1]
    assert data.test.step_labels[0].tolist() == [1, 1, -1, -1, -1, -1, -1, -1]
    early, late = (segments(segment_start_us=np.tile([100, 125 + by], 5)) for by in (0, 1))
    assert read(tmp_path, early, steps=8).train.step_labels[0].tolist() == [0, 0, 1, 1, 1, 1, 1, 1]
    assert read(tmp_path, late, steps=8).train.step_labels[0].tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert read(tmp_path, segments(segment_start_us=np.tile([105, 130], 5)), steps=8).train.step_labels[0].tolist() == [
        0, 0, 0, 1, 1, 1, 1, 1]
    # From before the first event on, and not before a segment begins.
    assert read(tmp_path, segments(segment_start_us=np.tile([0, 175], 5)), steps=8).train.step_labels[0].tolist() == [
        0, 0, 0, 0, 0, 0, 0, 1]
    assert read(tmp_path, segments(segment_start_us=np.tile([115, 176], 5)), steps=8).train.step_labels[0].tolist() == [
        -1, 0, 0, 0, 0, 0, 0, 0]


def test_the_last_label_holds_until_the_last_event(tmp_path):
    short = segments(t=np.concatenate([[100, 110, 130, 139], np.tile([100, 110, 130, 179], 4)]))
    assert read(tmp_path, short, steps=8).train.step_labels[0].tolist() == [0, 0, 1, 1, -1, -1, -1, -1]
    by_step = read(tmp_path, short, step_us=10)
    assert by_step.train.lengths[0] == 4
    assert by_step.train.step_labels[0].tolist() == [0, 0, 1, 1, -1, -1, -1, -1]
    assert read(tmp_path, short, step_us=10, steps=3).train.step_labels[0].tolist() == [0, 0, 1]


def test_a_first_event_that_comes_late_moves_no_label(tmp_path):
    """Of a recording from 100 on, whose label changes every 40 us: steps of 10 us begin with its first event."""
    time = np.concatenate([[103, 110, 130, 179], np.tile([100, 110, 130, 179], 4)])
    data = read(tmp_path, segments(t=time, segment_start_us=np.tile([100, 140], 5)), step_us=10)
    assert data.train.step_labels[:2].tolist() == [[0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 2, 2, 2, 2]]


def test_steps_by_count_have_the_label_of_their_middle_event(tmp_path):
    assert read(tmp_path, segments(), steps=2, binning="count").train.step_labels[0].tolist() == [0, 1]
    assert read(tmp_path, segments(), steps=8, binning="count").train.step_labels[0].tolist() == [
        0, 0, 0, 0, 1, 1, 1, -1]


def test_a_sample_without_segments_has_no_label_in_any_step(tmp_path):
    few = segments(segment_start_us=np.array([100]), segment_label=np.array([1]),
                   segment_offset=np.array([0, 1, 1, 1, 1, 1]), label=np.arange(5) % 2)
    data = read(tmp_path, few, steps=4)
    assert data.train.step_labels.tolist() == [[1] * 4] + [[-1] * 4] * 3


def test_the_cache_keeps_them(tmp_path):
    arrays = segments()
    first = read(tmp_path, arrays, steps=8, cache=tmp_path / "cache")
    (kept,) = (tmp_path / "cache").glob("*.npz")
    again = load(str(tmp_path / "mine.npz"), DataOptions(steps=8, cache=tmp_path / "cache"))
    assert kept.exists()
    assert again.train.step_labels.tolist() == first.train.step_labels.tolist()
    assert again.digest() == first.digest()


def test_a_window_has_the_label_of_its_last_labelled_step():
    labels = np.array([[0, -1, 1, -1, -1, -1, 2, 0, -1, 1], [-1] * 10], np.int8)
    assert of_windows(labels, 4, 4, None).tolist() == [[1, 0, 1], [-1] * 3]
    # Two steps do not reach a loss window of the last two of four.
    assert of_windows(labels, 4, 2, None)[0].tolist() == [1, 0, -1]
    assert of_windows(labels, 4, 4, np.array([7, 1]))[0].tolist() == [1, 2, -1]
    assert of_windows(labels, 4, 1, np.array([7, 1]))[0].tolist() == [1, -1, -1]


@pytest.mark.parametrize(("arrays", "words"), [
    (steps(step_label=STEPS[:, :3]), "step_label must have shape (10, 4), a label a step, not (10, 3)"),
    (steps(step_label=STEPS.astype(float)), "step_label must hold integers, not float64"),
    (steps(step_label=np.where(STEPS == 2, -2, STEPS)),
     "step_label must be a class in 0..63, or -1 for none, not -2 (sample 1, step 0)"),
    (steps(step_label=np.where(STEPS == 2, 64, STEPS)),
     "step_label must be a class in 0..63, or -1 for none, not 64 (sample 1, step 0)"),
    (steps(classes=np.array(2)),
     "labels of steps must be in 0..1, or -1 for none, not 2 (sample 1, step 0); number the classes from 0"),
    (steps(step_label=np.full((10, 4), -1)),
     "step_label must give a label to at least one step, and all are -1; leave it out, and give label"),
    (segments(segment_label=np.full(10, -1)),
     "segment_label must give a label to at least one step, and all are -1; leave it out, and give label"),
    (segments(segment_label=np.zeros(9, int)),
     "segment_label must hold 10 labels, one for each segment_start_us, not 9"),
    (segments(segment_label=np.full(10, 1.5)), "segment_label must hold integers, not float64"),
    (segments(segment_label=np.full(10, 64)),
     "segment_label must be a class in 0..63, or -1 for none, not 64 (segment 0)"),
    (segments(segment_start_us=np.tile([120, 120], 5)),
     "segment_start_us must ascend within a sample, not go from 120 to 120 (segment 1, sample 0)"),
    (segments(segment_start_us=np.tile([100, 180], 5)),
     "segment_start_us must be at most 179, the time of the last event of sample 0, not 180 (segment 1); both are "
     "microseconds of one clock"),
    (segments(segment_start_us=np.zeros((5, 2), int)), "segment_start_us must have one dimension, not shape (5, 2)"),
    (segments(segment_offset=np.arange(6)), "segment_offset must ascend from 0 to 10, the number of segments"),
    (segments(segment_offset=np.array([0, 4, 10])), "segment_offset must hold 6 integers, samples + 1, not 3"),
])
def test_faults_are_named(tmp_path, arrays, words):
    with pytest.raises(DataError) as error:
        read(tmp_path, arrays)
    assert str(error.value) == f"Data mine.npz: {words}"


@pytest.mark.parametrize(("arrays", "words"), [
    (steps(segment_label=np.zeros(3, int)),
     "must not hold 'segment_label' beside spikes, which have no times; give step_label, a label a step"),
    (segments(step_label=STEPS), "must not hold 'step_label' beside events, whose steps come of binning; give "
     "segment_start_us, segment_label, segment_offset"),
    (segments(segment_offset=None), "lacks 'segment_offset' beside segment_start_us; give all of segment_start_us, "
     "segment_label, segment_offset"),
    (steps(step_label=np.where(np.arange(10)[:, None] == 4, -1, STEPS)),
     "must have a label in some step of each sample, or 'label' beside, and sample 4 has neither; label a step of it, "
     "or leave it out"),
])
def test_what_does_not_go_together_is_named(tmp_path, arrays, words):
    with pytest.raises(DataError) as error:
        read(tmp_path, arrays)
    assert str(error.value) == f"Data mine.npz {words}"


def test_classes_are_those_of_steps(tmp_path):
    labels = np.array([[0, 0, 0, 1]] * 10)
    check_lessons(read(tmp_path, steps(step_label=labels)))
    one = read(tmp_path, steps(step_label=np.where(labels == 1, -1, labels)))
    with pytest.raises(DataError, match=r"^Data mine.npz must have at least 2 classes to train on, and all its train "
                                        r"samples have label 0; add samples of another$"):
        check_lessons(one)
    wide = read(tmp_path, steps(spikes=np.ones((10, 4, 12), np.uint8), step_label=np.where(labels == 1, 3, labels)))
    with pytest.raises(DataError, match=r"^Labels of data mine.npz must be in 0..2 for network small, not 3$"):
        check_fit(wide, network().spec)
