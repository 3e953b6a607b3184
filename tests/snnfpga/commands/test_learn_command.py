"""Learning from the command line: what it writes, what it leaves alone, and where the report finds it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from rtl_gen.contract import network_file
from snnfpga.backends import simulated
from snnfpga.backends.registry import make
from snnfpga.runs.held_out import HELD_OUT
from snnfpga.runs.learn_record import KEYS, file_digest
from tests.verbs import call, small_run


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A run of a small network, and its data."""
    monkeypatch.chdir(tmp_path)
    small_run()
    return tmp_path


def test_the_report_of_a_run_shows_what_was_learned_wherever_it_was_written(here, capfd):
    code, out, _ = call(capfd, "learn", "runs/small", "--out", "adapted.safetensors", "--json")
    found = json.loads(out)
    assert code == 0
    assert set(found) == {*KEYS, "curve", "guard", "passes", "rehearsed", "schedule", "seed", "test_samples",
                          "lessons_off", "unlabelled", "rates", "settings", "fresh"}
    assert (found["data"], found["source"], found["network"]) == (
        "small.npz", "runs/small/network.safetensors", "adapted.safetensors")
    assert found["source_sha256"] == file_digest(Path("runs/small/network.safetensors"))
    assert json.loads(Path("runs/small/learn.json").read_text()) == found
    assert not Path("learn.json").exists()
    assert "Learning on chip" not in json.loads(call(capfd, "report", "runs/small", "--json")[1])["missing"]


def test_a_network_outside_a_run_leaves_no_word(here, capfd):
    assert call(capfd, "learn", "runs/small", "--out", "one.safetensors")[0] == 0
    word = Path("runs/small/learn.json").read_bytes()
    assert call(capfd, "learn", "one.safetensors", "--out", "two.safetensors")[0] == 0
    assert not Path("learn.json").exists()
    assert Path("runs/small/learn.json").read_bytes() == word


def test_samples_that_were_held_out_are_so_no_more(here, capfd):
    """They may be learned from, so that nothing may be measured on them: the file says of none, and of data that has no
    test split nothing is learned."""
    network = Path("runs/small/network.safetensors")
    held = {HELD_OUT: json.dumps({"share": 0.2, "seed": 0, "accuracy": 1.0, "epoch": 1})}
    network_file.write(network, network_file.read(network), notes=network_file.read_notes(network) | held)
    assert call(capfd, "learn", "runs/small", "--out", "adapted.safetensors")[0] == 0
    assert HELD_OUT not in network_file.read_notes("adapted.safetensors")
    arrays = dict(np.load("small.npz"))
    np.savez("small.npz", **arrays | {"split": np.full(len(arrays["label"]), "train")})
    assert call(capfd, "learn", "runs/small", "--out", "other.safetensors") == (
        2, "", "snnfpga: Data small.npz has no test samples; mark some as test in its split, or give more\n")


def test_only_what_learn_wrote_is_replaced(here, capfd):
    Path("notes.txt").write_text("mine")
    before = Path("runs/small/network.safetensors").read_bytes()
    for taken, line in (
            ("notes.txt", "File notes.txt exists and is not a network that snnfpga learn wrote; name another file with "
                          "--out, or give --overwrite"),
            ("runs/small/network.safetensors",
             "--out runs/small/network.safetensors is the network that learns, which would be lost; name another file, "
             "or give --overwrite")):
        kept = Path(taken).read_bytes()
        assert call(capfd, "learn", "runs/small", "--out", taken) == (2, "", f"snnfpga: {line}\n")
        assert Path(taken).read_bytes() == kept
    for _ in range(2):
        assert call(capfd, "learn", "runs/small", "--out", "adapted.safetensors")[0] == 0
    assert call(capfd, "learn", "adapted.safetensors", "--out", "adapted.safetensors")[0] == 2
    assert call(capfd, "learn", "runs/small", "--out", "runs/small/network.safetensors", "--overwrite")[0] == 0
    assert Path("runs/small/network.safetensors").read_bytes() != before


def test_a_word_that_is_not_ours_stays(here, capfd):
    Path("runs/small/learn.json").write_text("{}")
    assert call(capfd, "learn", "runs/small") == (
        2, "", "snnfpga: File runs/small/learn.json exists and is not what snnfpga learn leaves there for the report; "
               "move it away, or give --overwrite\n")
    assert Path("runs/small/learn.json").read_text() == "{}"
    assert not Path("runs/small/learned.safetensors").exists()


def test_hardware_that_learns_otherwise_is_refused(here, capfd, monkeypatch):
    """One weight of the core is off by one, and one of its counters."""
    def wrong(network, split, advance, simulator, rates):
        learner = make("reference", network)
        learner.learn(split, advance, rates)
        learned = learner.network()
        learned.weights[1][0][2, 0] ^= 1
        return learned, {f"block{b}.{name}": value * (b == 0) + (name == "events") * b
                         for b in range(len(network.spec.blocks)) for name, value in learner.counters().items()}

    monkeypatch.setattr(simulated, "learn", wrong)
    code, out, err = call(capfd, "learn", "runs/small", "--backend", "rtl", "--json")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert re.match(r"snnfpga: Backend rtl must learn as the reference does, and 1 weights, 1 counters differ of \d+ "
                    r"values compared, first: weights of block 1 layer 0 at \(2, 0\): -?\d+, the reference has -?\d+; "
                    "do not build this network, report it\n$", err)
    assert not Path("runs/small/learned.safetensors").exists()
    assert not Path("runs/small/learn.json").exists()


def test_counts_are_named_for_what_they_count(here, capfd):
    out = call(capfd, "learn", "runs/small")[1]
    assert "weight updates formed" in out
    assert "writes of a weight" in out
