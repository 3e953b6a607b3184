import json
from pathlib import Path

import numpy as np
import pytest

from snnfpga.config.models import Config
from snnfpga.diagnosis.fit import OVER, SETS, UNDER, Fit
from tests.verbs import UNSEARCHED, call

RESULTS = json.loads((Path(__file__).parents[3] / "docs" / "results" / "advice.json").read_text())["results"]


@pytest.mark.parametrize(("train", "unseen", "samples", "verdict"), [
    (1.0, 0.8, 100, "over"), (0.94, 0.7, 100, "over"), (0.6, 0.58, 100, "under"), (0.7, 0.5, 100, "under"),
    (0.99, 0.98, 100, "well"), (0.99, 0.99, 1000, "well"), (0.97, 0.875, 8, "open"), (1.0, 0.875, 8, "open"),
    (0.97, 0.99, 100, "well")])
def test_a_verdict(train, unseen, samples, verdict):
    assert Fit("validation", train, unseen, samples, 1000).verdict == verdict


@pytest.mark.parametrize("remedy", [*UNDER, *OVER], ids=lambda remedy: remedy.key)
def test_gains_are_those_that_were_measured(remedy):
    def accuracy(name, change):
        return RESULTS[f"{name}: {change}"]["runs"]["seed 0"]["test_accuracy"]

    assert remedy.gains == tuple(pytest.approx(accuracy(name, remedy.key) - accuracy(name, "as it is"), abs=1e-6)
                                 for name in SETS)


def test_the_largest_gain_comes_first_and_what_is_there_is_left_out():
    fit = Fit("test", 0.5, 0.5, 100, 100)
    gains = [remedy.mean for remedy in fit.remedies(Config(), 16)]
    assert len(gains) == sum(remedy.mean > 0 for remedy in UNDER) > 3
    assert gains == sorted(gains, reverse=True)
    assert gains[-1] > 0
    there = Config.model_validate({"network": {"normalise": "weights"}, "learning": {"window": 16},
                                   "data": {"delays": [2]}})
    assert {remedy.key for remedy in fit.remedies(there, 16)} == {"wider", "epochs"}
    assert fit.remedies(Config(), 4) != fit.remedies(Config(), 16)      # no line of T/8
    assert not Fit("test", 1.0, 1.0, 100, 100).remedies(Config(), 16)


def test_a_run_is_told_how_it_fits(tmp_path, monkeypatch, capsys):
    """Labels that the events do not tell can be known by heart alone."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    np.savez("noise.npz", spikes=(rng.random((150, 8, 40)) < 0.3).astype(np.uint8), label=np.arange(150) % 3)
    assert call(capsys, "train", "--set", "data.name=noise.npz", "--set", "training.epochs=30", "--set",
                "training.validation=0.3", *UNSEARCHED, "--json")[0] == 0
    found = json.loads(call(capsys, "diagnose", "runs/noise", "--json")[1])["fit"]
    assert (found["verdict"], found["half"], found["samples"]) == ("over", "validation", 36)
    assert found["train"] > 0.9 > 0.7 > found["unseen"]
    assert found["try"][0].keys() == {"change", "key", "gains"}
    out = call(capsys, "diagnose", "runs/noise")[1]
    assert "overfits: it knows its training samples" in out
    assert "training.event_drop=0.2" in out
    assert "fit" not in json.loads(call(capsys, "diagnose", "runs/noise/config.yaml", "--json")[1])
