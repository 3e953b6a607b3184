import math

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix

from snnfpga.console import percent
from snnfpga.runs.scores import Scores, class_rows, independent, wilson


@pytest.mark.parametrize(("right", "samples"), [(0, 1), (1, 1), (0, 20), (20, 20), (3, 7), (351, 359), (5000, 10000)])
def test_the_interval_is_wilsons(right, samples):
    wanted = binomtest(right, samples).proportion_ci(0.95, "wilson")
    assert wilson(right, samples) == pytest.approx((wanted.low, wanted.high), abs=1e-9)
    low, high = wilson(right, samples)
    assert 0 <= low <= right / samples <= high <= 1


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, 300)
    predictions = np.where(rng.random(300) < 0.7, labels, rng.integers(0, 5, 300))
    found = Scores.of(labels, predictions, 5)
    assert (found.confusion == confusion_matrix(labels, predictions)).all()
    assert found.accuracy == pytest.approx((labels == predictions).mean())
    assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, predictions))


def test_what_has_no_label_or_no_sample_does_not_count():
    found = Scores.of([0, 0, -1, 2], [0, 1, 1, 2], 4)
    assert (found.samples, found.class_samples) == (3, [2, 0, 1, 0])
    assert found.class_accuracies == [0.5, None, 1.0, None]
    assert found.balanced_accuracy == 0.75
    nothing = Scores.of([], [], 2)
    assert math.isnan(nothing.accuracy)
    assert nothing.interval == (0.0, 1.0)


def test_mistakes_come_by_how_often():
    found = Scores.of([0] * 6 + [1], [0, 2, 2, 3, 1, 4, 1], 5)
    assert found.mistakes(0) == [(2, 2), (1, 1), (3, 1)]
    assert class_rows(found, percent)[:3] == [(0, 6, "17 %", "2 (2), 1 (1), 3 (1)"), (1, 1, "100 %", ""),
                                              (2, 0, "no sample", "")]


def test_windows_of_a_sample_that_are_right_together_count_as_one():
    alike = independent([5] * 8 + [0] * 2, [5] * 10)
    assert alike == pytest.approx(9)                # ten samples, of which one is lost to the mean
    apart = independent([4] * 10, [5] * 10)
    assert apart == 10                              # nothing tells them apart
    mixed = np.random.default_rng(0).random((400, 5)) < 0.8
    assert independent(mixed.sum(1), [5] * 400) == pytest.approx(2000, rel=0.1)
    scores = Scores(np.array([[25, 0], [10, 15]]), "windows", alike)
    assert scores.interval == wilson(0.8 * alike, alike)
    assert {"class_windows", "confusion"} <= {*scores.facts()}
    assert independent([3], [3]) == 1
