"""The hardware in a simulator against PyTorch: what is compared, and whose prediction counts."""

from dataclasses import replace

import numpy as np
import pytest

from sim.reference.network import Reference
from snnfpga.backends import simulated
from snnfpga.backends.evaluation import measure
from snnfpga.data.dataset import Split
from tests.networks import network, samples


@pytest.fixture
def split():
    spikes, labels = samples(network().spec, 3)
    return Split(spikes, labels.astype(np.int64))


def test_the_hardware_equals_torch(split, tmp_path, monkeypatch, icarus):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(simulated, "preferred", lambda: icarus)
    found = measure(network(), split, "rtl", lambda steps: None)
    assert found.differences.total == 0
    assert found.differences.compared == {"spikes": 3 * 7 * 17, "membranes": 3 * 7 * 17, "answers": 3 * 2 * 3,
                                          "predictions": 3}
    assert found.predictions.tolist() == measure(network(), split, "torch", lambda steps: None).predictions.tolist()


@pytest.mark.parametrize("backend", ["reference", "rtl"])
def test_a_sample_ends_after_its_own_steps(split, backend, tmp_path, monkeypatch, icarus):
    """Its neurons would go on firing, so an answer that counted the padding would differ."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(simulated, "preferred", lambda: icarus)
    split.spikes[:, 3:] = 0
    short = replace(split, lengths=np.array([7, 3, 4]))
    found = measure(network(), short, backend, lambda steps=1: None)
    assert found.differences.total == 0
    assert found.differences.compared["spikes"] == (7 + 3 + 4) * 17
    whole = Reference(network()).run(split.spikes[1], 0, learn=False).answers[-1]
    assert (Reference(network()).run(split.spikes[1][:3], 0, learn=False).answers[-1] != whole).any()


def test_a_core_that_predicts_wrongly_is_seen(split, monkeypatch):
    """Its answers are right, so an evaluation that took the largest of them would not notice."""
    reference = Reference(network())
    results = [reference.run(sample, 0, learn=False, trace=True) for sample in split.spikes]
    core = {f"answers{b}": np.array([result.answers[b] for result in results]) for b in range(2)}
    core |= {f"{name}{b}.0": np.array([getattr(result, name)[b][0] for result in results])
             for name in ("spikes", "membranes") for b in range(2)}
    core["predictions"] = np.array([result.prediction for result in results])
    monkeypatch.setattr(simulated, "evaluate", lambda *_: core)
    assert measure(network(), split, "rtl", lambda steps: None).differences.total == 0
    core["predictions"][1] = (core["predictions"][1] + 1) % 3
    found = measure(network(), split, "rtl", lambda steps: None)
    assert found.differences.differing == {"spikes": 0, "membranes": 0, "answers": 0, "predictions": 1}
    assert found.predictions.tolist() == core["predictions"].tolist()
