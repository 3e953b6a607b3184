"""The report of a run: each section shows what its files say, or names what is missing."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rtl_gen.contract import network_file
from rtl_gen.contract.declared import state_buffer_bits
from sim.reference.network import Reference
from snnfpga.cli import main
from snnfpga.config.data import DataConfig
from snnfpga.report import build, run
from snnfpga.report.configuration import in_blocks
from snnfpga.report.page import render
from snnfpga.runs.learn_record import file_digest
from tests.grids import grid_spec
from tests.networks import network, samples
from tests.snnfpga.report.pages import EPOCHS, curves, figures, make_build, text
from tests.verbs import call

LEARNED = {"backend": "rtl", "data": "drifted.npz", "source": "runs/small/network.safetensors", "samples": 20,
           "accuracy_before": 0.25, "accuracy_after": 0.8125, "updates": 777, "saturations": 2,
           "network": "adapted.safetensors", "counters": {"updates": 777}}


def test_a_run_shows_every_section_but_learning(here, capfd):
    code, out, _ = call(capfd, "report", "runs/small", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["kind"] == "run"
    assert found["report"] == "runs/small/report.html"
    assert found["bytes"] == Path(found["report"]).stat().st_size
    assert list(found["missing"]) == ["Calibration", "Learning on chip"]
    assert "`snnfpga learn runs/small`" in found["missing"]["Learning on chip"]
    words = text(Path(found["report"]).read_text())
    for shown in ("60 % test accuracy of the network", "3.2 s of training",
                  "5678 B activations", "12-10-7 inputs and neurons, in 2 blocks, for 3 classes",
                  "data.name small.npz", "hardware.lanes 8", "Not run. snnfpga learn runs/small"):
        assert shown in words
    assert "has no hardware" not in words


def test_curves_are_those_of_the_metrics(here):
    drawn = figures(render(run.page(Path("runs/small"), 0)))
    assert curves(drawn["Accuracy of each readout"]) == {
        "test, block 0": [50, 62.5], "test, block 1": [37.5, 87.5], "training, last block": [25, 75]}
    assert curves(drawn["Loss of each block"]) == {"block 0": [1.5, None]}
    assert curves(drawn["Firing rate of each layer"]) == {"block 0": [12.5, 10], "block 1": [25, 20]}


def test_classes_are_those_of_the_record(here):
    html = render(run.page(Path("runs/small"), 0))
    drawn, = figures(html)["What is taken for what"]["data"]
    assert drawn["z"] == [[100, 0, 0], [0, 100, 0], [66.67, 0, 33.33]]
    assert drawn["text"] == [["1", "", ""], ["", "1", ""], ["2", "", "1"]]
    words = text(html)
    for shown in ("60 % of 5 test samples are right", "23 % .. 88 % 95 % interval",
                  "78 % balanced over the classes", "2 3 33 % 0 (2)"):
        assert shown in words


def test_a_record_of_another_network_is_not_shown(here):
    path = Path("runs/small/evaluate.json")
    path.write_text(path.read_text().replace('"network_sha256": "', '"network_sha256": "0'))
    page = run.page(Path("runs/small"), 0)
    assert page.missing["Classes"] == ("No `evaluate.json` of the network in this folder. `snnfpga evaluate "
                                       "runs/small` measures it and leaves one.")
    assert "87.5 % test accuracy after epoch 2" in text(render(page))
    assert call_and_read("runs/small") == 5


def call_and_read(folder):
    """Samples of the record that evaluate leaves of a network that the run holds now."""
    with pytest.raises(SystemExit) as left:
        main(["evaluate", folder, "--json"])
    assert not left.value.code
    assert "Classes" not in run.page(Path(folder), 0).missing
    return json.loads(Path(folder, "evaluate.json").read_text())["samples"]


def test_a_run_without_a_test_split_says_so(here):
    folder = Path("runs/small")
    epochs = [{**line, "test_accuracies": [], "validation_accuracies": [0.25, accuracy]}
              for line, accuracy in zip(EPOCHS, (0.75, 0.5), strict=True)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in epochs))
    (folder / "evaluate.json").unlink()
    html = render(run.page(folder, 0))
    assert "50.0 % validation accuracy after epoch 2" in text(html)
    assert curves(figures(html)["Accuracy of each readout"]) == {
        "validation, last block": [75, 50], "training, last block": [25, 75]}


def test_the_raster_is_the_references_sample(here):
    made = network()
    spikes, labels = samples(made.spec, 10)
    page = run.page(Path("runs/small"), 3)
    figure = figures(render(page))["One sample, step by step"]
    result = Reference(made).run(spikes[8], 0, learn=False, trace=True)
    panels = [trace for trace in figure["data"] if "hovertemplate" not in trace]
    for panel, expected in zip(panels, [spikes[8], *(layers[0] for layers in result.spikes)], strict=True):
        drawn = np.zeros_like(expected)
        for begin, end, index, same in zip(panel["x"][::3], panel["x"][1::3], panel["y"][::3], panel["y"][1::3],
                                           strict=True):
            assert index == same
            drawn[round((begin + end) / 2), index] += 1
        assert np.array_equal(drawn, expected)
        assert set(panel["x"][2::3]) == {None}      # dashes do not run into each other
    lines = {trace["hovertemplate"].split()[1]: trace["y"] for trace in figure["data"] if "hovertemplate" in trace}
    assert [lines[str(c)][-1] for c in range(3)] == result.answers[-1].tolist()
    assert len(lines["0"]) == 7
    first = Reference(made).run(spikes[8][:1], 0, learn=False)
    assert [lines[str(c)][0] for c in range(3)] == first.answers[-1].tolist()
    assert f"label {labels[8]}, prediction {result.prediction}" in text(render(page))
    ends = [shape["x0"] for shape in figure["layout"]["shapes"]]
    assert set(ends) == {2.5, 5.5}


def test_memory_is_flat_for_k_and_follows_the_formula_for_t(here):
    spec = network().spec
    figure = figures(render(run.page(Path("runs/small"), 0)))["State for learning against the length of a sample"]
    kept, whole = figure["data"]
    assert kept["x"][0] == 3
    assert set(kept["y"]) == {sum(state_buffer_bits(spec, b) for b in range(2)) / 1000}
    for steps, kbit in zip(whole["x"], whole["y"], strict=True):
        deep = replace(spec, max_steps=max(16, steps), blocks=tuple(replace(b, window=steps) for b in spec.blocks))
        assert kbit == sum(state_buffer_bits(deep, b) for b in range(2)) / 1000
    assert whole["y"][0] == kept["y"][0] < whole["y"][-1]


def test_blocks_that_do_not_learn_keep_nothing(here):
    made = network()
    still = tuple(replace(b, directives=replace(b.directives, engine="none")) for b in made.spec.blocks)
    network_file.write(Path("runs/small/network.safetensors"), replace(made, spec=replace(made.spec, blocks=still)),
                       notes={"data": DataConfig(name="small.npz").model_dump_json()})
    missing = run.page(Path("runs/small"), 0).missing
    assert missing["Memory for learning"] == ("No block of this network has an update engine, so the chip keeps no "
                                              "state for learning; `hardware.learning` switches it on.")
    make_build(Path("build/small"), network_file.read("runs/small/network.safetensors"))
    html = render(build.page(Path("build/small")))
    assert set(figures(html)) == {"Cycles of a step"}
    assert "learns on chip no no" in text(html)


def test_weights_are_those_the_forward_engine_reads(here):
    made = network()
    drawn = figures(render(run.page(Path("runs/small"), 0)))
    trace = drawn["Weights of each layer"]["data"][0]
    read = made.weights[0][0] >> made.spec.blocks[0].layers[0].weights.shadow_bits
    edges, shares = trace["x"], trace["y"]
    wide = edges[1] - edges[0]
    assert len(edges) <= 65
    for edge, share in zip(edges[:-1], shares[:-1], strict=True):
        assert share == pytest.approx(100 * ((read >= edge) & (read < edge + wide)).mean(), abs=1e-3)
    assert sum(shares) == pytest.approx(100, abs=0.1)
    assert [trace["name"] for trace in drawn["Weights of each learned readout"]["data"]] == ["block 0"]


def test_what_a_run_lacks_is_named(here):
    for name in ("network.safetensors", "metrics.jsonl", "checkpoint.safetensors"):
        Path("runs/small", name).unlink()
    missing = run.page(Path("runs/small"), 0).missing
    assert set(missing) == {"At a glance", "Accuracy", "Loss", "Firing rates", "Classes", "One sample",
                            "Memory for learning", "Weights", "Calibration", "Learning on chip"}
    assert missing["One sample"] == ("No `network.safetensors` in this folder: the run is not finished. Go on with "
                                     "`snnfpga train --resume --out runs/small`.")


def test_data_that_is_gone_costs_one_section(here):
    Path("small.npz").unlink()
    missing = run.page(Path("runs/small"), 0).missing
    assert set(missing) == {"One sample", "Calibration", "Learning on chip"}
    assert "small.npz" in missing["One sample"]


def test_learning_is_shown_of_the_network_that_is_there(here):
    network_path = Path("runs/small/network.safetensors")
    learned = {**LEARNED, "source_sha256": file_digest(network_path)}
    Path("runs/small/learn.json").write_text(json.dumps(learned))
    words = text(render(run.page(Path("runs/small"), 0)))
    for shown in ("25.00 % test accuracy before", "81.25 % test accuracy after", "20 lessons",
                  "777 weight updates formed", "2 saturated weights",
                  "runs/small/network.safetensors learned from drifted.npz on the hardware in a simulator; the result "
                  "is adapted.safetensors ."):
        assert shown in words
    made = network()
    weights = made.weights[0][0].copy()
    weights[0, 0] ^= 1
    network_file.write(network_path, replace(made, weights=((weights,), made.weights[1])),
                       notes=network_file.read_notes(network_path))
    page = run.page(Path("runs/small"), 0)
    assert page.missing["Learning on chip"] == (
        "`learn.json` is of an earlier network in this folder. `snnfpga learn runs/small` lets the one that is there "
        "now go on learning.")
    assert "81.25 %" not in text(render(page))


def test_how_it_was_asked_to_learn_is_said(here):
    learned = {**LEARNED, "source_sha256": file_digest(Path("runs/small/network.safetensors")), "passes": 3,
               "schedule": "constant", "rates": "0,off", "settings": ["on_chip.dead_zone=12"], "fresh": True,
               "test_samples": 16}
    Path("runs/small/learn.json").write_text(json.dumps(learned))
    words = text(render(run.page(Path("runs/small"), 0)))
    for shown in ("25 % test accuracy before", "81 % test accuracy after",
                  "It had 3 passes, the schedule constant , the rates 0,off , --set on_chip.dead_zone=12 , random "
                  "weights to begin with."):
        assert shown in words


def test_what_was_left_to_the_training_stands_beside_it(here):
    """Shifts as one would give them by hand: the rate that the network begins with is among them."""
    path = Path("runs/small/network.safetensors")
    made = network_file.read(path)
    layers = [made.spec.blocks[number].layers[0].update.rate_shift for number in (0, 1)]
    network_file.write(path, replace(made, rates=(1, 0)), notes=network_file.read_notes(path))
    words = text(render(run.page(Path("runs/small"), 0)))
    for shown in (f"on_chip.rate_shift auto: {layers[0] + 1} in block 0, {layers[1]} in block 1",
                  f"on_chip.dead_zone auto: {made.spec.blocks[0].readout.dead_zone}", "on_chip.centre true"):
        assert shown in words
    path.unlink()
    assert "on_chip.rate_shift auto on_chip" in text(render(run.page(Path("runs/small"), 0)))


@pytest.mark.parametrize(("values", "said"), [
    ([[3], [3]], "3"), ([[3, 3], [3]], "3"), ([[3], [4]], "3 in block 0, 4 in block 1"), ([[], [4]], "4"),
    ([[3, 5], [4, 4]], "3 and 5 in block 0, 4 in block 1"), ([[], []], ""),
])
def test_values_of_blocks_in_words(values, said):
    assert in_blocks(values) == said


def test_a_network_on_a_grid(tmp_path, monkeypatch, capsys):
    """Its readout pools; its sample ends after its own steps."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    spikes = (rng.random((12, 6, 12, 12, 1)) < 0.2).astype(np.uint8)
    spikes[:, 4:] = 0
    np.savez("grid.npz", spikes=spikes, label=np.arange(12) % 3, length=np.full(12, 4))
    settings = ("data.name=grid.npz", "name=grid", 'network.blocks=[["4C3"],["P2","3C3S2"]]', "network.weight_bits=1",
                "training.epochs=1", "hardware.blocks=[]", "hardware.reads=2")
    assert call(capsys, "train", *(word for value in settings for word in ("--set", value)))[0] == 0
    assert call(capsys, "report", "runs/grid")[0] == 0
    shown = text((tmp_path / "runs" / "grid" / "report.html").read_text())
    assert "144-4C3-P2-3C3S2 inputs and neurons, in 2 blocks, for 3 classes" in shown
    assert "weights of 1 bit, readouts not counted" in shown
    assert "events came in over 4 steps" in shown
    why = ("A block that is not one layer of each input at each neuron must read 1 weight word in a cycle, not 2 as "
           "block 0; take 1 read.")
    assert f"This network runs on PyTorch and on the integer reference, and has no hardware: {why} What is" in shown
    missing = run.page(Path("runs/grid"), 0).missing
    assert list(missing) == ["Learning on chip"]
    assert missing["Learning on chip"].startswith("Not run.")


def test_a_network_that_learns_on_the_reference_alone(here):
    made = network(*grid_spec(grid=(3, 3, 2), filters=4, kernel=2, groups=2, classes=3).blocks)
    network_file.write(Path("runs/small/network.safetensors"), made,
                       notes={"data": DataConfig(name="small.npz").model_dump_json()})
    page = run.page(Path("runs/small"), 0)
    why = "Convolutions in hardware must have groups of 1, and block 0 has more;"
    assert f"has no hardware: {why}" in text(render(page))
    assert page.missing["Learning on chip"].startswith("Not run.")
