"""Training repeats itself, and a run that was stopped ends as one that was not."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network_file import read, read_notes
from snnfpga.api.scope import Stopped
from snnfpga.config.models import Config
from snnfpga.data.source import load_data
from snnfpga.network.regrid import fitted
from snnfpga.runs import metrics
from snnfpga.runs.metrics import read_metrics
from snnfpga.training.trainer import Trainer, prepare
from tests.snnfpga.training.small import config, same, sorted_by_class, train, values


def metrics_but_time(folder):
    return [{key: line[key] for key in line if key != "seconds"} for line in read_metrics(folder / "metrics.jsonl")]


@pytest.mark.parametrize("changes", [{"optimiser": "adamw"}, {"optimiser": "sgd"},
                                     {"augment": {"time_shift": 1, "time_jitter": 1}},
                                     {"regrid": [{"after": 1, "weight_bits": 6}, {"after": 3, "weight_bits": 4}]},
                                     {"optimiser": "t-bso", "neuron_drop": 0.2, "schedule": "cosine-restarts",
                                      "period": 3}])
def test_a_stopped_run_ends_at_the_same_weights(data, tmp_path, monkeypatch, changes):
    one_bit = {"weight_bits": 1} if changes.get("optimiser") == "t-bso" else {}
    settings = config(data, training=changes, network=one_bit)
    whole = train(settings, tmp_path / "whole")
    written = metrics.MetricsLog.write

    def stop_after_two(log, line):
        if line.epoch == 3:
            raise KeyboardInterrupt
        written(log, line)

    with monkeypatch.context() as patch:
        patch.setattr(metrics.MetricsLog, "write", stop_after_two)
        with pytest.raises(Stopped, match=r"^Stopped with 2 of 4 epochs done"):
            train(settings, tmp_path / "stopped")
    assert not (tmp_path / "stopped" / "network.safetensors").exists()
    resumed = train(settings, tmp_path / "stopped", resume=True)

    assert same(whole["network"], resumed["network"])
    assert whole["test_accuracy"] == resumed["test_accuracy"]
    assert resumed["test_accuracy"] > 0.6 or one_bit        # which is too coarse for so few neurons
    lines = metrics_but_time(tmp_path / "whole")
    assert lines == metrics_but_time(tmp_path / "stopped")
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]


def test_a_seed_repeats_itself_and_another_does_not(data, tmp_path):
    results = [train(config(data), tmp_path / "a"), train(config(data), tmp_path / "b"),
               train(Config.model_validate(config(data).model_dump() | {"seed": 4}), tmp_path / "c")]
    assert same(results[0]["network"], results[1]["network"])
    assert not same(results[0]["network"], results[2]["network"])


def test_augmentation_reaches_the_network(data, tmp_path):
    path = np.load(data)
    np.savez("frames.npz", spikes=path["spikes"].reshape(90, 8, 3, 4), label=path["label"])
    plain, shifted = (train(config("frames.npz", training={"augment": {"shift": shift}}), tmp_path / str(shift))
                      for shift in (0, 1))
    assert same(plain["network"], train(config(data), tmp_path / "plain")["network"])
    assert not same(plain["network"], shifted["network"])


def test_new_tensors_are_not_filled():
    prepare("cpu", 1)
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.utils.deterministic.fill_uninitialized_memory


@pytest.mark.parametrize("rule", ["bptt", "sltt"])
def test_a_rule_without_windows_takes_samples_shorter_than_one(data, rule):
    """The chip, which has windows, then learns over whole samples."""
    result = train(config(data, learning={"rule": rule, "window": 9}, training={"epochs": 1}))
    spec = read(result["network"]).spec
    assert [(block.window, block.loss_steps) for block in spec.blocks] == [(8, 8)] * 2
    longer = config(data, learning={"rule": rule, "window": 9}, hardware={"max_steps": 12})
    trainer = Trainer(longer, load_data(longer.data))
    assert trainer.network.spec.blocks[0].window == 9


def test_what_a_run_leaves(data, tmp_path):
    result = train(config(data))
    assert result["network"] == "runs/small/network.safetensors"
    assert result["peak_activation_bytes"] > 0
    assert json.loads(read_notes(result["network"])["data"])["name"] == data
    network = read(result["network"])
    assert (network.spec.inputs, network.spec.classes, network.spec.max_steps) == (12, 3, 8)
    assert [block.depth for block in network.spec.blocks] == [1, 2]
    # Stored weights lie in the middle of what reads back as the trained weight.
    assert (network.weights[0][0] & 255 == 128).all()
    assert list((tmp_path / "runs/small/tensorboard").iterdir())


def test_thresholds_do_not_coarsen_the_grid_of_the_weights():
    network = Trainer(config("any", network={"learn_threshold": True}), sorted_by_class()).network
    settings = config("any", network={"learn_threshold": True})
    before = fitted(network, settings, 8)
    with torch.no_grad():
        for block in network.blocks:
            for weights in block.layers:
                weights.linear.weight[:, -1] = 100 * weights.limit
    assert fitted(network, settings, 8) == before


def test_bits_are_taken_away_step_by_step(data, tmp_path):
    settings = {"epochs": 3, "regrid": [{"after": 1, "weight_bits": 4}, {"after": 2, "weight_bits": 1}]}
    whole = train(config(data, training=settings), tmp_path / "run")
    lines = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert [len(line["moved"]) for line in lines] == [0, 5, 5]
    assert lines[2]["moved"][0].startswith("block 0 layer 0: 4 bits of 2^")
    spec = read(whole["network"]).spec
    assert {layer.weights.bits for block in spec.blocks for layer in block.layers} == {1}
    assert {block.readout.weight_bits for block in spec.blocks} == {1}
    # The signs stand above the 8 shadow bits of a network that learns on chip.
    assert all(np.isin(matrix, (-256, 256)).all() for matrix in values(whole["network"]))


@pytest.mark.parametrize(("changes", "message"), [
    ({"training": {"regrid": [{"after": 4, "weight_bits": 4}]}},
     "Config training.regrid.0.after must be in 1..3, before the last epoch, and each but once, not 4"),
    ({"training": {"regrid": [{"after": 2, "weight_bits": 4}, {"after": 2, "weight_bits": 3}]}},
     "Config training.regrid.1.after must be in 1..3, before the last epoch, and each but once, not 2"),
    ({"training": {"regrid": [{"after": 2, "weight_bits": 4}], "optimiser": "bso"}, "network": {"weight_bits": 1}},
     "Config training.regrid means nothing to training.optimiser=bso, whose weights have one bit; leave it out, or "
     "take adamw or sgd"),
    ({"training": {"neuron_drop": 0.1}, "network": {"blocks": [[8, "8+1"]]}},
     "Config training.neuron_drop cannot silence layers that add currents of others (+); take 0, or leave them out"),
    ({"training": {"regrid": [{"after": 1, "weight_bits": 4}, {"after": 2, "weight_bits": 1}]},
      "network": {"learn_threshold": True, "layers": [{"weight_bits": 8}]}},
     "Config network.learn_threshold needs weights of at least 2 bits in every layer, and by "
     "training.regrid.1.weight_bits and network.layers some have 1; take 2, or learn no thresholds"),
    ({"network": {"learn_threshold": True, "layers": [{"weight_bits": 1}]}},
     "Config network.learn_threshold needs weights of at least 2 bits in every layer, and by network.weight_bits and "
     "network.layers some have 1; take 2, or learn no thresholds"),
    ({"network": {"layers": [{"reset": "zero"}]}, "learning": {"rule": "ottt"}},
     "Rule ottt cannot serve network.reset=zero, where a trace would be needed for each synapse; take subtract, or "
     "rule truncated-local"),
])
def test_what_does_not_go_together(data, changes, message):
    with pytest.raises(SnnfpgaError) as caught:
        train(config(data, **changes))
    assert str(caught.value) == message


def test_steps_are_not_chosen_by_number_where_lengths_differ(data):
    path = np.load(data)
    np.savez("short.npz", spikes=path["spikes"] * (np.arange(8) < 5)[:, None].astype(np.uint8), label=path["label"],
             length=np.full(90, 5))
    with pytest.raises(SnnfpgaError, match=r"^Config learning.select=last chooses steps that short samples"):
        train(config("short.npz", learning={"rule": "sltt", "select": "last", "selected_steps": 2}))


def test_a_layer_that_fires_all_the_time_is_told_once(data, capsys):
    """Straight weights pass on what a kernel's middle sees, and here that is an event in every step."""
    labels = np.arange(30) % 2
    spikes = np.ones((30, 8, 3, 4), np.uint8)
    spikes[labels == 1, :, 0] = 0
    np.savez("ones.npz", spikes=spikes, label=labels)
    result = train(config("ones.npz", network={"blocks": [["4C3"], [9]], "initial": "straight", "gain": 0.01},
                          training={"epochs": 2, "rate": 1e-4}))
    told = [line for line in capsys.readouterr().err.splitlines() if "fires all the time" in line]
    rates = [line["firing_rates"][0][0] for line in read_metrics(Path(result["network"]).parent / "metrics.jsonl")]
    assert min(rates) > 0.8
    assert told == [f"Warning: block 0 layer 0, firing rate {rates[0]:.4f} after epoch 1: fires all the time: lower "
                    "network.gain or raise network.threshold"]
