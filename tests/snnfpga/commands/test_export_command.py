"""Samples for a board: what is exported is what the network was trained on, as the program on the board reads it."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from board.host.samples import read_samples
from rtl_gen.contract import network_file
from snnfpga.commands import export_samples
from snnfpga.config.data import DataConfig
from snnfpga.data import export
from snnfpga.data.source import load_data
from tests.networks import block, network
from tests.verbs import call, small_run


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def events(samples=12):
    """Recordings of different lengths, on a sensor of 2 x 3."""
    rng = np.random.default_rng(1)
    offset = np.cumsum([0, *rng.integers(5, 30, samples)])
    arrays = {"t": rng.integers(0, 6000, offset[-1]), "x": rng.integers(0, 3, offset[-1]),
              "y": rng.integers(0, 2, offset[-1]), "p": rng.integers(0, 2, offset[-1])}
    for first, last in pairwise(offset):
        arrays["t"][first:last] = np.sort(arrays["t"][first:last]) // rng.integers(1, 4)
    np.savez("events.npz", **arrays, offset=offset, sensor=np.array([2, 3]), label=np.arange(samples) % 3)


def test_steps_delays_lengths_and_split_are_those_of_the_data(here, capsys):
    events()
    config = DataConfig(name="events.npz", step_us=500, steps=12, delays=(1, 3))
    data = load_data(config)
    made = network(block(data.inputs, 5), name="timed")
    network_file.write("timed.safetensors", made, notes={"data": config.model_dump_json()})
    code, out, err = call(capsys, "export-samples", "timed.safetensors", "--out", "board.npz", "--json")
    assert (code, err) == (0, "")
    found = read_samples(Path("board.npz"), made.spec)
    assert json.loads(out) == {"samples": {"train": len(data.train), "test": len(data.test)}, "inputs": 36,
                               "steps": data.steps, "data": "events.npz", "out": "board.npz",
                               "memory_bytes": 12 * data.steps * 36}
    assert found.is_test.tolist() == [False] * len(data.train) + [True] * len(data.test)
    assert len(set(found.steps)) > 2
    number = 0
    for split in (data.train, data.test):
        np.testing.assert_array_equal(found.labels[found.is_test == (split is data.test)], split.labels)
        for sample in range(len(split)):
            np.testing.assert_array_equal(found[number], split.spikes[sample][:split.steps_of(sample)])
            number += 1


def test_some_of_a_half_in_pieces(here, capsys, monkeypatch):
    """However few samples are dense at a time."""
    made, *_ = small_run()
    assert call(capsys, "export-samples", "--half", "test", "--samples", "4", "--out", "one.npz")[0] == 0
    monkeypatch.setattr(export, "CHUNK", 3)
    assert call(capsys, "export-samples", "--half", "test", "--samples", "4", "--out", "two.npz")[0] == 0
    one, two = (read_samples(Path(name), made.spec) for name in ("one.npz", "two.npz"))
    np.testing.assert_array_equal(one.spikes, two.spikes)
    assert (len(one), one.is_test.all(), set(one.steps)) == (4, True, {7})
    with np.load("one.npz") as file:
        assert "length" not in file.files


def test_it_is_read_by_what_learns_here_too(here, capsys):
    small_run()
    call(capsys, "export-samples", "--out", "board.npz")
    codes = [call(capsys, "learn", *data, "--out", f"{number}.safetensors", "--json")[:2]
             for number, data in enumerate([(), ("--data", "board.npz")])]
    one, two = (json.loads(out) for _, out in codes)
    assert one["updates"] == two["updates"] > 0
    assert one["accuracy_after"] == two["accuracy_after"]


def test_much_is_said(here, capsys, monkeypatch):
    small_run()
    monkeypatch.setattr(export_samples, "MUCH", 800)
    code, out, err = call(capsys, "export-samples", "--json")
    assert code == 0
    assert err == ("samples.npz takes 840 bytes in the board's memory; where that is too much, export fewer with "
                   "--samples\n")
    assert json.loads(out)["memory_bytes"] == 10 * 7 * 12


def test_nothing_is_written_where_it_should_not(here, capsys, monkeypatch):
    small_run()
    Path("mine.npz").write_text("mine")
    for words, line in [
            (("--out", "mine.npz"), "File mine.npz exists and is not replaced unless asked for; name another file with "
                                    "--out, or give --overwrite"),
            (("--out", "none/mine.npz"), "No folder none to write mine.npz into; make it first"),
            (("--out", "mine.txt"), "File mine.txt to write must end in .npz, by which samples are known"),
            (("--half", "tests"), "No half is called 'tests'; did you mean test?"),
            (("--samples", "6", "--out", "new.npz"), "Samples must be in 1..5, the train samples of small.npz, not 6")]:
        assert call(capsys, "export-samples", *words) == (2, "", f"snnfpga: {line}\n")
    assert Path("mine.npz").read_text() == "mine"

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(export, "_write_spikes", full)
        code, _, err = call(capsys, "export-samples", "--out", "mine.npz", "--overwrite")
    assert (code, err) == (1, "snnfpga: Cannot read or write mine.npz: No space left on device; make room or choose "
                              "another place\n")
    assert Path("mine.npz").read_text() == "mine"
    assert sorted(path.name for path in here.iterdir()) == ["mine.npz", "runs", "small.npz"]
    assert call(capsys, "export-samples", "--out", "mine.npz", "--overwrite")[0] == 0


def test_data_of_another_network(here, capsys):
    small_run()
    np.savez("other.npz", spikes=np.ones((4, 7, 5), np.uint8), label=np.array([0, 1, 0, 1]),
             split=np.array(["train", "test"] * 2))
    code, _, err = call(capsys, "export-samples", "--data", "other.npz")
    assert code == 2
    assert err.startswith("snnfpga: Data other.npz must have 12 inputs for network small, not 5;")
    assert not Path("samples.npz").exists()
