"""Data whose steps have labels, from the command line: trained, evaluated, learned from, reported, and refused."""

import json

import numpy as np
import pytest

from tests.cue import cue_task
from tests.verbs import call

TRAIN = ("train", "--set", "data.name=steps.npz", "--set", "name=steps", "--set", "network.blocks=[[32]]", "--set",
         "training.batch=20", "--set", "training.epochs=6", "--json")
NO_HARDWARE = ("snnfpga: Samples in hardware must have one label each, and data steps.npz has one a step; take torch "
               "or the reference, which know labels of steps, or data with one label a sample\n")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spikes, labels = cue_task(samples=120, steps=24)
    np.savez("steps.npz", spikes=spikes, step_label=labels)
    return tmp_path


def test_a_label_that_changes_is_learned_and_reported(here, capfd):
    code, out, err = call(capfd, *TRAIN, "--set", "learning.accumulate=window")
    trained = json.loads(out)
    assert (code, err) == (0, "")
    code, out, _ = call(capfd, "evaluate", "runs/steps", "--backend", "reference", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["differences"] == 0
    assert found["accuracy"] == pytest.approx(trained["test_accuracy"])
    confusion = np.array(found["window_confusion"])
    assert confusion.sum() == found["labelled_windows"] == trained["windows"]["test"]["labelled"]
    assert confusion.trace() / confusion.sum() == found["accuracy"]
    majority = confusion.sum(1).max() / confusion.sum()
    assert found["accuracy"] > majority + 0.25
    assert sum(window["labelled"] for window in found["by_window"]) == found["labelled_windows"]
    assert "accuracy of labelled windows" in call(capfd, "evaluate", "runs/steps")[1]

    code, out, _ = call(capfd, "learn", "runs/steps", "--json")
    learned = json.loads(out)
    assert code == 0
    assert learned["accuracy_before"] == found["accuracy"]
    assert learned["windows_unlabelled"] == trained["windows"]["train"]["unlabelled"] > 0
    assert learned["accuracy_after"] > majority + 0.2

    report = json.loads(call(capfd, "report", "runs/steps", "--json")[1])
    assert "Labelled windows" in report["sections"]
    assert list(report["missing"]) == ["Calibration"]
    page = (here / "runs/steps/report.html").read_text()
    assert f"{confusion.trace()} of {confusion.sum()}" in page
    assert "Label of each step, answer to each window" in page


def test_sums_since_the_start_are_warned_of(here, capfd):
    code, _, err = call(capfd, *TRAIN, "--set", "training.epochs=1")
    assert code == 0
    assert err.startswith("Warning: labels change within ")
    assert "--set learning.accumulate=window" in err


def test_the_hardware_refuses_them_by_name(here, capfd):
    assert call(capfd, *TRAIN, "--set", "training.epochs=1", "--set", "learning.accumulate=window")[0] == 0
    for verb in (("evaluate", "runs/steps", "--backend", "rtl"), ("learn", "runs/steps", "--backend", "rtl")):
        assert call(capfd, *verb) == (2, "", NO_HARDWARE)
    assert call(capfd, "build", "runs/steps", "--no-synthesis", "--out", "built")[0] == 0
    assert call(capfd, "verify", "built") == (2, "", NO_HARDWARE)


def test_the_answer_of_the_last_window_has_hardware(here, capfd):
    code, _, _ = call(capfd, *TRAIN, "--set", "learning.answer=last", "--set", "learning.accumulate=window")
    assert code == 0
    code, out, _ = call(capfd, "evaluate", "runs/steps", "--backend", "reference", "--json")
    assert (code, json.loads(out)["differences"]) == (0, 0)
    assert call(capfd, "build", "runs/steps", "--no-synthesis", "--out", "built")[0] == 0
