import re

import numpy as np
import pytest

from board.host.guard import Guard, GuardError, default_interval, hold_out


def test_a_share_of_each_class_is_held_out_by_seed():
    labels = np.repeat([0, 1, 2, -1], [40, 10, 2, 30])
    held = hold_out(labels, 0.1, seed=4)
    assert [int(held[labels == label].sum()) for label in (0, 1, 2, -1)] == [4, 1, 1, 0]
    np.testing.assert_array_equal(held, hold_out(labels, 0.1, seed=4))
    assert (held != hold_out(labels, 0.1, seed=5)).any()


def test_the_draw_is_as_the_page_says():
    """Another program can draw the same."""
    labels = np.array([2, 0, 2, 0, 0, 2])
    rng = np.random.default_rng(9)
    wanted = {*rng.permutation([1, 3, 4])[:1], *rng.permutation([0, 2, 5])[:1]}
    assert set(np.flatnonzero(hold_out(labels, 0.3, 9))) == wanted


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_class_is_never_held_out_whole(share):
    labels = np.repeat([0, 1, 2], [1, 2, 5])
    held = hold_out(labels, share, 1)
    assert not held[0]
    assert held[1:3].sum() == 1
    assert 1 <= held[3:].sum() <= 4


@pytest.mark.parametrize(("labels", "share", "message"), [
    ([0, 0], 0, "Share held out for the guard must be between 0 and 1, not 0"),
    ([0, 0], 1, "Share held out for the guard must be between 0 and 1, not 1"),
    ([0, 0], float("nan"), "Share held out for the guard must be between 0 and 1, not nan"),
    ([0, 1, -1, -1], 0.2, "A guard must hold out samples of a class that has two or more, and none of 4 samples is of "
                          "one; give more samples, or learn without a guard"),
])
def test_what_cannot_be_held_out_is_refused(labels, share, message):
    with pytest.raises(GuardError, match=f"^{re.escape(message)}$"):
        hold_out(labels, share, 1)


def test_the_interval_follows_the_samples():
    assert [default_interval(lessons) for lessons in (0, 20, 500, 509, 510, 3000)] == [50, 50, 50, 50, 51, 300]
    with pytest.raises(GuardError, match=r"^A guard must measure every 1 or more samples, not 0$"):
        Guard(0)


def walk(scores, total=100):
    """Check scores one after the other as far as the guard lets it; the checks done, and what is kept."""
    guard, done = Guard(10), 0
    for number, score in enumerate(scores):
        done += 1
        if not guard.check(10 * number, score, total, lambda number=number: f"weights {number}"):
            break
    return done, guard.best.kept


@pytest.mark.parametrize(("scores", "done", "kept"), [
    ([50, 60, 70], 3, "weights 2"),
    ([50, 70, 70, 60], 4, "weights 1"),                 # of equals the earliest
    ([50, 50, 50], 3, "weights 0"),                     # learning that changes nothing leaves the network alone
    ([50, 40, 40, 90], 3, "weights 0"),                 # learning that only spoils gives the start back
    ([50, 70, 60, 68, 60, 69, 60], 7, "weights 1"),     # within two points again in between
    ([50, 70, 68, 68, 68, 68], 6, "weights 1"),         # two points below are not more than two
    ([50, 70, 67, 67, 90], 4, "weights 1"),
])
def test_the_best_is_kept_and_a_fall_ends_it(scores, done, kept):
    assert walk(scores) == (done, kept)


def test_the_margin_is_in_points_of_those_held_out():
    assert walk([40, 39, 39], total=50)[0] == 3         # 2.0 points
    assert walk([40, 39, 39, 40], total=49)[0] == 3     # 2.04 points
    assert walk([40, 39, 40, 39], total=49)[0] == 4


def test_only_the_best_is_read_back():
    """To read a network back from a board takes time."""
    guard, read = Guard(1), []
    for number, right in enumerate([3, 2, 5, 4]):
        guard.check(number, right, 200, lambda number=number: read.append(number))
    assert read == [0, 2]
    assert guard.due(1)
    assert not Guard(3).due(4)
