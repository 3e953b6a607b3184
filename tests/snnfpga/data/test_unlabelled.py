"""Samples without a label: left out of training and measuring, answered and not learned from on chip."""

import json

import numpy as np

from snnfpga.config.data import DataConfig
from snnfpga.data.source import load_data
from tests.verbs import call


def saved(path):
    rng = np.random.default_rng(0)
    label = np.arange(60) % 2
    rate = 0.1 + 0.5 * (np.arange(6) // 3 == label[:, None, None])
    spikes = (rng.random((60, 8, 6)) < rate).astype(np.uint8)
    label[::5] = -1
    np.savez(path, spikes=spikes, label=label, split=["train"] * 40 + ["test"] * 20)


def test_they_are_left_out_and_said(tmp_path, capfd):
    saved(tmp_path / "some.npz")
    data = load_data(DataConfig(name=str(tmp_path / "some.npz")))
    assert (len(data.train), len(data.test), data.classes) == (32, 16, 2)
    assert capfd.readouterr().err.splitlines() == [
        "Warning: 8 train samples of data some.npz have no label (-1) and are left out",
        "Warning: 4 test samples of data some.npz have no label (-1) and are left out"]
    kept = load_data(DataConfig(name=str(tmp_path / "some.npz")), unlabelled=True)
    assert (len(kept.train), len(kept.test)) == (40, 16)


def test_they_are_answered_and_not_learned_from(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    saved("some.npz")
    assert call(capfd, "train", "--set", "data.name=some.npz", "--set", "network.blocks=[[8]]", "--set",
                "training.epochs=2", "--set", "on_chip.rate_shift=8", "--set", "on_chip.readout_rate_shift=2")[0] == 0
    code, out, _ = call(capfd, "learn", "runs/some", "--json")
    found = json.loads(out)
    assert (code, found["samples"], found["unlabelled"]) == (0, 32, 8)
