"""Inputs that count, from the command line: trained, evaluated, learned from, exported, and on the hardware."""

import json
import re
import shlex

import numpy as np
import pytest

from rtl_gen.contract.network_file import read
from tests.verbs import call

TRAIN = ("train", "--set", "data.name=levels.npz", "--set", "data.input_max=5", "--set", "name=levels", "--set",
         "network.blocks=[[16]]", "--set", "training.batch=20", "--set", "training.epochs=12", "--json")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Samples that only the values of their inputs tell apart: every input comes in every step."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    label = np.arange(120) % 2
    low = np.where((np.arange(12) < 6) == label[:, None, None], 1, 4)
    np.savez("levels.npz", spikes=low + rng.integers(0, 2, (120, 6, 12)), label=label)
    return tmp_path


def test_values_are_trained_on_and_learned_from(here, capfd):
    code, out, err = call(capfd, *TRAIN)
    assert (code, err) == (0, "")
    assert json.loads(out)["test_accuracy"] > 0.9
    assert read(here / "runs/levels/network.safetensors").spec.input_max == 5
    code, out, _ = call(capfd, "evaluate", "runs/levels", "--backend", "reference", "--json")
    found = json.loads(out)
    assert (code, found["differences"]) == (0, 0)
    assert found["accuracy"] > 0.9
    code, out, _ = call(capfd, "learn", "runs/levels", "--samples", "20", "--json")
    assert code == 0
    assert json.loads(out)["accuracy_after"] > 0.8
    code, out, _ = call(capfd, "export", "runs/levels", "--nir", "the levels.nir")
    command = re.search(r"snnfpga import .*? --set \S+", out)[0]
    assert call(capfd, *shlex.split(command)[1:])[0] == 0
    assert read(here / "the levels.safetensors").spec.input_max == 5
    assert call(capfd, "export-samples", "runs/levels", "--samples", "4")[0] == 0
    assert np.load("samples.npz")["spikes"].max() == 5


@pytest.mark.slow
def test_the_hardware_does_the_same(here, capfd):
    assert call(capfd, *TRAIN, "--set", "training.epochs=1")[0] == 0
    code, out, _ = call(capfd, "evaluate", "runs/levels", "--backend", "rtl", "--simulator", "icarus", "--samples", "4",
                        "--json")
    assert (code, json.loads(out)["differences"]) == (0, 0)
    assert [*(here / "build" / "simulation").glob("*-icarus")]
    assert call(capfd, "build", "runs/levels", "--no-synthesis", "--out", "built")[0] == 0
    code, out, _ = call(capfd, "verify", "built", "--samples", "4", "--json")
    assert (code, json.loads(out)["mismatches"]) == (0, 0)
    assert call(capfd, "export-samples", "runs/levels", "--samples", "4")[0] == 0
    code, out, _ = call(capfd, "rehearse", "built", "--samples", "samples.npz", "--json")
    assert (code, json.loads(out)["differences"]) == (0, 0)
