"""Samples without a label: left out of training and measuring, answered and not learned from on chip."""

import json

import numpy as np
import pytest

from rtl_gen.contract.network_file import write
from snnfpga.config.data import DataConfig
from snnfpga.data.source import load_data
from tests.networks import network
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
    kept = load_data(DataConfig(name=str(tmp_path / "some.npz")), labelled=("test",))
    assert (len(kept.train), len(kept.test)) == (40, 16)


def test_what_needs_no_label_says_nothing_of_them(tmp_path, monkeypatch, capfd):
    """Evaluating leaves the training samples alone, exporting one half the other."""
    monkeypatch.chdir(tmp_path)
    saved("some.npz")
    write("network.safetensors", network())
    saved_inputs = dict(np.load("some.npz"))
    saved_inputs["spikes"] = np.pad(saved_inputs["spikes"], ((0, 0), (0, 0), (0, 6)))
    np.savez("some.npz", **saved_inputs)
    left = "samples of data some.npz have no label (-1) and are left out"
    for arguments, wanted in ((("evaluate",), [f"Warning: 4 test {left}"]), (("export-samples", "--half", "train"), []),
                              (("export-samples", "--half", "both", "--overwrite"), [f"Warning: 4 test {left}"])):
        code, _, err = call(capfd, arguments[0], "network.safetensors", "--data", "some.npz", *arguments[1:])
        assert code == 0, err
        assert [line for line in err.splitlines() if "no label" in line] == wanted


@pytest.mark.parametrize("arguments", [("train", "--set", "data.name=some.npz"),
                                       ("diagnose", "--set", "data.name=some.npz"),
                                       ("cost", "--set", "data.name=some.npz"),
                                       ("evaluate", "network.safetensors", "--data", "some.npz"),
                                       ("learn", "network.safetensors", "--data", "some.npz"),
                                       ("learn", "network.safetensors", "--data", "some.npz", "--guard", "0.2"),
                                       ("export-samples", "network.safetensors", "--data", "some.npz")])
def test_labels_of_which_there_is_none(tmp_path, monkeypatch, capfd, arguments):
    monkeypatch.chdir(tmp_path)
    np.savez("some.npz", spikes=np.ones((20, 4, 12), np.uint8), label=np.full(20, -1))
    write("network.safetensors", network())
    code, _, err = call(capfd, *arguments)
    assert (code, err.splitlines()[-1]) == (2, "snnfpga: Data some.npz must have a label for some sample, and all 20 "
                                               "have -1, which is none; number its classes from 0")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network.safetensors", "some.npz"]


def test_they_are_answered_and_not_learned_from(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    saved("some.npz")
    assert call(capfd, "train", "--set", "data.name=some.npz", "--set", "network.blocks=[[8]]", "--set",
                "training.epochs=2", "--set", "on_chip.rate_shift=8", "--set", "on_chip.readout_rate_shift=2")[0] == 0
    code, out, _ = call(capfd, "learn", "runs/some", "--json")
    found = json.loads(out)
    assert (code, found["samples"], found["unlabelled"]) == (0, 32, 8)
