"""The program on the board, run on a core in Python, beside the reference told the same."""

from pathlib import Path

import numpy as np
import pytest

from board.host import archive, program
from sim.reference.network import Reference
from tests.board.fake_link import FakeCore, FakeLink
from tests.networks import network, samples

SPEC = network().spec           # 12 inputs, 3 classes, at most 16 steps
SPIKES, LABELS = samples(SPEC, 30)
LENGTHS = np.random.default_rng(2).integers(3, 8, 30)
SPLIT = np.where(np.arange(30) % 5 == 4, "test", "train")
TRAIN, TEST = np.flatnonzero(SPLIT == "train"), np.flatnonzero(SPLIT == "test")
DRAWN = TRAIN[np.random.default_rng(SPEC.seed).permutation(24)]     # the order in which snnfpga learn learns


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A driver folder's network and a file of samples, in the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("driver").mkdir()
    archive.write("driver", network())
    write()
    return tmp_path


def write(**changes):
    spikes = SPIKES * (np.arange(7) < LENGTHS[:, None])[:, :, None].astype(np.uint8)
    arrays = {"spikes": spikes, "label": LABELS, "length": LENGTHS, "split": SPLIT, **changes}
    np.savez("samples.npz", **{name: values for name, values in arrays.items() if values is not None})


class DyingLink(FakeLink):
    """The core of which the power goes when it is to take its beat number ``beats``."""

    def __init__(self, core, beats):
        super().__init__(core)
        self.left = beats

    def send(self, beats, *, last=True):
        self.left -= len(beats)
        if self.left < 0:
            raise PowerLoss
        super().send(beats, last=last)


class PowerLoss(BaseException):
    """Ends the program where it stands."""


def run(*arguments, link=None, core=None):
    """Exit code of the program; the links it made."""
    made = []

    def attach(bitstream, *, clock_mhz):
        made.append((bitstream, clock_mhz))
        return link or FakeLink(core or FakeCore(network()))

    code = program.main(attach, folder=Path("driver"), clock_mhz=50.0, about="The program.",
                        arguments=["top.bit", "samples.npz", *constant(arguments), *arguments])
    return code, made


def constant(arguments):
    """What is told by hand here learns at one rate."""
    learns = {"--learn", "--passes"} & {*arguments} and "--schedule" not in arguments
    return ("--schedule", "constant") if learns else ()


def learned(folder="driver/learned"):
    return weights(archive.read(folder))


def weights(made):
    return np.concatenate([*(values.ravel() for values in (*sum(made.weights, ()), *made.readouts)),
                           made.window_numbers])


def taught(order, labels=LABELS, lengths=LENGTHS):
    """The reference after it has learned from these samples one by one."""
    reference = Reference(network())
    for number in order:
        reference.run(SPIKES[number, :lengths[number]], int(labels[number]), learn=True)
    return reference


def accuracy(reference, numbers=TEST, labels=LABELS):
    return np.mean([reference.run(SPIKES[n, :LENGTHS[n]], 0, learn=False).prediction == labels[n] for n in numbers])


def refused(capsys, arguments, line, code=2):
    """Before the core is reached, in one line and nothing else."""
    assert run(*arguments) == (code, [])
    assert capsys.readouterr() == ("", f"example.py: {line}\n")
