"""The command line as people and scripts meet it: one line for an error, one object for ``--json``, exit codes."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network_file import read, write
from snnfpga.cli import VERBS, main
from tests.verbs import UNSEARCHED, call

SEARCHED = ["--set", "training.epochs=1", "--set", "network.blocks=[[8], [8]]", "--set", "training.batch=256"]
QUICK = [*SEARCHED, *UNSEARCHED]


def fails(capsys, code, line, *arguments):
    """The verb ends with ``code`` and the one line, and prints nothing else."""
    assert call(capsys, *arguments) == (code, "", f"snnfpga: {line}\n")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A small network, trained for an epoch."""
    place = tmp_path_factory.mktemp("trained")
    with pytest.raises(SystemExit) as caught:
        main(["train", *QUICK, "--out", str(place / "run")])
    assert caught.value.code == 0
    return place / "run"


def test_help_is_light():
    script = ("import sys\nfrom snnfpga.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit as end:\n"
              "    assert end.code == 0\n"
              "assert not {'torch', 'numba', 'numpy', 'amaranth', 'pydantic'} & set(sys.modules)")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(verb in done.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", ["train", "evaluate", "datasets", "rules"])
def test_help_of_a_verb_has_an_example(capsys, verb):
    code, out, _ = call(capsys, verb, "--help")
    assert code == 0
    assert f"snnfpga {'train' if verb in ('datasets', 'rules') else verb}" in out.split("Example")[1]


def test_train_and_evaluate_print_one_object(capsys, folder):
    code, out, err = call(capsys, "train", *SEARCHED, "--json", whole=True)
    assert code == 0
    assert err.startswith("Hardware: fits pynq-z2 at 16 and 8 lanes, about ")
    assert err.splitlines()[1].startswith("Learning on chip, measured on 216 samples not learned from, by a copy")
    result = json.loads(out)
    assert set(result) == {"test_accuracy", "block_accuracies", "test_samples", "validation_accuracy",
                           "validation_samples", "kept_epoch", "seconds", "epochs", "peak_activation_bytes", "hardware",
                           "calibration", "network"}
    assert (result["validation_accuracy"], result["validation_samples"]) == (None, 0)
    assert result["network"] == "runs/digits/network.safetensors"
    assert result["test_samples"] == 359
    code, out, err = call(capsys, "evaluate", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["backend"], found["samples"], found["accuracy"], found["differences"]) == (
        "torch", 359, result["test_accuracy"], 0)
    code, out, _ = call(capsys, "evaluate", "runs/digits", "--backend", "reference", "--samples", "20", "--json")
    found = json.loads(out)
    assert (code, found["backend"], found["samples"], found["differences"]) == (0, "reference", 20, 0)
    assert found["compared"] == {"spikes": 20 * 16 * 16, "membranes": 20 * 16 * 16, "answers": 20 * 2 * 10,
                                 "predictions": 20}


def test_evaluate_finds_what_differs(capsys, trained, monkeypatch):
    """A reference with one wrong weight is seen."""
    from sim.reference import network

    made = network.Reference.__init__

    def wrong(reference, described):
        made(reference, described)
        reference._blocks[0].stored[0][40, 3] += 2048

    monkeypatch.setattr(network.Reference, "__init__", wrong)
    code, out, err = call(capsys, "evaluate", str(trained), "--backend", "reference", "--samples", "20", "--json")
    found = json.loads(out)
    assert code == 1
    assert found["differing"]["membranes"] > 0
    assert found["differences"] == sum(found["differing"].values())
    differing = ", ".join(f"{number} {name}" for name, number in found["differing"].items() if number)
    assert err == (f"snnfpga: Backend reference must equal torch, and {differing} differ of "
                   f"{sum(found['compared'].values())} values compared; do not build this network, report it\n")
    code, out, _ = call(capsys, "evaluate", str(trained), "--backend", "reference", "--samples", "20")
    assert code == 1
    assert "membranes that differ from torch" in out
    assert re.search(r"first of them.*sample \d+, \w+ of block 0 layer 0 at \(\d+, \d+\): -?\d+, torch has -?\d+ ", out)


def test_datasets_and_rules(capsys):
    names = [entry["name"] for entry in json.loads(call(capsys, "datasets", "--json")[1])["datasets"]]
    assert {"digits", "digits-events"} <= set(names)
    rules = json.loads(call(capsys, "rules", "--json")[1])["rules"]
    assert [rule["name"] for rule in rules if rule["on_chip"]] == ["truncated-local"]
    assert {"bptt", "sltt", "ottt", "s-tllr", "tess", "decolle", "lls"} < {rule["name"] for rule in rules}
    assert all(variant in " ".join(rule["source"] for rule in rules) for variant in ("SLTT-K", "OTTT-O", "OTTT-A"))
    assert "digits-events" in call(capsys, "datasets")[1]
    assert "bptt" in call(capsys, "rules")[1]
    assert {rule["name"] for rule in rules if not rule["recurrent"]} == {"sltt", "lls", "decolle", "tess"}
    assert {rule["name"] for rule in rules if rule["experimental"]} == {"bptt-checkpoint", "otpe"}
    options = json.loads(call(capsys, "rules", "--json")[1])["experimental"]
    assert "learning.feedback=dfa" in {option["setting"] for option in options}
    assert "Experimental options" in call(capsys, "rules")[1]


def test_the_chip_goes_on_from_a_network_of_any_rule(capsys, folder):
    rules = {rule["name"]: rule for rule in json.loads(call(capsys, "rules", "--json")[1])["rules"]}
    assert "chip" not in rules["bptt"]["refuses"]
    assert call(capsys, "train", *QUICK, "--set", "learning.rule=bptt")[0] == 0
    code, out, _ = call(capsys, "learn", "--samples", "20", "--json")
    assert (code, json.loads(out)["updates"] > 0) == (0, True)


@pytest.mark.parametrize("terminal", [True, False])
def test_tables_cut_no_name(capsys, monkeypatch, terminal):
    from rich.console import Console

    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(Console, "is_terminal", property(lambda console: terminal))
    for verb in ("datasets", "rules", "boards", "doctor"):
        out = re.sub(r"\x1b\[\d*m", "", call(capsys, verb)[1])       # without colours
        assert "…" not in out
        assert max(map(len, out.splitlines())) <= 80 or not terminal
        for name in (entry["name"] for entry in next(iter(json.loads(call(capsys, verb, "--json")[1]).values()))):
            assert name in out


@pytest.mark.parametrize(("code", "line", "arguments"), [
    (2, "No such command 'trian'. Did you mean 'train'?", ["trian"]),
    (2, "No such option: --epochs", ["train", "--epochs", "3"]),
    (2, "Config absent.yaml cannot be read (No such file or directory); give a YAML file, or none for the default",
     ["train", "absent.yaml"]),
    (2, "Config section learning has no key 'windw'; did you mean window?", ["train", "--set", "learning.windw=3"]),
    (2, "No data set is called 'digit-events'; did you mean digits-events? (snnfpga datasets lists them), or give the "
        "path of an .npz", ["train", "--set", "data.name=digit-events"]),
    (2, "No data file mine.npz; give the path of an .npz or the name of a data set",
     ["train", "--set", "data.name=mine.npz"]),
    (2, "No learning rule is called 'btpt'; did you mean bptt? (snnfpga rules lists them)",
     ["train", "--set", "learning.rule=btpt"]),
    (2, "Config learning.window of rule truncated-local must be at most 16, the steps T of the longest sample, not 17; "
        "take learning.window=16, or learning.rule=bptt, which has no window",
     ["train", "--set", "learning.window=17"]),
    (2, "Config learning.window of rule truncated-local must be at most 3, the steps T of the longest sample, not 4; "
        "take learning.window=3, or learning.rule=bptt, which has no window",
     ["cost", "--set", "data.steps=3"]),
    (2, "Config hardware.max_steps must be at least 16, the steps of the data, not 15",
     ["train", "--set", "hardware.max_steps=15"]),
    (2, "Config hardware.blocks must have at most 1 entries, one a block, not 2",
     ["train", "--set", "network.blocks=[[8]]", "--set", "hardware.blocks=[{}, {}]"]),
    (2, "Config network gives block 0 a layer that cannot be built: Fraction bits must be an integer in -8..24, "
        "not -24; change network.threshold, reset_amount, gain, headroom, weight_bits, membrane_bits, neuron, keep, "
        "leak_shift or "
        "surrogate_width",
     ["train", "--set", "network.threshold=1e9"]),
    (2, "Device must be one of cpu, cuda, not 'gpu'", ["train", "--device", "gpu"]),
    (2, "--resume goes on with a run and --overwrite discards it; give one of them",
     ["train", "--resume", "--overwrite"]),
    (2, "No run runs/digits to resume; train without --resume", ["train", "--resume"]),
    (2, "No run runs/none to resume; train without --resume", ["train", "--resume", "--out", "runs/none"]),
    (2, "No finished run below runs/; make one with: snnfpga train", ["evaluate"]),
    (2, "No run or network runs/mine; make one with: snnfpga train", ["evaluate", "runs/mine"]),
    (2, "No backend is called 'refrence'; did you mean reference?", ["evaluate", "--backend", "refrence"]),
    (2, "No backend is called 'refrence'; did you mean reference?", ["learn", "--backend", "refrence"]),
    (2, "Backend torch does not learn as the chip does; take one of reference, rtl", ["learn", "--backend", "torch"]),
    *((2, f"--simulator is for --backend rtl, and {backend} needs none; leave it out", [verb, "--simulator", "icarus"])
      for verb, backend in (("evaluate", "torch"), ("learn", "reference"))),
    (2, "No simulator is called 'vcs'; known: icarus, verilator",
     ["evaluate", "--backend", "rtl", "--simulator", "vcs"]),
])
def test_errors_leave_nothing(capsys, folder, code, line, arguments):
    fails(capsys, code, line, *arguments)
    assert not list(folder.iterdir())


def test_wrong_uses_of_a_network(capsys, folder, trained):
    fails(capsys, 2, "Data digits must have 128 inputs for network digits, not 64; give the data it was trained for, "
                     "or train a network for this one", "evaluate", str(trained), "--data", "digits")
    fails(capsys, 2, "Samples must be in 1..359, the test samples of digits-events, not 360",
          "evaluate", str(trained), "--samples", "360")
    np.savez("many.npz", spikes=np.ones((20, 16, 128), np.uint8), label=np.arange(20))
    fails(capsys, 2, "Labels of data many.npz must be in 0..9 for network digits, not 19",
          "evaluate", str(trained), "--data", "many.npz")
    np.savez("long.npz", spikes=np.ones((20, 17, 128), np.uint8), label=np.zeros(20, int))
    fails(capsys, 2, "Data long.npz must have at most 16 steps for network digits, not 17; bin it coarser, or train "
                     "with a higher hardware.max_steps", "evaluate", str(trained), "--data", "long.npz")
    np.savez("one.npz", spikes=np.ones((1, 16, 128), np.uint8), label=np.zeros(1, int))
    fails(capsys, 2, "Data one.npz has no test samples; mark some as test in its split, or give more",
          "evaluate", str(trained), "--data", "one.npz")


@pytest.mark.parametrize("damage", [
    lambda contents: contents[:1000],
    lambda contents: contents[:-5] + bytes([contents[-5] ^ 1]) + contents[-4:],
    lambda contents: b"",
])
def test_a_damaged_network(capsys, folder, trained, damage):
    (folder / "network.safetensors").write_bytes(damage((trained / "network.safetensors").read_bytes()))
    code, out, err = call(capsys, "evaluate", "network.safetensors")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("snnfpga: network.safetensors ")


def test_a_run_is_no_build(capsys, trained):
    fails(capsys, 2, f"{trained} is a run, not a build; build it with: snnfpga build {trained}", "verify", str(trained))


def test_a_network_without_notes_needs_data(capsys, folder, trained):
    write("bare.safetensors", read(trained / "network.safetensors"))
    fails(capsys, 2, "Network bare.safetensors does not say what data it was trained on; name some with --data",
          "evaluate", "bare.safetensors")
    assert call(capsys, "evaluate", "bare.safetensors", "--data", "digits-events")[0] == 0


def test_a_network_is_evaluated_on_a_file(capsys, folder, trained):
    rng = np.random.default_rng(0)
    np.savez("mine.npz", spikes=(rng.random((30, 12, 8, 8, 2)) < 0.1).astype(np.uint8), label=np.arange(30) % 10,
             split=np.array(["test"] * 30))
    code, out, _ = call(capsys, "evaluate", str(trained), "--data", "mine.npz", "--json")
    assert code == 0
    assert (json.loads(out)["data"], json.loads(out)["samples"]) == ("mine.npz", 30)


def test_data_of_one_class_is_not_trained_on(capsys, folder):
    np.savez("one.npz", spikes=np.ones((10, 4, 6), np.uint8), label=np.ones(10, int))
    fails(capsys, 2, "Data one.npz must have at least 2 classes to train on, and all its train samples have label 1; "
                     "add samples of another", "train", "--set", "data.name=one.npz")
    assert not (folder / "runs").exists()


def test_a_network_elsewhere_says_where_its_data_is_looked_for(capsys, folder, monkeypatch):
    rng = np.random.default_rng(0)
    np.savez("mine.npz", spikes=(rng.random((30, 12, 20)) < 0.3).astype(np.uint8), label=np.arange(30) % 3)
    assert call(capsys, "train", *QUICK, "--set", "data.name=mine.npz")[0] == 0
    assert call(capsys, "evaluate")[0] == 0
    (folder / "else").mkdir()
    monkeypatch.chdir(folder / "else")
    network = folder / "runs/mine/network.safetensors"
    fails(capsys, 2, f"Network {network} was trained on mine.npz, and there is no such file here, in {folder}/else; go "
                     "to the folder it was trained from, or name the data with --data", "evaluate", str(network))
    assert call(capsys, "evaluate", str(network), "--data", "../mine.npz")[0] == 0


def test_a_stopped_run_says_how_to_go_on(capsys, folder, monkeypatch):
    from snnfpga.runs.metrics import MetricsLog

    written = MetricsLog.write

    def stop_in_the_second(log, line):
        if line.epoch == 2:
            raise KeyboardInterrupt
        written(log, line)

    longer = ["train", *QUICK, "--set", "training.epochs=2"]
    with monkeypatch.context() as patch:
        patch.setattr(MetricsLog, "write", stop_in_the_second)
        code, out, err = call(capsys, *longer, whole=True)
    assert (code, out) == (1, "")
    hardware, line = err.splitlines()
    assert hardware.startswith("Hardware: fits pynq-z2 ")
    assert line == "snnfpga: Stopped with 1 of 2 epochs done; go on with: snnfpga train --resume --out runs/digits"
    code, out, _ = call(capsys, "train", "--resume", "--out", "runs/digits", "--json")
    assert (code, json.loads(out)["epochs"]) == (0, 2)


def test_a_verb_that_is_stopped(capsys, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("snnfpga.commands.rules.print_json", stop)
    assert call(capsys, "rules", "--json") == (130, "", "snnfpga: Stopped\n")


def test_a_full_disk_is_one_line(capsys, folder, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    fails(capsys, 1, "Cannot read or write runs/digits/config.yaml: No space left on device; make room or choose "
                     "another place", "train", *QUICK)


def test_the_demo_sees_what_is_in_the_way_of_its_build_first(folder, capfd):
    (folder / "build").mkdir()
    (folder / "build" / "demo-pynq-z2").write_text("mine")
    assert call(capfd, "demo") == (
        2, "", "snnfpga: Build folder build/demo-pynq-z2 is a file; name another folder with --out\n")
    assert not (folder / "runs").exists()


def test_the_demo_stops_where_a_verb_fails(folder, capfd):
    from snnfpga.commands.demo import VerbRun

    with pytest.raises(SnnfpgaError) as caught:
        VerbRun("evaluate", "runs/none").result()
    assert str(caught.value) == ("The demo stopped at: snnfpga evaluate runs/none (exit code 2); it said why above")
    assert "No run or network runs/none" in capfd.readouterr().err
