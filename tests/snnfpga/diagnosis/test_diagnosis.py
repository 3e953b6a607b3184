import json
from dataclasses import replace

import pytest
import torch

from snnfpga.config.models import Config
from snnfpga.diagnosis.diagnosis import diagnose, of_rate
from snnfpga.learning import truncated_local
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch
from snnfpga.network.initial import initialise
from tests.verbs import UNSEARCHED, call, small_run

STEPS, BATCH, INPUTS, CLASSES = 12, 16, 20, 3


def health(network=None, **learning):
    config = Config.model_validate({"network": {"blocks": [[16, 12], [10]]} | (network or {}), "learning": learning})
    generator = torch.Generator().manual_seed(3)
    events = (torch.rand(STEPS, BATCH, INPUTS, generator=generator) < 0.3).to(torch.uint8)
    trained = initialise(config, events.float(), CLASSES)
    return diagnose(config, trained, Batch(events=events, labels=torch.arange(BATCH) % CLASSES))


def test_a_network_as_initialised_is_well():
    found = health(rule="truncated-local", window=STEPS)
    assert [(layer.block, layer.layer) for layer in found] == [(0, 0), (0, 1), (1, 0)]
    for layer in found:
        assert 0.02 < layer.rate < 0.6
        assert layer.near > 0.2
        assert layer.gradient > 0
    # The last block has BPTT's own loss and window; those before it have losses of their own.
    assert found[2].cosine == pytest.approx(1)
    assert found[0].cosine < 0.99
    assert all(layer.cosine == pytest.approx(1) for layer in health(rule="bptt"))


@pytest.mark.parametrize(("network", "layer", "advice"), [
    ({"gain": 0.02}, 0, "silent: raise network.gain or lower network.threshold"),
    ({"surrogate_width": 0.004}, 2, "few membranes near the threshold: raise network.surrogate_width"),
])
def test_advice(network, layer, advice):
    assert health(network, rule="truncated-local", window=4)[layer].advice == advice


def test_advice_on_rates():
    assert of_rate(0.9) == "fires all the time: lower network.gain or raise network.threshold"
    assert of_rate(0.1) == ""


def test_no_gradient_is_told(monkeypatch):
    """A rule that leaves no gradient on the first block."""
    def only_the_last(network, settings, batch):
        learned = truncated_local.learn(network, settings, batch)
        for value in network.blocks[0].parameters():
            value.grad = None
        return learned

    monkeypatch.setitem(RULES, "truncated-local", replace(RULES["truncated-local"], learn=only_the_last))
    found = health(rule="truncated-local", window=4)
    assert found[0].advice.startswith("no gradient comes")
    assert (found[0].gradient, found[0].cosine) == (0, None)


def test_a_gradient_that_is_no_number_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    settings = ("--set", "learning.rule=s-tllr", "--set", "learning.traces.alpha_pre=1.0e+39")
    advice = "gradient is NaN or infinite: lower training.rate or the factors of learning.traces"
    code, out, _ = call(capsys, "diagnose", *settings, "--json")
    found = json.loads(out, parse_constant=pytest.fail)     # NaN is not JSON
    assert code == 0
    for layer in found["layers"]:
        assert (layer["gradient"], layer["cosine"], layer["advice"]) == (None, None, advice)
    out = call(capsys, "diagnose", *settings, "--plot", "page.html")[1]
    assert out.count(advice) == 2
    assert " well " not in out


SMALL = ("--set", "network.blocks=[[12]]", "--set", "hardware.blocks=[]", "--set", "training.epochs=1",
         "--set", "training.batch=512", *UNSEARCHED)


def test_command_on_a_configuration_and_on_a_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, _ = call(capsys, "diagnose", *SMALL, "--json")
    before = json.loads(out)
    assert (code, before["rule"], len(before["layers"])) == (0, "truncated-local", 1)
    assert call(capsys, "train", *SMALL, "--json")[0] == 0
    code, out, _ = call(capsys, "diagnose", "runs/digits", "--json")
    after = json.loads(out)
    assert code == 0
    assert after["layers"][0]["gradient"] != before["layers"][0]["gradient"]
    assert "advice" in after["layers"][0]


def test_training_warns_of_a_silent_layer(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "train", *SMALL, "--set", "network.gain=0.01", "--set", "training.rate=1e-9", "--json")
    assert code == 0
    assert "Warning: block 0 layer 0, firing rate 0.0" in err
    assert err.count("silent: raise network.gain") == 1


def test_training_stops_at_a_loss_that_is_no_number(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    epochs = ("--set", "training.epochs=3")
    done = []

    def fails_later(network, settings, batch):
        learned = truncated_local.learn(network, settings, batch)
        done.append(1)
        return replace(learned, losses=[float("nan")]) if len(done) > 4 else learned

    monkeypatch.setitem(RULES, "truncated-local", replace(RULES["truncated-local"], learn=fails_later))
    code, _, err = call(capsys, "train", *SMALL, *epochs)
    assert code == 1
    assert "Training stopped: the loss of block 0 is nan in epoch 2; lower training.rate" in err
    monkeypatch.setitem(RULES, "truncated-local", truncated_local.RULE)
    assert call(capsys, "train", *SMALL, *epochs, "--resume", "--json")[0] == 0


def test_a_sweep_compares_gradients(tmp_path, capsys):
    plot = tmp_path / "gradients.html"
    code, out, _ = call(capsys, "diagnose", "--set", "training.batch=16", "--sweep", "window=2,T", "--sweep",
                        "block=1,all", "--plot", str(plot), "--json")
    assert code == 0
    cells = {(cell["window"], cell["block"]): cell["layers"] for cell in json.loads(out)["cells"]}
    assert cells.keys() == {(2, 1), (2, 2), (16, 1), (16, 2)}
    assert [layer["cosine"] for layer in cells[16, 2]] == pytest.approx([1, 1])     # that is bptt
    assert cells[2, 1][0]["cosine"] < cells[2, 2][0]["cosine"] < 1
    text = plot.read_text()
    assert "K 16, blocks of 2" in text
    assert "Written by <code>snnfpga diagnose</code>" in text


def test_a_run_is_not_swept(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    _, run, _ = small_run()
    code, _, err = call(capsys, "diagnose", str(run), "--sweep", "window=2")
    assert (code, err) == (2, "snnfpga: --sweep makes networks anew and cannot be of a run as trained; give its "
                              f"configuration {run / 'config.yaml'}\n")
