"""A report shows what the files say, names what is missing, and needs nothing from outside."""

import json
import os
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from plotly.graph_objects import Figure
from plotly.offline import get_plotlyjs
from safetensors.numpy import save

from board.build import with_lanes
from board.part import Resources
from board.plan import BuildPlan, read_manifest, verify, write
from board.registry import get
from board.report import report as board_report
from rtl_gen.contract import network_file
from rtl_gen.contract.declared import state_buffer_bits
from rtl_gen.estimate import cycles, memories
from sim.reference.network import Reference
from snnfpga.cli import main
from snnfpga.config.data import DataConfig
from snnfpga.report import build, run
from snnfpga.report.page import Page, Section, render
from snnfpga.report.parts import Bars, Paragraph, Table, Tiles, Verdict, number
from snnfpga.report.parts import Figure as Plot
from snnfpga.report.target import find, run_of
from snnfpga.runs.evaluation_record import facts, write_record
from snnfpga.runs.learn_record import file_digest
from snnfpga.runs.scores import Scores
from tests.networks import block, network, network_spec, samples
from tests.verbs import call, small_run

EPOCHS = [
    {"epoch": 1, "seconds": 1.5, "rate": 0.1, "losses": [1.5, None], "train_accuracy": 0.25,
     "test_accuracies": [0.5, 0.375], "firing_rates": [[0.125], [0.25]]},
    {"epoch": 2, "seconds": 3.25, "rate": 0.05, "losses": [float("nan"), None], "train_accuracy": 0.75,
     "test_accuracies": [0.625, 0.875], "firing_rates": [[0.1], [0.2]]}]
VERIFIED = {"simulator": "icarus", "samples": 3, "mismatches": 0, "cycles": 4321, "busy_lane_share": 0.5,
            "compared": {"spikes": 10, "membranes": 10, "readouts": 6, "weights": 9, "counters": 39}}
LEARNED = {"backend": "rtl", "data": "drifted.npz", "source": "runs/small/network.safetensors", "samples": 20,
           "accuracy_before": 0.25, "accuracy_after": 0.8125, "updates": 777, "saturations": 2,
           "network": "adapted.safetensors", "counters": {"updates": 777}}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A finished run, ``runs/small``, and a build of its network, ``build/small``."""
    monkeypatch.chdir(tmp_path)
    made, folder, _ = small_run()
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in EPOCHS))
    progress = json.dumps({"epochs": 2, "seconds": 3.25, "peak_activation_bytes": 5678})
    (folder / "checkpoint.safetensors").write_bytes(save({"a": np.zeros(1)}, metadata={"progress": progress}))
    write_record(folder / "evaluate.json", facts("small.npz", "test", Scores.of([0, 1, 2, 2, 2], [0, 1, 2, 0, 0], 3),
                                                 folder / "network.safetensors"))
    make_build(Path("build/small"), with_lanes(made, 2))
    return tmp_path


def make_build(folder, made, resources=None):
    network_file.write("in_build.safetensors", made)
    found = board_report(made.spec, get("pynq-z2"), resources=resources,
                         logic_delay_ps=None if resources is None else 5600)
    write(BuildPlan("small-pynq-z2", {"board": "pynq-z2"}, {
        "network.safetensors": Path("in_build.safetensors").read_bytes(),
        "report.json": json.dumps(found).encode()}), folder)
    Path("in_build.safetensors").unlink()
    return found


def figures(html):
    """Figures of a page by title, each accepted by Plotly."""
    found = re.findall(r'<h3>([^<]*)</h3>.*?<script type="application/json" class="figure">(.*?)</script>', html, re.S)
    parsed = {unescape(title): json.loads(text) for title, text in found}
    for figure in parsed.values():
        Figure(figure)      # raises where a trace or a layout has what there is not
    return parsed


def curves(figure):
    return {trace["name"]: trace["y"] for trace in figure["data"]}


def text(html):
    """The words of a page, without scripts, styles and markup."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]*>", " ", bare).replace("\u202f", "").split())


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
    for shown in ("60.00 % test accuracy of the network", "3.2 s of training",
                  "5678 B activations", "12-10-7 inputs and neurons, in 2 blocks, for 3 classes",
                  "data.name small.npz", "hardware.lanes 8", "Not run. snnfpga learn runs/small"):
        assert shown in words
    assert "has no hardware" not in words


def test_a_page_needs_nothing_from_outside_and_is_the_same_again(here):
    html = render(run.page(Path("runs/small"), 0))
    frame = re.sub(r"<script>.*?</script>", "", html, flags=re.S)
    assert "default-src 'none'" in frame
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)|@import|url\(""", frame)
    assert "Plotly.react" in html
    assert render(run.page(Path("runs/small"), 0)) == html


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
    for shown in ("60.00 % of 5 test samples are right", "23.07 % .. 88.24 % 95 % interval",
                  "77.78 % balanced over the classes", "2 3 33.33 % 0 (2)"):
        assert shown in words


def test_a_record_of_another_network_is_not_shown(here):
    path = Path("runs/small/evaluate.json")
    path.write_text(path.read_text().replace('"network_sha256": "', '"network_sha256": "0'))
    page = run.page(Path("runs/small"), 0)
    assert page.missing["Classes"] == ("No `evaluate.json` of the network in this folder. `snnfpga evaluate "
                                       "runs/small` measures it and leaves one.")
    assert "87.50 % test accuracy after epoch 2" in text(render(page))
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
    assert "50.00 % validation accuracy after epoch 2" in text(html)
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


def test_a_build_shows_blocks_cycles_and_memories(here, capfd):
    code, out, _ = call(capfd, "report", "build/small", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["kind"] == "build"
    assert set(found["missing"]) == {"Verification", "Learning on chip"}
    assert "`snnfpga verify build/small`" in found["missing"]["Verification"]
    assert "`snnfpga learn runs/small`" in found["missing"]["Learning on chip"]
    html = Path(found["report"]).read_text()
    words, spec = text(html), with_lanes(network(), 2).spec
    bits = [state_buffer_bits(spec, b) for b in range(2)]
    within = sum(memory.bits for memory in memories(spec) if "feedback" in memory.name or "credits" in memory.name)
    for shown in ("Not synthesised", "This is the core alone: on the board the processor hands it every event through "
                  "registers, which takes longer", "groups 5 4", "lanes 2 2",
                  f"state for learning, bits {bits[0]} {bits[1]}",
                  f"learning, within an update, bits {number(within)} of",
                  f"state for learning, bits {sum(bits)} of"):     # the table by formula, the bar by its memories
        assert shown in words
    drawn = curves(figures(html)["Cycles of a step"])
    assert drawn["block 0"] == [cycles(spec.blocks[0]).forward(events) for events in range(13)]
    ends = cycles(spec.blocks[1])
    assert curves(figures(html)["Cycles of a window's end"])["block 1"] == [
        ends.readout + ends.update(rows, 3) for rows in range(11)]
    assert verify(Path("build/small"))      # a report beside the files does not break their manifest


def test_resources_stand_against_the_budget(here):
    make_build(Path("build/small"), network(), Resources({
        "lut": 5320, "lut_as_memory": 1740, "ff": 0, "ramb36": 70, "dsp": 440}))
    html = render(build.page(Path("build/small")))
    words = text(html)
    for shown in ("LUT: logic, and small memories 5320 of 53200 (10.0 %)", "1740 of 17400 (10.0 %)", "(50.0 %)",
                  "440 of 220 (200.0 %)", "takes 5.60 ns"):
        assert shown in words
    assert re.findall(r'<i class="(\w+)" style="width:([\d.]+)%">', html)[:5] == [
        ("some", "10.00"), ("some", "10.00"), ("none", "0.00"), ("some", "50.00"), ("over", "100.00")]


def record_of_verify(folder, **changes):
    digest = read_manifest(folder)["digest"]
    (folder / "verify.json").write_text(json.dumps(VERIFIED | {"digest": digest} | changes))


@pytest.mark.parametrize(("changes", "kind", "verdict"), [
    ({}, "good", "Every value that was compared is equal"),
    ({"mismatches": 4, "described": ["weight 3"]}, "bad", "The hardware is not what was specified"),
    ({"compared": {"spikes": 10, "weights": 0}}, "bad", "Nothing was compared of weights, so nothing is proven"),
    ({"compared": {}}, "bad", "Nothing was compared of anything"),
])
def test_verification_is_judged(here, changes, kind, verdict):
    record_of_verify(Path("build/small"), **changes)
    html = render(build.page(Path("build/small")))
    assert f'<p class="verdict {kind}">{verdict}' in html
    assert "4321 clock cycles simulated" in text(html)


def test_verification_of_an_earlier_build_is_not_shown(here):
    folder = Path("build/small")
    record_of_verify(folder)
    make_build(folder, with_lanes(network(), 4))
    assert (folder / "verify.json").exists()
    assert build.page(folder).missing["Verification"].startswith(
        "Not run on this build: `verify.json` is of an earlier one. `snnfpga verify build/small` ")


def test_an_edited_build_gets_no_report(here, capfd):
    path = Path("build/small/report.json")
    path.write_text(path.read_text().replace("pynq-z2", "pynq-z9"))
    code, out, err = call(capfd, "report", "build/small")
    assert (code, out) == (1, "")
    assert err == ("snnfpga: Build folder build/small was edited: report.json is not what was built; build again with: "
                   "snnfpga build\n")
    assert not Path("build/small/report.html").exists()


def test_none_named_takes_what_was_made_last(here):
    os.utime("runs/small/network.safetensors", (10, 10))
    os.utime("build/small/manifest.json", (20, 20))
    assert find(None) == Path("build/small")
    os.utime("runs/small/network.safetensors", (30, 30))
    assert find(None) == Path("runs/small")


def test_a_builds_run_has_its_weights(here):
    made = network()
    assert run_of(with_lanes(made, 8)) == Path("runs/small")
    Path("runs/cut").mkdir()
    Path("runs/cut/network.safetensors").write_bytes(Path("runs/small/network.safetensors").read_bytes()[:99])
    assert run_of(made) == Path("runs/small")       # past a newer run that is damaged
    weights = made.weights[0][0].copy()
    weights[0, 0] += 1
    assert run_of(replace(made, weights=((weights,), made.weights[1]))) is None
    other = network(block(12, 10, window=4), block(10, 7, learned=False, lanes=2))
    assert run_of(replace(made, spec=other.spec)) is None


@pytest.mark.parametrize(("arguments", "message"), [
    (("nowhere",), "No run or build nowhere; make one with: snnfpga train, or snnfpga build"),
    (("small.npz",), "A report is of a run's or a build's folder, and small.npz is a file; name its folder"),
    (("runs",), "Folder runs must hold a run (network.safetensors) or a build (manifest.json) and holds neither; make "
                "one with: snnfpga train, or snnfpga build"),
    (("runs/small", "--sample", "5"), "Sample must be in 0..4, the test samples of small.npz, not 5"),
    (("runs/small", "--out", "deep/page.html"), "No folder deep to write page.html into; make it first"),
    (("runs/small", "--out", "small.npz"), "File small.npz exists and is not a report that snnfpga wrote; name another "
                                           "file with --out, or remove it yourself"),
    (("runs/small", "--out", "runs"), "File runs to write is a folder; name a file in it"),
    (("build/small", "--sample", "0"), "A sample is shown in the report of a run, and build/small is a build; leave "
                                       "--sample out"),
])
def test_bad_input_is_one_line(here, capfd, arguments, message):
    before = Path("small.npz").read_bytes()
    code, out, err = call(capfd, "report", *arguments)
    assert (code, out, err) == (2, "", f"snnfpga: {message}\n")
    assert Path("small.npz").read_bytes() == before


def test_a_report_takes_the_place_of_a_report(here, capfd):
    for folder in ("runs/small", "build/small"):
        assert call(capfd, "report", folder, "--out", "page.html")[0] == 0
    assert "Build small" in Path("page.html").read_text()


@pytest.mark.parametrize(("contents", "message"), [
    ("{", "runs/small/learn.json is not whole JSON (Expecting property name enclosed in double quotes: line 1 column 2 "
          "(char 1)); make it again with: snnfpga learn runs/small --overwrite"),
    ("[]", "runs/small/learn.json must hold a JSON object, not []; make it again with: snnfpga learn runs/small "
           "--overwrite"),
    ("{}", "runs/small/learn.json lacks 'backend'; make it again with: snnfpga learn runs/small --overwrite"),
])
def test_a_damaged_result_is_one_line(here, capfd, contents, message):
    Path("runs/small/learn.json").write_text(contents)
    code, _, err = call(capfd, "report", "runs/small")
    assert (code, err) == (1, f"snnfpga: {message}\n")
    assert not Path("runs/small/report.html").exists()


def test_words_of_the_files_are_words_and_no_markup():
    hostile = "</script><u>&"
    page = Page(hostile, hostile, (Section(hostile, hostile, (
        Plot(hostile, [{"type": "scatter", "name": hostile, "y": [1]}], {}, 100), Table((hostile,), [(hostile,)]),
        Tiles([(hostile, hostile)]), Bars([(hostile, 1, 2)]), Paragraph(f"`{hostile}`"), Verdict(True, hostile))),
        Section("gone", hostile, missing=hostile)))
    html = render(page)
    assert hostile not in html
    ours = html.replace(get_plotlyjs(), "")
    assert "<u>&" not in ours
    assert ours.count("<script") == ours.count("</script>") == 3     # the figure, Plotly, and what draws
    assert curves(figures(html)[hostile]) == {hostile: [1]}


def test_a_section_shows_something_or_says_why_not():
    with pytest.raises(ValueError, match="Section empty must either show something or say what is missing"):
        Section("empty", "about")
    with pytest.raises(ValueError, match="A row must have 2 cells as the header has, not 1"):
        Table(("a", "b"), [("c",)])


def test_a_network_on_a_grid(tmp_path, monkeypatch, capsys):
    """Its readout pools; its sample ends after its own steps."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    spikes = (rng.random((12, 6, 12, 12, 1)) < 0.2).astype(np.uint8)
    spikes[:, 4:] = 0
    np.savez("grid.npz", spikes=spikes, label=np.arange(12) % 3, length=np.full(12, 4))
    settings = ("data.name=grid.npz", "name=grid", 'network.blocks=[["4C3"],["P2","3C3S2"]]', "network.weight_bits=1",
                "training.epochs=1", "hardware.blocks=[]")
    assert call(capsys, "train", *(word for value in settings for word in ("--set", value)))[0] == 0
    assert call(capsys, "report", "runs/grid")[0] == 0
    shown = text((tmp_path / "runs" / "grid" / "report.html").read_text())
    assert "144-4C3-P2-3C3S2 inputs and neurons, in 2 blocks, for 3 classes" in shown
    assert "weights of 1 bit, readouts not counted" in shown
    assert "events came in over 4 steps" in shown
    why = ("A block in hardware, or that is to learn on chip, must have each input at each neuron, and block 0 has a "
           "convolution or pooling; evaluate it on torch or the reference.")
    assert f"This network runs on PyTorch and on the integer reference, and has no hardware: {why} What is" in shown
    missing = run.page(Path("runs/grid"), 0).missing
    assert missing.pop("Calibration").startswith("This network was not calibrated")
    assert missing == {"Learning on chip": f"This network cannot learn so: {why}"}


def test_a_network_that_learns_on_the_reference_alone(here):
    made = network(*network_spec(depth=2, classes=3).blocks)
    network_file.write(Path("runs/small/network.safetensors"), made,
                       notes={"data": DataConfig(name="small.npz").model_dump_json()})
    page = run.page(Path("runs/small"), 0)
    assert "has no hardware: A block in hardware must have 1 layer, not 2 as block 0 has;" in text(render(page))
    assert page.missing["Learning on chip"].startswith("Not run.")
