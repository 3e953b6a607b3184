"""Learning from labels of steps: what it equals, what it leaves out, and what cannot serve them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.config.models import Config
from snnfpga.data.dataset import DataError, Split
from snnfpga.data.registry import load
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch, Learned
from snnfpga.network.answers import answering_steps
from snnfpga.network.inference import batch_passages, weights_of
from snnfpga.network.initial import initialise
from snnfpga.training import checks
from snnfpga.training.step_labels import Tally, advice, check
from snnfpga.training.trainer import Trainer, drawn_batch
from tests.cue import cue_task

STEPS, BATCH, INPUTS, CLASSES = 12, 6, 10, 3
SERVING = [name for name, rule in RULES.items() if rule.step_labels]


def made(rule, **learning):
    config = Config.model_validate({"network": {"blocks": [[8], [7]]},
                                    "learning": {"rule": rule, "window": 4} | learning})
    generator = torch.Generator().manual_seed(3)
    events = (torch.rand(STEPS, BATCH, INPUTS, generator=generator) < 0.4).to(torch.uint8)
    return config, initialise(config, events.float(), CLASSES), events, torch.arange(BATCH) % CLASSES


def learned(config, network, **batch):
    """What a batch gave, and the gradients that it left."""
    network.zero_grad(set_to_none=True)
    found = RULES[config.learning.rule].learn(network, config.learning, Batch(**batch))
    return found, [value.grad for value in network.parameters() if value.grad is not None]


def test_rules_of_one_graph_or_none_serve_them():
    assert set(RULES) - set(SERVING) == {"bptt-checkpoint"}


@pytest.mark.parametrize("accumulate", ["window", "cumulative"])
@pytest.mark.parametrize("rule", SERVING)
def test_the_same_label_in_all_steps_is_a_label_of_the_sample(rule, accumulate):
    # End to end there is one loss a sample, and so one window.
    config, network, events, labels = made(rule, accumulate=accumulate, window=STEPS if rule == "bptt" else 4)
    plain, wanted = learned(config, network, events=events, labels=labels)
    found, got = learned(config, network, events=events, labels=labels, step_labels=labels.expand(STEPS, -1))
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one, other)
    assert got
    assert found.losses == pytest.approx(plain.losses)
    assert torch.equal(found.answers.double(), plain.answers.double())
    assert plain.windows is None
    assert found.windows.shape == (1 if rule == "bptt" else 3, BATCH)


@pytest.mark.parametrize(("rule", "learning"), [*((rule, {}) for rule in SERVING),
                                                ("truncated-local", {"loss_at": "step"})])
def test_without_a_label_a_sample_teaches_nothing_and_the_others_what_they_did(rule, learning):
    config, network, events, labels = made(rule, **learning)
    generator = torch.Generator().manual_seed(5)
    of_steps = torch.randint(-1, CLASSES, (STEPS, BATCH), generator=generator)
    of_steps[:, 2:] = -1
    found, got = learned(config, network, events=events, labels=labels, step_labels=of_steps)
    alone, wanted = learned(config, network, events=events[:, :2], labels=labels[:2], step_labels=of_steps[:, :2])
    assert got
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one * (BATCH / 2), other)
    assert found.losses == pytest.approx(alone.losses)
    nothing, none = learned(config, network, events=events, labels=labels, step_labels=torch.full_like(of_steps, -1))
    assert none == []
    assert nothing.losses == [None, None]


def test_a_window_learns_from_its_last_label_alone():
    config, network, events, labels = made("truncated-local", accumulate="window")
    of_steps = torch.full((STEPS, BATCH), -1)
    of_steps[1], of_steps[6] = 2, labels
    of_steps[2] = labels
    _, got = learned(config, network, events=events, labels=labels, step_labels=of_steps)
    of_steps[0], of_steps[1], of_steps[2], of_steps[3], of_steps[6], of_steps[7] = 0, 1, 2, labels, 0, labels
    _, other = learned(config, network, events=events, labels=labels, step_labels=of_steps)
    for one, two in zip(got, other, strict=True):
        assert torch.equal(one, two)
    # The third window has no label: nothing of its events is learned from.
    changed = events.clone()
    changed[8:] = 1 - changed[8:]
    _, without = learned(config, network, events=changed, labels=labels, step_labels=of_steps)
    for one, two in zip(without, other, strict=True):
        assert torch.equal(one, two)


def test_weights_move_in_windows_with_a_label_alone():
    config, network, events, labels = made("truncated-local", update="window")
    of_steps = torch.full((STEPS, BATCH), -1)
    of_steps[5, 3] = 1
    applied = []
    learned(config, network, events=events, labels=labels, step_labels=of_steps, apply=lambda: applied.append(1))
    assert applied == [1]


def test_the_answer_of_the_last_window_is_what_a_rule_gives():
    for rule in (name for name in RULES):
        for answer in ("all", "last"):
            config, network, events, labels = made(rule, answer=answer)
            lengths = torch.tensor([12, 1, 4, 5, 8, 11])
            within = (torch.arange(STEPS)[:, None] < lengths).float()[:, :, None]
            events = events * within.to(torch.uint8)
            spec = network.spec
            split = Split(events.transpose(0, 1).numpy(), labels.numpy(), lengths.numpy())
            wanted = next(iter(batch_passages(spec, weights_of(network.export()), split)))[-1].answers
            found, _ = learned(config, network, events=events, labels=labels, within=within,
                               answering=answering_steps(answer, 4, STEPS, within))
            assert found.answers.tolist() == wanted.tolist(), (rule, answer)


def data_of(tmp_path, **changes):
    spikes, labels = cue_task(samples=20, steps=16, channels=3)
    np.savez(tmp_path / "cue.npz", **({"spikes": spikes, "step_label": labels} | changes))
    return load(str(tmp_path / "cue.npz"))


def config_of(**sections):
    return Config.model_validate({"network": {"blocks": [[8]]}} | sections)


@pytest.mark.parametrize(("sections", "words"), [
    ({"learning": {"rule": "bptt-checkpoint"}},
     "Rule bptt-checkpoint learns from one label a sample, and data cue.npz has labels of steps; take one of "
     "truncated-local, bptt, sltt, ottt, otpe, s-tllr, tess, decolle, lls"),
    ({"training": {"warm_epochs": 1}}, "Config training.warm_epochs cannot serve data cue.npz, which has labels of "
     "steps: a warm start knows no steps; leave it out"),
    ({"training": {"augment": {"time_shift": 1}}},
     "Config training.augment.time_shift cannot serve data cue.npz, which has labels of steps: it moves events off "
     "their labels; leave it out"),
    ({"learning": {"feedback": "labels"}}, "Config learning.feedback=labels cannot serve data cue.npz, which has "
     "labels of steps: it is told one label a sample; leave it out"),
    ({"training": {"distill": "teacher.safetensors"}}, "Config training.distill cannot serve data cue.npz, which has "
     "labels of steps: a teacher answers whole samples; leave it out"),
])
def test_what_cannot_serve_them_is_refused_by_name(tmp_path, sections, words):
    with pytest.raises(SnnfpgaError) as error:
        checks.check(config_of(**sections), data_of(tmp_path))
    assert str(error.value) == words
    with pytest.raises(SnnfpgaError) as error:
        check(config_of(data={"name": str(tmp_path / "cue.npz")}, **sections))
    assert str(error.value) == words


@pytest.mark.parametrize("name", ["digits", "plain.npz", "absent.npz", "broken.npz"])
def test_other_data_is_not_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    np.savez("plain.npz", spikes=np.ones((4, 4, 2), np.uint8), label=[0, 1, 0, 1])
    (tmp_path / "broken.npz").write_bytes(b"step_label.npy")
    check(config_of(data={"name": name}, learning={"rule": "bptt-checkpoint"}))


def test_a_half_without_a_labelled_window_is_refused(tmp_path):
    data = data_of(tmp_path)
    bare = replace(data, test=replace(data.test, step_labels=np.full_like(data.test.step_labels, -1)))
    with pytest.raises(DataError) as error:
        checks.check(config_of(), bare)
    assert str(error.value) == (
        "Data cue.npz must have a labelled window among its test samples, and none of its windows of 4 steps has a "
        "label and a step in the loss window; label more steps, or change learning.window or loss_steps")


def test_a_class_without_a_window_and_sums_since_the_start_are_warned_of(tmp_path):
    data = data_of(tmp_path)
    fresh = {"accumulate": "window"}
    assert advice(config_of(learning=fresh), data) == []
    wide = replace(data, classes=5)
    assert advice(config_of(learning=fresh), wide) == [
        "no window of 4 steps of the training samples has label 3 of 5; number the classes from 0, label more steps, "
        "or take another learning.window"]
    both = advice(config_of(), wide)
    assert len(both) == 2
    assert both[1].startswith("labels change within ")
    steady = replace(data.train, step_labels=np.repeat(data.train.step_labels[:, :1], 16, 1))
    assert len(advice(config_of(), replace(data, train=steady))) == 0
    assert advice(config_of(), replace(data, train=replace(data.train, step_labels=None))) == []


def test_an_epoch_counts_labelled_windows(tmp_path):
    data = data_of(tmp_path)
    config = config_of(learning={"accumulate": "window"}, training={"epochs": 1, "batch": 8})
    trainer = Trainer(config, data)
    metrics = trainer.epoch()
    tally = Tally(data.train, trainer.network.spec.blocks[-1])
    assert 0 < metrics.train_accuracy <= 1
    assert tally.whole == sum((own.reshape(4, 4) >= 0).any(1).sum() for own in data.train.step_labels)
    assert (metrics.train_accuracy * tally.whole) == pytest.approx(round(metrics.train_accuracy * tally.whole))
    batch = drawn_batch(data.train, config)
    assert batch.step_labels.shape == batch.events.shape[:2]


def test_a_tally_counts_right_answers(tmp_path):
    data = data_of(tmp_path)
    trainer = Trainer(config_of(), data)
    tally = Tally(data.train, trainer.network.spec.blocks[-1])
    wanted = tally._wanted[:5]
    tally.add(Learned([], torch.zeros(5, 3), wanted.T.clamp(min=0)), torch.arange(5))
    assert tally.right == (wanted >= 0).sum()
