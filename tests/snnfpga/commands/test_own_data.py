"""Data of the user's own: its defaults, and what evaluate says of its samples."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from snnfpga.config.file import read_config
from snnfpga.data.dataset import Split
from snnfpga.data.own_defaults import own_defaults
from tests.verbs import call

ROOT = Path(__file__).parents[3]
SHORT = ("--set", "training.epochs=2", "--set", "network.blocks=[[12]]", "--json")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Three classes in ``my data.npz``, 30 of whose samples are to test, and ``all.npz`` without any such."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    label = np.arange(150) % 3
    rates = 0.1 + 0.4 * (np.arange(12) // 4 == label[:, None, None])
    spikes = (rng.random((150, 6, 12)) < rates).astype(np.uint8)
    np.savez("my data.npz", spikes=spikes, label=label)
    np.savez("all.npz", spikes=spikes, label=label, split=["train"] * 150)


def written(name):
    return yaml.safe_load(Path(f"runs/{name}/config.yaml").read_text())


def test_a_file_takes_none_of_the_digits_values(capsys):
    status, _, err = call(capsys, "train", "--set", "data.name=my data.npz", *SHORT, whole=True)
    assert status == 0
    assert err.splitlines()[0] == (
        "Defaults for own data (120 training samples of 6 steps, 2.85 events a step): learning.window=6, "
        "training.batch=32, training.rate=0.004, training.validation=0.1; --set KEY=VALUE changes one")
    found = written("my-data")
    assert found["training"]["event_drop"] == 0
    assert found["training"]["validation"] == 0.1
    assert found["hardware"]["blocks"] == []
    assert found["learning"]["window"] == 6


def test_a_file_named_in_a_configuration_is_the_same(capsys):
    call(capsys, "train", "--set", "data.name=my data.npz", *SHORT)
    Path("mine.yaml").write_text("data: {name: my data.npz}\nnetwork: {blocks: [[12]]}\ntraining: {epochs: 2}\n")
    status, _, err = call(capsys, "train", "mine.yaml", "--out", "runs/file", "--json", whole=True)
    assert (status, err.split(":")[0]) == (0, "Defaults for own data (120 training samples of 6 steps, 2.85 events a "
                                              "step)")
    assert written("file") == written("my-data")
    assert Path("runs/file/network.safetensors").read_bytes() == Path("runs/my-data/network.safetensors").read_bytes()


def test_what_is_set_wins_and_a_run_goes_on_without_a_word(capsys):
    mine = ("--set", "data.name=my data.npz", "--set", "learning.window=2", "--set", "training.validation=0", "--set",
            "training.rate=0.01", "--set", "training.batch=16", *SHORT)
    assert call(capsys, "train", *mine)[::2] == (0, "")
    assert written("my-data")["learning"]["window"] == 2
    assert written("my-data")["training"]["validation"] == 0
    status, out, err = call(capsys, "train", "--resume", "--out", "runs/my-data", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["epochs"] == 2


def test_a_run_with_defaults_is_resumed_by_the_same_words(capsys):
    words = ("--set", "data.name=my data.npz", *SHORT)
    call(capsys, "train", *words)
    assert call(capsys, "train", *words, "--resume")[0] == 0
    assert call(capsys, "train", "--resume", "--out", "runs/my-data", "--json")[::2] == (0, "")


def test_the_default_by_its_path_is_the_default():
    words = ["data.name=mine.npz", "learning.window=3"]
    assert read_config(ROOT / "configs" / "digits.yaml", words) == read_config(None, words)
    assert read_config(None, words).training.event_drop == 0


def test_named_sets_have_the_values_they_had():
    config = read_config(None, ["data.name=digits"])
    assert (config.name, config.training.epochs, config.training.event_drop) == ("digits", 50, 0.3)
    assert config.training.validation == 0


@pytest.mark.parametrize(("samples", "steps", "epochs", "window"), [(60, 5, 200, 5), (900, 50, 40, 50),
                                                                     (20000, 300, 20, 64)])
def test_defaults_follow_the_data(samples, steps, epochs, window):
    split = Split(np.zeros((samples, steps, 1), np.uint8), np.arange(samples) % 2)
    found = own_defaults(read_config(None, ["data.name=mine.npz"]), split)
    assert (found["training"]["epochs"], found["learning"]["window"]) == (epochs, window)


def test_a_window_holds_the_steps_that_the_loss_is_to_read():
    split = Split(np.zeros((10, 300, 1), np.uint8), np.arange(10) % 2)
    config = read_config(None, ["data.name=mine.npz", "learning.loss_steps=100"])
    assert own_defaults(config, split)["learning"]["window"] == 100


def test_predictions_are_those_of_the_samples(capsys):
    call(capsys, "train", "--set", "data.name=my data.npz", *SHORT)
    status, out, err = call(capsys, "evaluate", "--predictions", "p.csv", "--json")
    found = json.loads(out)
    assert (status, err) == (0, "")
    with Path("p.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == ["sample", "row", "label", "prediction", "answer_0", "answer_1", "answer_2"]
    assert [int(line["sample"]) for line in lines] == list(range(30))
    assert [int(line["label"]) for line in lines] == [int(line["row"]) % 3 for line in lines]   # as the file has them
    for line in lines:
        answers = [int(line[f"answer_{label}"]) for label in range(3)]
        assert int(line["prediction"]) == answers.index(max(answers))
    right = [line["label"] == line["prediction"] for line in lines]
    assert found["accuracy"] == sum(right) / 30
    assert found["half"] == "test"
    assert np.trace(found["confusion"]) == sum(right)
    assert found["class_samples"] == [10, 10, 10]
    assert found["interval"][0] < found["accuracy"] < found["interval"][1] or found["accuracy"] == 1
    call(capsys, "evaluate", "--predictions", "some.csv", "--samples", "7", "--json")
    with Path("some.csv").open() as file:
        assert [line for line in csv.DictReader(file) if line not in lines] == []


def test_predictions_take_no_file_of_the_users(capsys):
    call(capsys, "train", "--set", "data.name=my data.npz", *SHORT)
    Path("notes.csv").write_text("mine")
    assert call(capsys, "evaluate", "--predictions", "notes.csv")[::2] == (
        2, "snnfpga: File notes.csv exists and is not a table that snnfpga evaluate wrote; name another file\n")
    assert Path("notes.csv").read_text() == "mine"
    for _ in range(2):
        assert call(capsys, "evaluate", "--predictions", "p.csv")[0] == 0


def test_classes_are_shown(capsys):
    call(capsys, "train", "--set", "data.name=my data.npz", *SHORT)
    out = call(capsys, "evaluate")[1]
    for shown in ("95 % interval", "balanced over the classes", "taken for (how often)", "Confusion"):
        assert shown in out


def test_data_without_a_test_split_is_measured_on_what_was_held_out(capsys):
    status, out, _ = call(capsys, "train", "--set", "data.name=all.npz", *SHORT)
    trained = json.loads(out)
    assert (status, trained["test_accuracy"], trained["validation_samples"]) == (0, None, 15)
    found = json.loads(call(capsys, "evaluate", "--json")[1])
    assert (found["half"], found["samples"], found["accuracy"]) == ("validation", 15, trained["validation_accuracy"])
    assert "15 training samples held out (validation)" in call(capsys, "evaluate")[1]
    assert "none: the data has no test samples" in call(capsys, "train", "--set", "data.name=all.npz", *SHORT[:-1],
                                                        "--overwrite")[1]
    assert json.loads(call(capsys, "report", "--json")[1])["missing"].keys() == {"Learning on chip"}
