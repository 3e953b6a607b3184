"""Data whose steps have labels, from the command line: trained, evaluated, learned from, reported, and refused."""

import json

import numpy as np
import pytest

from tests.cue import cue_task
from tests.verbs import call

TRAIN = ("train", "--set", "data.name=steps.npz", "--set", "name=steps", "--set", "network.blocks=[[32]]", "--set",
         "training.batch=20", "--set", "training.epochs=6", "--json")


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
    confusion = np.array(found["confusion"])
    assert found["unit"] == "windows"
    assert confusion.sum() == found["labelled_windows"] == trained["windows"]["test"]["labelled"]
    assert confusion.trace() / confusion.sum() == found["accuracy"]
    assert found["class_windows"] == confusion.sum(1).tolist()
    low, high = found["interval"]
    assert low < found["accuracy"] < high
    of_samples = found["of_samples"]
    assert sum(of_samples["class_samples"]) == np.array(of_samples["confusion"]).sum() == found["samples"]
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


@pytest.mark.slow
def test_the_hardware_does_the_same(here, capfd):
    assert call(capfd, *TRAIN, "--set", "training.epochs=1", "--set", "learning.accumulate=window", "--set",
                "learning.window=6", "--set", "learning.loss_steps=4")[0] == 0
    found, wanted = (json.loads(call(capfd, "evaluate", "runs/steps", "--backend", backend, "--samples", "6",
                                     "--json")[1]) for backend in ("rtl", "reference"))
    assert found["differences"] == 0
    assert found["confusion"] == wanted["confusion"]
    code, out, _ = call(capfd, "learn", "runs/steps", "--backend", "rtl", "--samples", "6", "--json")
    assert (code, json.loads(out)["windows_unlabelled"] > 0) == (0, True)
    assert call(capfd, "build", "runs/steps", "--no-synthesis", "--out", "built")[0] == 0
    code, out, _ = call(capfd, "verify", "built", "--samples", "4", "--json")
    assert (code, json.loads(out)["mismatches"]) == (0, 0)
    assert call(capfd, "export-samples", "runs/steps", "--samples", "4")[0] == 0
    code, out, _ = call(capfd, "rehearse", "built", "--samples", "samples.npz", "--json")
    assert (code, json.loads(out)["differences"]) == (0, 0)


def test_they_are_exported_with_their_samples(here, capfd):
    assert call(capfd, *TRAIN, "--set", "training.epochs=1", "--set", "learning.accumulate=window")[0] == 0
    assert call(capfd, "export-samples", "runs/steps", "--samples", "5")[0] == 0
    given, found = np.load("steps.npz"), np.load("samples.npz")
    rows = [np.flatnonzero((given["spikes"] == sample).all((1, 2)))[0] for sample in found["spikes"]]
    assert found["step_label"].tolist() == given["step_label"][rows].tolist()


def test_the_answer_of_the_last_window_has_hardware(here, capfd):
    code, _, _ = call(capfd, *TRAIN, "--set", "learning.answer=last", "--set", "learning.accumulate=window")
    assert code == 0
    code, out, _ = call(capfd, "evaluate", "runs/steps", "--backend", "reference", "--json")
    assert (code, json.loads(out)["differences"]) == (0, 0)
    assert call(capfd, "build", "runs/steps", "--no-synthesis", "--out", "built")[0] == 0
