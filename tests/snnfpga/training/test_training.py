"""Training repeats itself, and a run that was stopped ends as one that was not."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network_file import read, read_notes, write
from snnfpga.commands.train import run
from snnfpga.config.file import write_config
from snnfpga.config.models import Config
from snnfpga.data import registry
from snnfpga.data.dataset import assemble
from snnfpga.data.source import load_data
from snnfpga.learning import truncated_local
from snnfpga.learning.registry import RULES
from snnfpga.network.regrid import fitted
from snnfpga.runs import metrics
from snnfpga.runs.metrics import read_metrics
from snnfpga.training.trainer import Trainer, drawn_batch, prepare


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Three classes that fire in three groups of inputs; ``small.npz`` in the folder where the test runs."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    labels = np.arange(90) % 3
    rates = np.full((90, 1, 12), 0.1)
    for sample, label in enumerate(labels):
        rates[sample, :, label * 4:label * 4 + 4] = 0.5
    np.savez("small.npz", spikes=(rng.random((90, 8, 12)) < rates).astype(np.uint8), label=labels)
    return "small.npz"


def config(data, **changes):
    values = {"name": "small", "seed": 3, "data": {"name": data}, "network": {"blocks": [[10], [9, 8]]},
              "training": {"epochs": 4, "batch": 8, "event_drop": 0.1, "rate": 0.05}}
    for key, value in changes.items():
        values.setdefault(key, {}).update(value)
    return Config.model_validate(values)


def train(settings, out=None, resume=False, overwrite=False):
    return run(settings, out, "cpu", resume, overwrite)


def values(path):
    network = read(path)
    return [matrix for block in network.weights for matrix in block] + list(network.readouts)


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(values(one), values(other), strict=True))


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
        with pytest.raises(SnnfpgaError, match=r"^Stopped with 2 of 4 epochs done"):
            train(settings, tmp_path / "stopped")
    assert not (tmp_path / "stopped" / "network.safetensors").exists()
    resumed = train(settings, tmp_path / "stopped", resume=True)

    assert same(whole["network"], resumed["network"])
    assert whole["test_accuracy"] == resumed["test_accuracy"]
    assert resumed["test_accuracy"] > 0.6 or one_bit        # which is too coarse for so few neurons
    lines = metrics_but_time(tmp_path / "whole")
    assert lines == metrics_but_time(tmp_path / "stopped")
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]


@pytest.mark.parametrize(("changes", "found"), [
    ({"learning": {"rule": "s-tllr", "traces": {"alpha_pre": 1e39}}}, "120 of 120 weights of block 0 layer 0"),
    ({"network": {"normalise": "weights"}, "training": {"rate": 1e38}}, "120 of 120 weights of block 0 layer 0"),
    # Float32 may round their sums, so they are looked at in each batch.
    ({"learning": {"rule": "s-tllr", "traces": {"alpha_pre": 1e39}},
      "network": {"blocks": [[8], [600], [8]], "weight_bits": 16, "membrane_bits": 20}},
     "96 of 96 weights of block 0 layer 0"),
])
def test_weights_that_are_no_numbers_are_not_kept(data, changes, found):
    """Every loss is finite: a membrane that is NaN never fires."""
    with pytest.raises(SnnfpgaError) as caught:
        train(config(data, **changes))
    assert (str(caught.value), caught.value.exit_code) == (
        f"Training stopped: {found} are NaN or infinite; lower training.rate, or the factors of learning.traces "
        "(snnfpga diagnose says how the layers stand). A checkpoint that was saved before stays", 1)
    assert {path.name for path in contents(Path("runs/small"))} & {"checkpoint.safetensors",
                                                                  "network.safetensors"} == set()


@pytest.mark.parametrize(("name", "batch", "found"), [
    ("blocks.0.layers.0.gain", 8, "12 of 120 weights of block 0 layer 0 are NaN or infinite"),
    ("blocks.1.learned_readout.linear.weight", 8, "the loss of block 1 is nan in epoch 2"),
    ("blocks.1.learned_readout.linear.weight", 90, "1 of 24 weights of the readout of block 1 are NaN or infinite")])
def test_a_good_checkpoint_stays_where_a_gradient_is_infinite(data, monkeypatch, name, batch, found):
    settings = config(data, network={"normalise": "weights"}, training={"batch": batch})
    folder = Path("runs/small")

    def stop(log, line):
        if line.epoch == 2:
            raise KeyboardInterrupt
        written(log, line)

    def spoil(network, settings, batch):
        learned = truncated_local.learn(network, settings, batch)
        network.get_parameter(name).grad[0, 0] = float("inf")
        return learned

    written = metrics.MetricsLog.write
    with monkeypatch.context() as patch:
        patch.setattr(metrics.MetricsLog, "write", stop)
        with pytest.raises(SnnfpgaError, match=r"^Stopped with 1 of 4 epochs done"):
            train(settings)
    before = (folder / "checkpoint.safetensors").read_bytes()
    monkeypatch.setitem(RULES, "truncated-local", replace(RULES["truncated-local"], learn=spoil))
    with pytest.raises(SnnfpgaError, match=f"^Training stopped: {found}; lower training.rate"):
        train(settings, resume=True)
    assert (folder / "checkpoint.safetensors").read_bytes() == before
    assert not (folder / "network.safetensors").exists()


def test_a_disk_that_fills_names_the_file(data, monkeypatch):
    def full(*arguments, **settings):
        raise OSError(28, "No space left on device")

    log = metrics.MetricsLog(Path(), 0)
    monkeypatch.setattr(metrics.json, "dumps", full)    # called while the line is written
    with pytest.raises(OSError, match="No space left") as caught:
        log.write(metrics.EpochMetrics(1, 0.0, 0.0, [None], 0.0, [0.0], [[0.0]]))
    assert caught.value.filename == "metrics.jsonl"


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


def test_a_run_is_not_overwritten_silently(data):
    train(config(data))
    before = read("runs/small/network.safetensors").weights[0][0].copy()
    with pytest.raises(SnnfpgaError) as caught:
        train(config(data))
    assert str(caught.value) == ("Run runs/small exists; go on with --resume, start anew with --overwrite, or choose "
                                 "another place with --out")
    np.testing.assert_array_equal(read("runs/small/network.safetensors").weights[0][0], before)


def test_an_overwritten_run_stays_until_the_new_one_is_trained(data, monkeypatch):
    train(config(data))
    folder = Path("runs/small")
    (folder / "mine.txt").write_text("mine")
    before = contents(folder)

    def stop(log, line):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(metrics.MetricsLog, "write", stop)
        with pytest.raises(SnnfpgaError) as caught:
            train(config(data, training={"rate": 0.02}), overwrite=True)
    assert str(caught.value) == ("Stopped with 0 of 4 epochs done; the earlier run in runs/small is as it was; go on "
                                 "with: snnfpga train --resume --out runs/small/new")
    assert {path: kept for path, kept in contents(folder).items() if "new" not in path.parts} == before

    result = train(config(data, training={"rate": 0.02}), overwrite=True)
    assert result["network"] == "runs/small/network.safetensors"
    after = contents(folder)
    kinds = sorted(path.name.split(".")[0] for path in after)
    assert kinds == ["best", "checkpoint", "config", "evaluate", "events", "metrics", "mine", "network"]
    assert all(after[path] != before[path] for path in after if path in before and path.name != "mine.txt")


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("text", ["services: {}\n", "name: small\n", None])
def test_a_folder_of_something_else_is_not_written_into(data, text):
    folder = Path("project")
    folder.mkdir()
    (folder / "metrics.jsonl").write_text("mine")
    if text is None:        # every value of ours, and a word of the user's
        write_config(folder / "config.yaml", config(data))
        text = "# mine\n" + (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(text)
    before = contents(folder)
    for overwrite in (False, True):
        with pytest.raises(SnnfpgaError) as caught:
            train(config(data), folder, overwrite=overwrite)
        assert str(caught.value) == ("Run folder project holds files that no run of snnfpga made; name another folder "
                                     "with --out, or remove it yourself")
    assert contents(folder) == before


def test_resuming_under_another_configuration_is_refused(data):
    train(config(data))
    with pytest.raises(SnnfpgaError) as caught:
        train(config(data, training={"rate": 0.02}), resume=True)
    assert str(caught.value) == ("Run runs/small was begun with training.rate = 0.05 and cannot be resumed with 0.02; "
                                 "choose another place with --out")


@pytest.mark.parametrize("array", ["spikes", "label"])
def test_resuming_on_other_data_is_refused(data, array):
    train(config(data))
    arrays = dict(np.load(data))
    arrays[array][:2] = arrays[array][1::-1]
    np.savez(data, **arrays)
    with pytest.raises(SnnfpgaError) as caught:
        train(config(data), resume=True)
    assert str(caught.value) == (
        "Checkpoint runs/small/checkpoint.safetensors is of a run on other data than there is now under the same name; "
        "bring that data back, or start anew with --overwrite")


def test_resuming_with_another_teacher_is_refused(data):
    train(config(data, training={"epochs": 1}), Path("teacher"))
    teacher = Path("teacher/network.safetensors")
    settings = config(data, training={"distill": teacher})
    train(settings)
    write(teacher, read(teacher))       # the same answers in another file
    train(settings, resume=True)
    train(config(data, training={"epochs": 2}), Path("teacher"), overwrite=True)
    with pytest.raises(SnnfpgaError) as caught:
        train(settings, resume=True)
    assert str(caught.value) == (
        "Checkpoint runs/small/checkpoint.safetensors is of a run with another teacher than training.distill names "
        "now; bring that file back, or train anew with snnfpga train --overwrite")


def sorted_by_class(lengths=None):
    """600 samples: first those that are all but silent, then those that are not."""
    labels = np.repeat([0, 1], 300)
    spikes = np.random.default_rng(5).random((600, 8, 12)) < np.where(labels, 0.5, 0.01)[:, None, None]
    return assemble("sorted", spikes.astype(np.uint8), labels, np.arange(600) % 5 == 0, (1, 12, 1), 2, lengths)


def test_a_network_is_measured_by_samples_of_all_classes():
    data = sorted_by_class()
    mixed = np.random.default_rng(6).permutation(len(data.train))
    spreads = [float(Trainer(config("any"), replace(data, train=data.train.select(order)))
                     .network.get_parameter("blocks.0.layers.0.linear.weight").detach().std())
               for order in (slice(None), mixed)]
    assert spreads[0] == pytest.approx(spreads[1], rel=0.1)


def test_a_drawn_batch_has_all_classes_and_lengths_of_its_own():
    data = sorted_by_class(np.repeat([3, 8], 300))
    batch = drawn_batch(data.train, config("any", training={"batch": 40}))
    assert batch.labels.bincount().min() > 10
    assert torch.equal(batch.within.sum((0, 2)), torch.where(batch.labels == 0, 3.0, 8.0))
    again, other = (drawn_batch(data.train, config("any", training={"batch": 40}).model_copy(update={"seed": seed}))
                    for seed in (3, 4))
    assert torch.equal(batch.events, again.events)
    assert not torch.equal(batch.events, other.events)
    whole = drawn_batch(data.train, config("any", training={"batch": 480}))
    assert torch.equal(whole.labels, torch.from_numpy(data.train.labels))


def test_every_embedded_set_has_the_shape_it_claims():
    for name, source in registry.SETS.items():
        if source.folder is None:
            loaded = registry.load(name)
            height, width, channels = loaded.sensor
            assert source.shape == f"{height}x{width}x{channels}, {len(loaded.train)} + {len(loaded.test)}"
            assert loaded.train.spikes.shape == (len(loaded.train), source.steps, loaded.inputs)
            assert set(np.unique(loaded.train.spikes)) == {0, 1}


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
    assert all(np.isin(matrix, (-1, 1)).all() for matrix in values(whole["network"]))


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
