"""Learning from another network's answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network_file import write
from snnfpga.api.train import run
from snnfpga.config.models import Config
from snnfpga.data.dataset import assemble
from snnfpga.learning.loss import loss_from
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch
from snnfpga.network.initial import initialise
from snnfpga.network.window import block_window, rest
from snnfpga.training.teacher import check, taught
from snnfpga.training.trainer import Trainer

STEPS, SAMPLES, INPUTS, CLASSES = 8, 300, 10, 3


def made(folder, **training):
    """Data, and a configuration with the file of a network for it."""
    generator = torch.Generator().manual_seed(3)
    spikes = (torch.rand(SAMPLES, STEPS, INPUTS, generator=generator) < 0.4).to(torch.uint8).numpy()
    labels = (torch.arange(SAMPLES) % CLASSES).numpy()
    data = assemble("made", spikes, labels, np.arange(SAMPLES) % 10 == 0, (1, INPUTS, 1), CLASSES)
    config = Config.model_validate({"network": {"blocks": [[12], [9]]}})
    network = initialise(config, torch.from_numpy(spikes).transpose(0, 1).float(), CLASSES)
    write(folder / "teacher.safetensors", network.export())
    return data, network, Config.model_validate({"network": {"blocks": [[12], [9]]}, "training": {
        "distill": folder / "teacher.safetensors"} | training})


def test_the_teachers_logits_are_those_it_was_trained_by(tmp_path):
    data, network, config = made(tmp_path)
    passing = torch.from_numpy(data.train.spikes).transpose(0, 1).float()
    with torch.no_grad():
        for block, weights in zip(network.spec.blocks, network.integers(), strict=True):
            passing, steps, _ = block_window(block, weights, passing, rest(block, passing.shape[1], passing))
    found = taught(config, data)
    assert found.abs().max() > 0
    torch.testing.assert_close(found, steps.sum(0) * network.blocks[-1].logit_scale)


@pytest.mark.parametrize("readout", ["learned", "fixed"])
def test_the_chips_scale_is_not_the_teachers(readout, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data, _, _ = made(tmp_path)
    np.savez("small.npz", spikes=data.train.spikes, label=data.train.labels)
    found = []
    for shift in (None, 3):
        run(Config.model_validate({
            "data": {"name": "small.npz"}, "network": {"blocks": [[12], [9]], "readout": readout},
            "training": {"epochs": 1}, "on_chip": {"logit_shift": shift}}), Path(str(shift)), "cpu", False, False)
        found.append(taught(Config.model_validate({"training": {"distill": f"{shift}/network.safetensors"}}), data))
    assert found[0].abs().max() > 0
    # Centred readouts add the same to all classes, which the teacher's softmax does not see.
    assert torch.equal(*(logits - logits[:, :1] for logits in found))


def test_divergence_from_the_teacher_is_added_to_the_loss():
    logits, teacher = torch.tensor([[1.0, 2.0, 0.5], [0.0, 0.0, 1.0]]), torch.tensor([[0.0, 1.0, 0.0], [2.0, 0.0, 1.0]])
    labels, learning = torch.tensor([1, 0]), Config().learning
    batch = Batch(events=torch.zeros(1, 2, 1), labels=labels, teacher=teacher, teacher_weight=0.5)
    theirs = teacher.softmax(1)
    apart = (theirs * (theirs.log() - logits.softmax(1).log())).sum(1).mean()
    found = loss_from(learning, batch)(logits, labels)
    torch.testing.assert_close(found, torch.nn.functional.cross_entropy(logits, labels) + 0.5 * apart)
    same = Batch(events=torch.zeros(1, 2, 1), labels=labels, teacher=logits)
    torch.testing.assert_close(loss_from(learning, same)(logits, labels),
                               torch.nn.functional.cross_entropy(logits, labels))


@pytest.mark.parametrize("rule", ["truncated-local", "bptt", "bptt-checkpoint", "sltt", "lls"])
def test_every_kind_of_rule_hears_it(rule, tmp_path):
    data, network, _ = made(tmp_path)
    config = Config.model_validate({"learning": {"rule": rule}})
    events = torch.from_numpy(data.train.spikes[:6]).transpose(0, 1)
    found = []
    for teacher in (None, torch.tensor([[3.0, 0.0, 0.0]]).expand(6, 3)):
        network.zero_grad(set_to_none=True)
        RULES[rule].learn(network, config.learning, Batch(
            events=events, labels=torch.arange(6) % 3, teacher=teacher))
        found.append(network.get_parameter("blocks.1.layers.0.linear.weight").grad)
    assert not torch.allclose(found[0], found[1])


def test_training_takes_each_samples_own_answer(tmp_path, monkeypatch):
    data, _, config = made(tmp_path, epochs=1, batch=32, parts=2, distill_weight=0.3)
    trainer, seen = Trainer(config, data), []
    monkeypatch.setattr(trainer, "rule", replace(
        trainer.rule, learn=lambda *given: seen.append(given[2]) or RULES["truncated-local"].learn(*given)))
    trainer.epoch()
    wanted = {spikes.tobytes(): answer for spikes, answer in zip(data.train.spikes, taught(config, data), strict=True)}
    assert len(wanted) == len(data.train) == sum(len(batch.labels) for batch in seen)
    for batch in seen:
        assert batch.teacher_weight == 0.3
        for events, answer in zip(batch.events.transpose(0, 1).to(torch.uint8), batch.teacher, strict=True):
            assert torch.equal(wanted[events.contiguous().numpy().tobytes()], answer)


def test_refused(tmp_path):
    data, _, config = made(tmp_path)
    train = data.train
    narrow = assemble("made", train.spikes[:, :, :7], train.labels, train.labels == 1, (1, 7, 1), CLASSES)
    with pytest.raises(SnnfpgaError) as caught:
        taught(config, narrow)
    assert (str(caught.value), caught.value.exit_code) == (
        f"Network {tmp_path}/teacher.safetensors has 10 inputs and 3 classes, and the data 7 and 3; take a teacher "
        "that was trained on it", 2)
    with pytest.raises(SnnfpgaError) as caught:
        check(Config.model_validate({"training": {"distill_weight": 2.0}}))
    assert (str(caught.value), caught.value.exit_code) == (
        "Config training.distill_weight means nothing without training.distill; name a network file, or leave it out",
        2)
