"""Schedules set the rates by what was done and answered, and by nothing else."""

import pytest

from board.host.schedule import Schedule, ScheduleError
from rtl_gen.contract.network import RATE_OFF


def steps(name, answers, labels=None, **given):
    schedule, found = Schedule(name, (1, 1), len(answers), given.pop("expected", 0.0), **given), []
    for label, right in zip(labels or [0] * len(answers), answers, strict=True):
        found.append(schedule.rates(label)[0])
        schedule.answered(label, right)
    return found


def test_falling_goes_through_the_rates_in_four_parts():
    assert steps("falling", [True] * 8) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert steps("falling", [True] * 3) == [0, 1, 2]


def test_constant_keeps_the_rates():
    assert steps("constant", [False] * 5) == [1] * 5


def test_adaptive_is_fast_while_more_is_wrong_than_usual():
    found = steps("adaptive", [True] * 4 + [False] * 20 + [True] * 90)
    assert found[:4] == [3] * 4
    assert found[23] == 0
    assert found[-1] == 3
    assert steps("adaptive", [False] * 40, expected=1.0) == [3] * 40


def test_settling_is_the_slower_of_both():
    answers = [True] * 4 + [False] * 20 + [True] * 60
    assert steps("settling", answers)[5:] == [max(pair) for pair in zip(
        steps("adaptive", answers), steps("falling", answers), strict=True)][5:]
    assert steps("settling", answers)[:6] == [3, *[RATE_OFF] * 4, 2]       # where no answer is usually wrong


def test_settling_learns_from_nothing_while_no_more_is_wrong_than_usual():
    answers = [True] * 4 + [False] * 20 + [True] * 70
    found = steps("settling", answers, expected=0.25)
    assert found[0] == 3        # nothing is known yet
    assert found[1:5] == [RATE_OFF] * 4
    assert RATE_OFF not in found[8:40]
    assert found[-10:] == [RATE_OFF] * 10


def test_settling_learns_a_class_fast_that_is_wrong_while_the_others_are_right():
    labels = [0, 1, 2, 3] * 10
    answers = [label != 3 for label in labels]
    found = steps("settling", answers, labels)
    assert [step for step, label in zip(found, labels, strict=True) if label != 3][-7:] == [3] * 7
    assert [step for step, label in zip(found, labels, strict=True) if label == 3][-5:] == [0] * 5
    assert found[3] == RATE_OFF     # nothing is known of the class yet
    schedule = Schedule("settling", (1,), 8, 0.0)
    for right in (True, *[False] * 8):      # a class that was known is learned as all are
        schedule.answered(0, right)
    assert schedule.wrong_by_class == [None]
    assert schedule.rates(-1) == schedule.rates(0) == schedule.rates(7)


def test_a_schedule_goes_on_where_it_was_interrupted():
    answers = [True, False, False, True, False, True, False, False]
    labels = [0, 2, 2, 1, 2, 0, 2, 1]
    for name in ("falling", "adaptive", "settling"):
        whole = Schedule(name, (1,), len(answers), 0.1)
        for label, right in zip(labels[:5], answers[:5], strict=True):
            whole.answered(label, right)
        rest = Schedule(name, (1,), len(answers), 0.1, done=5, wrong=whole.wrong, wrong_by_class=whole.wrong_by_class)
        for label, right in zip(labels[5:], answers[5:], strict=True):
            assert rest.rates(label) == whole.rates(label)
            rest.answered(label, right)
            whole.answered(label, right)


def test_what_is_no_schedule_is_refused():
    with pytest.raises(ScheduleError,
                       match=r"^Schedule must be one of settling, adaptive, falling, constant, not 'slow'$"):
        Schedule("slow", (1,), 1, 0.0)
    with pytest.raises(ScheduleError, match=r"must be in 0\.\.1, not 2"):
        Schedule("falling", (1,), 1, 2)
