"""The verbs from Python, on samples in memory: what they give, leave for the command line, and do not do."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import snnfpga
from tests.verbs import call

BY_HAND = {"on_chip.rate_shift": 8, "on_chip.readout_rate_shift": 2}      # so that none is searched for


def samples(count=60, steps=6):
    """Spikes (N, T, 8) as floats, and labels: four classes that fire in four groups of inputs."""
    label = np.arange(count) % 4
    rate = 0.05 + 0.6 * (np.arange(8) // 2 == label[:, None, None])
    return (np.random.default_rng(0).random((count, steps, 8)) < rate).astype(np.float32), label


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A small run on samples in memory, with what was heard on the way."""
    patch = pytest.MonkeyPatch()
    patch.chdir(tmp_path_factory.mktemp("python"))
    heard, lines = [], []
    found = snnfpga.train(data=samples(), name="mine", network={"blocks": [[6]]}, training={"epochs": 3},
                          changes=BY_HAND, on_progress=heard.append, on_line=lines.append)
    yield found, heard, lines
    patch.undo()


def test_training_tells_the_program_and_prints_nothing(trained, capfd):
    found, heard, lines = trained
    assert found.epochs == len(found.metrics) == 3
    assert found.metrics[-1].test_accuracies[-1] == found.test_accuracy
    of_training = [one for one in heard if one.title == "training"]
    assert of_training[0].done == 0
    assert of_training[-1].done == of_training[-1].total
    assert any("epoch 3/3" in one.words for one in of_training)
    assert any(line.startswith("Defaults for own data") for line in lines)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        snnfpga.train(data=samples(), out="again", network={"blocks": [[6]]}, training={"epochs": 1}, changes=BY_HAND)
    assert capfd.readouterr() == ("", "")


def test_the_command_line_goes_on_with_what_python_trained(trained, capsys):
    found, _, _ = trained
    for verb in ("evaluate", "learn"):
        status, out, _ = call(capsys, verb, "runs/mine", "--json")
        assert status == 0
        told = json.loads(out)
        assert told["accuracy" if verb == "evaluate" else "accuracy_before"] == found.test_accuracy
    assert {"data", "logit_scale", "activity", "calibration", "test_accuracy", "validation"} <= {*found.network.notes}


def test_one_result_is_json_and_tables(trained, capsys):
    found, _, _ = trained
    evaluated = snnfpga.evaluate(found, backend="reference")
    status, out, _ = call(capsys, "evaluate", "runs/mine", "--backend", "reference", "--json")
    assert (status, json.loads(out)) == (0, json.loads(json.dumps(evaluated.to_dict())))
    call(capsys, "evaluate", "runs/mine", "--backend", "reference")
    assert evaluated.accuracy == found.test_accuracy
    assert evaluated.answers.shape == (len(evaluated.labels), 4)
    for shown in (found, evaluated, found.network):
        assert repr(shown).splitlines()[0] == shown.tables()[0].title
        assert "<td" in shown._repr_html_()


def test_learning_from_other_samples_with_and_without_a_file(trained):
    found, _, _ = trained
    spikes, label = samples()
    drifted = (np.roll(spikes, 2, axis=2), label)
    before = snnfpga.evaluate(found, data=drifted)
    assert len(before.labels) == len(label)         # samples in memory are all measured
    learned = snnfpga.learn(found, data=drifted, passes=2, out="adapted.safetensors", changes={
        "on_chip.dead_zone": 4}, on_line=lambda line: None)
    assert learned.path == Path("adapted.safetensors")
    assert learned.counters["updates"] > 0
    assert snnfpga.evaluate("adapted.safetensors", data=drifted).accuracy > before.accuracy
    alone = snnfpga.Network(learned.network.values)
    assert snnfpga.evaluate(alone, data=drifted).accuracy == snnfpga.evaluate(learned, data=drifted).accuracy
    with pytest.raises(snnfpga.SnnfpgaError, match=r"^Network .* does not say what data it was trained on"):
        snnfpga.evaluate(alone)
    with pytest.raises(snnfpga.SnnfpgaError, match=r"in memory alone has no folder for what is learned; give out"):
        snnfpga.learn(alone, data=drifted)
    assert [*Path().glob("*.npz")] == []


def test_a_plan_a_cost_and_a_diagnosis(trained):
    found, _, _ = trained
    plan = snnfpga.build(found, plan=True, lanes=2)
    assert (plan.misfit, plan.values["lanes"]) == (None, [2])
    assert not plan.folder.exists()
    with pytest.raises(snnfpga.SnnfpgaError, match=r"^Lanes must be one for all blocks or one for each of the 1"):
        snnfpga.build(found, plan=True, lanes=[1, 2])
    counted = snnfpga.cost(found.config, sweep={"window": [1, "T"]})
    assert [cell.window for cell in counted.cells] == [1, 6]
    assert len(snnfpga.diagnose(found).cells[0].layers) == 1
    assert snnfpga.diagnose(found).to_dict()["fit"]["samples"]


def test_pytorch_stays_as_the_program_has_it(trained):
    found, _, _ = trained
    state = torch.random.get_rng_state()
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    assert snnfpga.diagnose(found.config).cells
    assert torch.are_deterministic_algorithms_enabled() == deterministic
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_warning_is_of_the_line_that_called(trained):
    spikes, label = samples()
    with pytest.warns(snnfpga.SnnfpgaWarning) as caught:
        snnfpga.train(data=(spikes, np.where(label == 3, 4, label)), out="holes", training={"epochs": 1},
                      network={"blocks": [[6]]}, changes=BY_HAND)
    assert {Path(one.filename).name for one in caught} == {Path(__file__).name}
    assert any("has no train sample of label 3" in str(one.message) for one in caught)


def test_a_run_that_is_there_is_refused_and_claims_end_with_the_verb(trained):
    with pytest.raises(snnfpga.SnnfpgaError, match=r"^Run runs/mine exists; go on with --resume"):
        snnfpga.train(data=samples(), name="mine", network={"blocks": [[6]]})
    for _ in range(2):      # what the first claimed the second can have
        snnfpga.evaluate("runs/mine", predictions="table.csv")


@pytest.mark.parametrize("told", ["on_progress", "on_line"])
@pytest.mark.parametrize("raised", [BrokenPipeError(32, "Broken pipe"), ValueError("I/O operation on closed file")])
def test_what_a_callback_raises_comes_out_as_it_is_and_nothing_is_left(trained, told, raised):
    def fail(_):
        raise raised

    with pytest.raises(type(raised)) as caught:
        snnfpga.train(data=samples(), out="ended", network={"blocks": [[6]]}, training={"epochs": 1}, changes=BY_HAND,
                      **{told: fail})
    assert caught.value is raised
    assert not Path("ended").exists()


def test_a_person_may_stop_it_before_the_first_epoch(trained):
    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(snnfpga.Stopped, match=r"^Stopped with 0 of 1 epochs done; go on with: snnfpga train --resume"):
        snnfpga.train(data=samples(), out="begun", network={"blocks": [[6]]}, training={"epochs": 1}, changes=BY_HAND,
                      on_progress=stop)
    assert snnfpga.train("begun/config.yaml", out="begun", resume=True).epochs == 1
