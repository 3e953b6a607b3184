"""A run's folder belongs to one process at a time, and a training that came to nothing leaves nothing in the way."""

import re
from pathlib import Path

import pytest

from snnfpga.runs.metrics import MetricsLog
from tests.rtl_gen.test_claim import holder
from tests.verbs import call, small_data

QUICK = ["--set", "data.name=mine.npz", "--set", "name=twin", "--set", "network.blocks=[[8]]", "--set",
         "training.epochs=1"]
BUSY = r"^snnfpga: Run {} is being written by process \d+ on \S+; wait until that has ended, or choose another place\n$"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_data()
    return tmp_path


def test_a_run_that_is_being_trained_is_nobody_elses(here, capsys):
    other = holder("claimed_folder", here / "runs" / "twin")
    for more in ((), ("--overwrite",), ("--resume",)):
        code, out, err = call(capsys, "train", *QUICK, *more)
        assert (code, out) == (2, "")
        assert re.match(BUSY.format("runs/twin"), err), err
    other.communicate("")
    assert not Path("runs").exists()
    assert call(capsys, "train", *QUICK)[0] == 0
    assert sorted(path.name for path in Path("runs/twin").iterdir()) == [
        "best.safetensors", "checkpoint.safetensors", "config.yaml", "evaluate.json", "metrics.jsonl",
        "network.safetensors", "tensorboard"]


def test_what_is_to_take_a_runs_place_is_claimed_with_it(here, capsys, monkeypatch):
    def stop(log, line):
        raise KeyboardInterrupt

    assert call(capsys, "train", *QUICK)[0] == 0
    with monkeypatch.context() as patch:
        patch.setattr(MetricsLog, "write", stop)
        assert call(capsys, "train", *QUICK, "--overwrite")[0] == 1
    other = holder("claimed_folder", here / "runs" / "twin")
    code, _, err = call(capsys, "train", "--resume", "--out", "runs/twin/new")
    assert (code, bool(re.match(BUSY.format("runs/twin"), err))) == (2, True), err
    other.communicate("")
    code, _, err = call(capsys, "train", "--resume", "--out", "runs/twin/new")
    assert (code, err) == (0, "Run runs/twin/new was stopped within its first epoch: it begins again\n")


@pytest.mark.parametrize("folder", ["runs/twin", "kept"])
def test_a_training_that_fails_in_its_first_epoch_leaves_nothing(here, capsys, monkeypatch, folder):
    def fails(log, line):
        raise OSError(28, "No space left on device", "metrics.jsonl")

    Path("kept").mkdir()        # a folder that was there stays
    arguments = ["train", *QUICK, "--out", folder]
    with monkeypatch.context() as patch:
        patch.setattr(MetricsLog, "write", fails)
        assert call(capsys, *arguments)[::2] == (
            1, "snnfpga: Cannot read or write metrics.jsonl: No space left on device; make room or choose another "
               "place\n")
    assert not Path("runs").exists()
    assert not list(Path("kept").iterdir())
    assert call(capsys, *arguments)[0] == 0
    before = {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}
    with monkeypatch.context() as patch:
        patch.setattr(MetricsLog, "write", fails)
        assert call(capsys, *arguments, "--overwrite")[0] == 1
    assert {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()} == before


def test_a_finished_run_without_its_checkpoint_is_not_trained_again_unasked(here, capsys):
    assert call(capsys, "train", *QUICK)[0] == 0
    Path("runs/twin/checkpoint.safetensors").unlink()
    before = Path("runs/twin/network.safetensors").read_bytes()
    assert call(capsys, "train", *QUICK, "--resume")[::2] == (
        2, "snnfpga: Run runs/twin is trained and holds no checkpoint.safetensors to go on from; start anew with "
           "--overwrite, or choose another place with --out\n")
    assert Path("runs/twin/network.safetensors").read_bytes() == before


def test_a_damaged_checkpoint_says_how_to_go_on(here, capsys):
    assert call(capsys, "train", *QUICK)[0] == 0
    Path("runs/twin/checkpoint.safetensors").write_bytes(b"cut")
    code, _, err = call(capsys, "train", *QUICK, "--resume")
    assert (code, err.endswith("; start anew with --overwrite\n")) == (1, True)


@pytest.mark.parametrize(("out", "line"), [
    ("mine.npz", "--out must be a folder, and mine.npz is a file"),
    ("mine.npz/run", "Folder mine.npz/run cannot be made: mine.npz is a file; choose another place"),
    ("dead", "Folder dead cannot be made: dead is a link to nowhere, which is not there; choose another place"),
    ("/proc/none/run", "Folder /proc/none/run cannot be made: No such file or directory; choose another place"),
    ("n" * 300, f"Cannot read or write {'n' * 300}: File name too long; make room or choose another place"),
])
def test_a_place_that_cannot_be_written_is_said_before_the_data_is_read(here, capsys, out, line):
    Path("dead").symlink_to("nowhere")
    Path("mine.npz").write_text("no data at all")
    assert call(capsys, "train", *QUICK, "--out", out) == (2, "", f"snnfpga: {line}\n")


def test_a_rule_that_there_is_not_is_said_before_the_data_is_read(here, capsys):
    Path("mine.npz").unlink()
    code, _, err = call(capsys, "train", *QUICK, "--set", "learning.rule=bttp")
    assert (code, err) == (2, "snnfpga: No learning rule is called 'bttp'; did you mean bptt? (snnfpga rules lists "
                              "them)\n")
    assert not Path("runs").exists()
