"""The program on the board, on a core in Python: what it learns, and what it does when it is interrupted."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from board.host import archive
from board.host.course import lesson_order
from board.host.guard import hold_out
from sim.reference.labels import label_of
from sim.reference.network import Reference
from tests.board.fake_link import FakeCore
from tests.board.program_runs import (
    DRAWN,
    LABELS,
    LENGTHS,
    SPEC,
    SPIKES,
    TEST,
    TRAIN,
    DyingLink,
    PowerLoss,
    accuracy,
    here,
    learned,
    refused,
    run,
    taught,
    weights,
    write,
)
from tests.networks import network

__all__ = ["here"]        # a fixture


def test_length_and_split_are_those_of_the_file(here, capsys):
    assert run("--learn", "1")[0] == 0
    reference = taught(DRAWN)
    np.testing.assert_array_equal(learned(), weights(reference.network()))
    assert (weights(taught(DRAWN, lengths=[7] * 30).network()) != learned()).any()
    out = capsys.readouterr().out
    assert f"Accuracy before: {accuracy(taught([])):.4f} of 6 test samples, not learned from\n" in out
    assert f"Accuracy: {accuracy(reference):.4f} of 6 test samples, not learned from\n" in out


def test_labels_of_steps_are_learned_and_measured_by_windows(here, capsys):
    labels = np.random.default_rng(6).integers(-1, 3, SPIKES.shape[:2])
    labels[3] = -1
    write(step_label=labels)
    block = SPEC.blocks[-1]

    def score(reference, numbers, *, learn=False):
        found = []
        for n in numbers:
            own = labels[n, :LENGTHS[n]]
            answers = reference.run(SPIKES[n, :LENGTHS[n]], own, learn, windows=True).windows[-1].argmax(1)
            wanted = [label_of(own, slice(first, first + block.window)) for first in range(0, len(own), block.window)]
            found += [one == other for one, other in zip(answers, wanted, strict=True) if other >= 0]
        return sum(found), len(found)

    reference = Reference(network())
    before, (right, windows) = score(reference, TEST), score(reference, DRAWN, learn=True)
    after, total = score(reference, TEST)
    assert run("--learn", "1")[0] == 0
    np.testing.assert_array_equal(learned(), weights(reference.network()))
    out = capsys.readouterr().out
    assert f"Before learning: {before[0]} of {total} right\n" in out
    assert f"Learned from 23 samples, {right} of {windows} labelled windows answered right on the way; 1 without" in out
    assert f"Accuracy: {after / total:.4f} of {total} labelled windows of 6 test samples, not learned from\n" in out


@pytest.mark.parametrize("arguments", [("--guard", "0.2"), ("--schedule", "falling")])
def test_labels_of_steps_have_no_guard_and_no_schedule(here, capsys, arguments):
    write(step_label=np.zeros(SPIKES.shape[:2], int))
    assert run("--learn", "1", *arguments)[0] == 2
    assert "leave --guard and --schedule out" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "cycles"), [
    ((), 50_000_000), (("--watchdog-ms", "0.5", "--clock-mhz", "80"), 40_000), (("--watchdog-ms", "0"), 0)])
def test_the_watchdog_waits_as_long_as_is_said(here, arguments, cycles):
    core = FakeCore(network())
    assert run(*arguments, core=core)[0] == 0
    assert core.values["watchdog"] == cycles


def test_without_learning_it_answers_the_test_samples_or_all(here, capsys):
    _, made = run("--clock-mhz", "80")
    assert made == [(Path("top.bit"), 80.0)]
    assert f"Accuracy: {accuracy(taught([])):.4f} of 6 test samples\n" in capsys.readouterr().out
    write(split=None)
    run()
    assert f"Accuracy: {accuracy(taught([]), range(30)):.4f} of 30 samples\n" in capsys.readouterr().out
    assert not Path("driver/learned").exists()


def test_shuffled_order_is_the_one_that_is_documented(here):
    assert run("--passes", "2", "--order", "shuffled", "--seed", "5")[0] == 0
    rng = np.random.default_rng(5)
    order = np.concatenate([TRAIN[rng.permutation(24)], TRAIN[rng.permutation(24)]])
    np.testing.assert_array_equal(learned(), weights(taught(order).network()))
    np.testing.assert_array_equal([*lesson_order(24, passes=2, shuffled=True, seed=5)],
                                  np.searchsorted(TRAIN, order).reshape(2, 24))


def test_a_sample_without_a_label_is_answered_and_not_learned_from(here, capsys):
    labels = np.where(np.arange(30) % 3 == 0, -1, LABELS)
    write(label=labels)
    assert run("--learn", "1", "--record", "record.json")[0] == 0
    reference = taught([number for number in DRAWN if labels[number] >= 0])
    np.testing.assert_array_equal(learned(), weights(reference.network()))
    known = [number for number in TEST if labels[number] >= 0]
    out = capsys.readouterr().out
    assert "Learned from 16 samples, " in out
    assert "; 8 without a label\n" in out
    assert f"Accuracy: {accuracy(reference, known):.4f} of 6 test samples, not learned from\n" in out
    assert "  of which 2 have no label and do not count\n" in out
    found = json.loads(Path("record.json").read_text())
    assert len(found["predictions"]) == 6 + 24 + 6
    assert (found["done"], found["unlabelled"], found["kept"]) == (24, 8, 24)
    write(label=np.full(30, -1))
    assert run()[0] == 0
    assert "Accuracy is not measured: none of the 6 test samples has a label\n" in capsys.readouterr().out


def test_the_guard_keeps_the_best_and_stops(here, capsys):
    """As a program of a few lines does, which is written from the documentation."""
    arguments = ("--learn", "20", "--guard", "0.3", "--guard-every", "8", "--seed", "2", "--order", "shuffled")
    assert run(*arguments, "--record", "record.json")[0] == 0
    held = hold_out(LABELS[TRAIN], 0.3, 2)
    lessons, held = TRAIN[~held], TRAIN[held]
    rng = np.random.default_rng(2)
    order = np.concatenate([lessons[rng.permutation(len(lessons))] for _ in range(20)])
    reference, best, worse, done = taught([]), None, 0, 0
    while True:
        right = round(accuracy(reference, held) * len(held))
        if best is None or right >= best[0]:
            best = right, done, weights(reference.network())
        worse = worse + 1 if (best[0] - right) / len(held) > 0.02 else 0
        if worse == 2 or done == len(order):
            break
        for number in order[done:done + 8]:
            reference.run(SPIKES[number, :LENGTHS[number]], int(LABELS[number]), learn=True)
            done += 1
    np.testing.assert_array_equal(learned(), best[2])
    found = json.loads(Path("record.json").read_text())
    assert (found["done"], found["kept"]) == (done, best[1])
    assert found["checks"][-1][0] == done < len(order)      # it stopped
    assert 0 < best[1] < done
    assert f"Guard: back to what was learned after {best[1]} of {done} samples\n" in capsys.readouterr().out


@pytest.mark.parametrize(("guard", "schedule"), [
    ((), "constant"), (("--guard", "0.3", "--guard-every", "5"), "constant"), ((), "settling"),
    (("--guard", "0.3", "--guard-every", "5"), "settling")])
def test_what_is_interrupted_anywhere_ends_as_if_it_was_not(here, capsys, guard, schedule):
    # At this share of wrong answers settling is off in some lessons, and on in others.
    arguments = ("--learn", "2", "--order", "shuffled", *guard, "--save-every", "4", "--keep", "3",
                 "--schedule", schedule, "--expected", "0.6")
    assert run(*arguments, "--saved", "whole", "--record", "whole.json")[0] == 0
    rates = archive.read("driver/learned").rates
    wanted, whole = learned(), json.loads(Path("whole.json").read_text())
    for first in (400, 700, 1000, 1300):
        code, beats, losses = None, first, 0
        while code is None:
            try:
                code, _ = run(*arguments, "--saved", f"saved{first}", "--resume", "--record", "again.json",
                              link=DyingLink(FakeCore(network()), beats))
            except PowerLoss:
                beats, losses = beats + 200, losses + 1
        assert code == 0
        assert losses > 0
        np.testing.assert_array_equal(learned(), wanted)
        assert archive.read("driver/learned").rates == rates == network().rates
        again = json.loads(Path("again.json").read_text())
        for key in ("done", "right", "unlabelled", "before", "checks", "kept", "ended", "after"):
            assert again[key] == whole[key], key
    assert "Goes on from saved" in capsys.readouterr().out


def test_a_course_that_ended_is_only_measured_and_another_goes_on_from_it(here, capsys):
    run("--learn", "1", "--save-every", "50")
    first = learned()
    assert run("--learn", "1", "--save-every", "50", "--resume")[0] == 0
    np.testing.assert_array_equal(learned(), first)
    assert "24 samples of this course are done\n" in capsys.readouterr().out
    assert run("--learn", "1", "--order", "file", "--save-every", "50", "--resume")[0] == 0
    assert "The course before has ended; begins another with what it learned\n" in capsys.readouterr().out
    reference = taught([*DRAWN, *TRAIN])
    np.testing.assert_array_equal(learned(), weights(reference.network()))


def test_what_was_saved_is_taken_back(here, capsys):
    run("--learn", "1", "--save-every", "10")
    assert run("--rollback")[0] == 0
    out = capsys.readouterr().out
    assert "Rolled back to driver/saved/generation-000002\n" in out
    assert f"Accuracy: {accuracy(taught(DRAWN[:20])):.4f} of 6 test samples\n" in out
    assert run("--resume")[0] == 0
    assert "Goes on from driver/saved/generation-000002\n" in capsys.readouterr().out
    run("--rollback")
    code, made = run("--rollback")
    assert (code, made) == (1, [])
    assert capsys.readouterr().err == (
        "example.py: No generation in driver/saved to go back to; begin with the build's network, without --rollback\n")
    # A course of its own, from the network that was gone back to.
    assert run("--learn", "1", "--save-every", "10", "--resume")[0] == 0
    np.testing.assert_array_equal(learned(), weights(taught(DRAWN).network()))


def test_a_damaged_generation_is_skipped_with_a_line(here, capsys):
    run("--learn", "1", "--save-every", "10")
    Path("driver/saved/generation-000003/weights.npz").write_bytes(b"")
    assert run("--resume")[0] == 0
    out = capsys.readouterr().out
    assert "Skipped driver/saved/generation-000003: weights.npz is not as it was written\n" in out
    assert "Goes on from driver/saved/generation-000002\n" in out


def test_what_was_learned_before_is_not_begun_anew(here, capsys):
    run("--learn", "1", "--save-every", "10")
    capsys.readouterr()
    refused(capsys, ("--learn", "1", "--save-every", "10"),
            "Folder driver/saved holds what was learned before, the latest generation-000003; go on from it with "
            "--resume, or name another folder with --saved")


def test_another_course_does_not_end_one_that_was_interrupted(here, capsys):
    with pytest.raises(PowerLoss):
        run("--learn", "1", "--save-every", "10", link=DyingLink(FakeCore(network()), 900))
    capsys.readouterr()
    code, made = run("--learn", "2", "--save-every", "10", "--resume")
    assert (code, made) == (2, [])
    assert re.search("is of a course that was interrupted, with other samples or options; give those again, or begin "
                     "another course from it with --network driver/saved/generation-00000", capsys.readouterr().err)
