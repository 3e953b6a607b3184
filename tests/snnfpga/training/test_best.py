"""Samples held out, the best epoch by them, and a run on data without a test split."""

import json
from pathlib import Path

import numpy as np
import pytest

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network_file import read, read_notes
from snnfpga.api.scope import Stopped
from snnfpga.api.train import run
from snnfpga.config.models import Config
from snnfpga.data.source import load_data
from snnfpga.data.validation import validation_split
from snnfpga.network.inference import evaluate, weights_of
from snnfpga.runs import metrics
from snnfpga.runs.metrics import read_metrics
from snnfpga.training.best import best_of
from snnfpga.training.trainer import Trainer

EPOCHS = 5


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """``mine.npz``, and ``all.npz`` whose samples are all to train on; hard enough that epochs differ."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    label = np.arange(120) % 3
    rates = 0.2 + 0.15 * (np.arange(12) // 4 == label[:, None, None])
    spikes = (rng.random((120, 6, 12)) < rates).astype(np.uint8)
    np.savez("mine.npz", spikes=spikes, label=label)
    np.savez("all.npz", spikes=spikes, label=label, split=["train"] * 120)


def config(name="mine.npz", **training):
    return Config.model_validate({"name": "mine", "seed": 2, "data": {"name": name}, "network": {"blocks": [[16], [8]]},
                                  "training": {"epochs": EPOCHS, "rate": 0.02, "validation": 0.25, **training}})


def train(settings, **options):
    return run(settings, None, "cpu", **{"resume": False, "overwrite": False} | options).to_dict()


def held_out(settings):
    return validation_split(load_data(settings.data).train, settings.training.validation, settings.seed)[1]


def accuracy(path, split):
    network = read(path)
    return evaluate(network.spec, weights_of(network), split).accuracies[-1]


def test_samples_held_out_are_not_learned_from():
    settings = config()
    trainer = Trainer(settings, load_data(settings.data))
    assert (len(trainer.train), len(trainer.validation)) == (72, 24)
    assert trainer.validation.rows.tolist() == held_out(settings).rows.tolist()
    assert not set(trainer.train.rows) & set(trainer.validation.rows)
    assert not set(trainer.train.rows) & set(trainer.test.rows)
    assert len(trainer.labels) == 72
    assert trainer.batches == 3


def test_the_best_epoch_is_kept_and_the_test_split_chooses_nothing():
    settings = config(keep="best")
    result = train(settings)
    lines = read_metrics(Path("runs/mine/metrics.jsonl"))
    found = [line["validation_accuracies"][-1] for line in lines]
    best = max(range(EPOCHS), key=lambda epoch: (found[epoch], epoch))
    assert best + 1 < EPOCHS        # else this would show nothing
    assert result["kept_epoch"] == best + 1
    assert result["validation_accuracy"] == found[best]
    assert result["test_accuracy"] == lines[best]["test_accuracies"][-1]
    assert accuracy(result["network"], held_out(settings)) == found[best]
    assert json.loads(read_notes(result["network"])["validation"]) == {
        "share": 0.25, "seed": 2, "accuracy": found[best], "epoch": best + 1}


def test_the_last_epoch_is_kept_where_nothing_is_said():
    result = train(config())
    lines = read_metrics(Path("runs/mine/metrics.jsonl"))
    assert result["kept_epoch"] == EPOCHS
    assert result["test_accuracy"] == lines[-1]["test_accuracies"][-1]
    assert Path("runs/mine/best.safetensors").exists()


@pytest.mark.parametrize("stopped", [2, 4])
def test_the_best_survives_a_stop(stopped, monkeypatch):
    settings = config(keep="best", epochs=EPOCHS)
    whole = train(settings)
    content = Path(whole["network"]).read_bytes()
    write = metrics.MetricsLog.write

    def stop(log, line):
        if line.epoch > stopped:
            raise KeyboardInterrupt
        write(log, line)

    with monkeypatch.context() as patch:
        patch.setattr(metrics.MetricsLog, "write", stop)
        with pytest.raises(Stopped, match="Stopped with"):
            run(settings, Path("runs/again"), "cpu", False, False)
    again = run(settings, Path("runs/again"), "cpu", True, False).to_dict()
    assert again["kept_epoch"] == whole["kept_epoch"]
    assert Path(again["network"]).read_bytes() == content


def test_of_equals_the_later_and_none_of_before_a_regrid():
    def lines(*found):
        return [{"epoch": epoch, "validation_accuracies": [accuracy]} for epoch, accuracy in enumerate(found, 1)]

    assert best_of(config(), lines(0.5, 0.75, 0.75, 0.5))["epoch"] == 3
    assert best_of(config(), [{"epoch": 1, "validation_accuracies": []}]) is None
    assert best_of(config(), [{"epoch": 1}]) is None        # written before there was any
    moved = config(regrid=[{"after": 2, "weight_bits": 6}, {"after": EPOCHS, "weight_bits": 4}])
    assert best_of(moved, lines(0.9, 0.9, 0.5, 0.4))["epoch"] == 3


def test_a_new_run_leaves_no_best_of_the_old():
    train(config(epochs=1))
    train(config(epochs=1, validation=0), overwrite=True)
    assert not Path("runs/mine/best.safetensors").exists()
    assert "validation" not in read_notes("runs/mine/network.safetensors")


def test_the_best_needs_samples_held_out():
    with pytest.raises(SnnfpgaError, match=r"^Config training.keep=best needs samples that are held out to choose by, "
                       r"and training.validation is 0; set training.validation=0.1, or keep the last$"):
        train(config(keep="best", validation=0))


def test_data_without_a_test_split_is_validated():
    settings = config("all.npz", epochs=2)
    result = train(settings)
    assert (result["test_accuracy"], result["test_samples"], result["validation_samples"]) == (None, 0, 30)
    assert result["validation_accuracy"] == result["block_accuracies"][-1] == accuracy(
        result["network"], held_out(settings))
    assert "test_accuracy" not in read_notes(result["network"])
    assert [line["test_accuracies"] for line in read_metrics(Path("runs/mine/metrics.jsonl"))] == [[], []]
    with pytest.raises(SnnfpgaError, match="has no test samples"):
        train(config("all.npz", validation=0), overwrite=True)
