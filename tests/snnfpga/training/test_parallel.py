"""Two processes train to the same weights, to the bit, as one."""

import re
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network_file import read
from snnfpga import cli
from snnfpga.config.models import Config
from snnfpga.training import trainer as training
from snnfpga.training.parallel import Team, join
from tests.verbs import UNSEARCHED, call

SMALL = ("data.name=digits-events", "data.steps=4", "network.blocks=[[16],[12]]", "hardware.blocks=[]",
         "training.epochs=2", "training.batch=480", "training.threads=1", "learning.window=2",
         *UNSEARCHED[1::2])
SEARCHED = ("on_chip.rate_shift=auto", "on_chip.readout_rate_shift=auto")
REGRID = "training.regrid=[{after: 1, weight_bits: 4}]"


def settings(*more):
    return [word for value in (*SMALL, *more) for word in ("--set", value)]


def alone(capsys, out, *more):
    code, _, err = call(capsys, "train", *settings(*more), "--out", str(out))
    assert code == 0, err


def together(out, *more, ranks=2, resume=False):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(ranks), "--standalone",
               "-m", "snnfpga", "train", *settings(*more), "--out", str(out), *(["--resume"] if resume else [])]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def assert_same(one, other):
    for name in ("network.safetensors", "checkpoint.safetensors"):
        wanted, found = load_file(one / name), load_file(other / name)
        assert found.keys() == wanted.keys()
        for key, value in wanted.items():
            np.testing.assert_array_equal(found[key], value, key)
    # The exponents of the grids are in the network's specification.
    assert read(one / "network.safetensors").spec == read(other / "network.safetensors").spec


@pytest.mark.parametrize("more", [
    ("training.parts=2", "learning.rule=bptt", "training.augment.shift=1", REGRID),
    *(pytest.param(more, marks=pytest.mark.slow) for more in (
        ("training.parts=2", *SEARCHED),
        ("training.parts=2", "learning.rule=sltt", "learning.select=random", "learning.selected_steps=2")))])
def test_two_halves_of_a_batch(tmp_path, capsys, more):
    alone(capsys, tmp_path / "one", *more)
    done = together(tmp_path / "two", *more)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("test accuracy") == 1
    assert_same(tmp_path / "one", tmp_path / "two")


@pytest.mark.parametrize("more", [
    pytest.param((), marks=pytest.mark.slow), (REGRID, "network.normalise=weights", "learning.update=window")])
def test_blocks_of_two_processes(tmp_path, capsys, more):
    alone(capsys, tmp_path / "one", *more)
    done = together(tmp_path / "two", "training.parallel=blocks", *more)
    assert done.returncode == 0, done.stderr
    assert_same(tmp_path / "one", tmp_path / "two")


@pytest.mark.parametrize(("more", "message"), [
    (("training.parts=1",), "Config training.parts must be a multiple of the 2 processes that share them, not 1; take "
                            "--set training.parts=2"),
    *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        (("training.parallel=blocks", "learning.rule=bptt"),
         "Rule bptt cannot be trained with training.parallel=blocks, where nothing comes back from one process to "
         "another; take truncated-local, or parallel=data"),
        (("training.parallel=blocks", "network.blocks=[[16]]"),
         "Config training.parallel=blocks needs a block for each of the 2 processes, not 1; start fewer, or make more "
         "blocks"))),
])
def test_what_cannot_be_shared(tmp_path, more, message):
    done = together(tmp_path / "run", *more)
    # By the first process alone, whose exit code is in torchrun's summary.
    assert [line for line in done.stderr.splitlines() if line.startswith("snnfpga: ")] == [f"snnfpga: {message}"]
    assert re.search(r"exitcode *: 2 ", done.stderr.split("Root Cause")[1])
    assert done.returncode == 1
    assert not (tmp_path / "run").exists()


def test_a_process_that_fails_alone_says_so(monkeypatch, capsys):
    monkeypatch.setenv("LOCAL_RANK", "1")
    waited = []
    monkeypatch.setattr(cli.time, "sleep", waited.append)
    assert call(capsys, "train", "--device", "tpu") == (
        2, "", "snnfpga: Device must be one of cpu, cuda, not 'tpu'\n")
    assert waited == [cli.PATIENCE]


def test_a_stop_is_said_by_the_first(tmp_path, monkeypatch, capsys):
    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(training.Trainer, "run", stop)
    monkeypatch.setattr("snnfpga.training.parallel.join", lambda config, device: Team(1))
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert call(capsys, "train", *settings(), "--out", str(tmp_path / "run")) == (130, "", "")


def test_devices_are_not_shared(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SnnfpgaError, match=r"^Several processes train on processors alone, not on cuda; take --device "
                                           r"cpu, or one process$"):
        join(Config(), "cuda")


def test_parts_wait_for_no_update(tmp_path, capsys):
    code, _, err = call(capsys, "train", *settings("training.parts=2", "learning.update=window"))
    assert code == 2
    assert err.startswith("snnfpga: Config training.parts adds up the gradients of the parts of a batch")
