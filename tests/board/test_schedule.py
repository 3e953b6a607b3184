"""Schedules set the rates by what was done and answered, and by nothing else."""

import pytest

from board.host.schedule import Schedule, ScheduleError


def steps(name, answers, **given):
    schedule, found = Schedule(name, (1, 1), len(answers), given.pop("expected", 0.0), **given), []
    for right in answers:
        found.append(schedule.rates()[0])
        schedule.answered(right)
    return found


def test_falling_goes_through_the_rates_in_four_parts():
    assert steps("falling", [True] * 8) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert steps("falling", [True] * 3) == [0, 1, 2]


def test_constant_keeps_the_rates():
    assert steps("constant", [False] * 5) == [1] * 5


def test_adaptive_is_fast_while_more_is_wrong_than_usual():
    found = steps("adaptive", [True] * 4 + [False] * 20 + [True] * 60)
    assert found[:4] == [3] * 4
    assert found[23] == 0
    assert found[-1] == 3
    assert steps("adaptive", [False] * 40, expected=1.0) == [3] * 40


def test_a_schedule_goes_on_where_it_was_interrupted():
    answers = [True, False, False, True, False, True, False, False]
    for name in ("falling", "adaptive"):
        whole = Schedule(name, (1,), len(answers), 0.1)
        for right in answers[:5]:
            whole.answered(right)
        rest = Schedule(name, (1,), len(answers), 0.1, done=5, wrong=whole.wrong)
        for right in answers[5:]:
            assert rest.rates() == whole.rates()
            rest.answered(right)
            whole.answered(right)


def test_what_is_no_schedule_is_refused():
    with pytest.raises(ScheduleError, match=r"^Schedule must be one of adaptive, falling, constant, not 'slow'$"):
        Schedule("slow", (1,), 1, 0.0)
    with pytest.raises(ScheduleError, match=r"must be in 0\.\.1, not 2"):
        Schedule("falling", (1,), 1, 2)
