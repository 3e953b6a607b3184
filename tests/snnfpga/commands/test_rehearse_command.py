"""A build's program on a simulated board: it is that very program, and what it does is compared."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from board.build import make_plan
from board.host import archive
from board.plan import write
from board.registry import get
from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network_file import read, read_notes
from sim.reference.network import Reference
from tests.networks import network, samples
from tests.verbs import call, small_run

FOLDER = "build/small-pynq-z2"
QUICK = ("--simulator", "icarus", "--json")
SPIKES, LABELS = samples(network().spec, 12)
LENGTHS = np.random.default_rng(4).integers(3, 8, 12)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with a run, its build, and a simulated board that is compiled already."""
    place = tmp_path_factory.mktemp("rehearse")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        made, *_ = small_run()
        path = "runs/small/network.safetensors"
        write(make_plan(read(path), get("pynq-z2"), notes=read_notes(path), synthesis=False), Path(FOLDER))
    return place, made


@pytest.fixture
def here(built, monkeypatch):
    """The folder, with a file of samples that have lengths, and of which some lack a label."""
    place, made = built
    monkeypatch.chdir(place)
    shutil.rmtree("trial", ignore_errors=True)
    spikes = SPIKES * (np.arange(7) < LENGTHS[:, None])[:, :, None].astype(np.uint8)
    labels = np.where(np.arange(12) % 5 == 1, -1, LABELS)
    np.savez("mine.npz", spikes=spikes, label=labels, length=LENGTHS,
             split=np.where(np.arange(12) % 4 == 3, "test", "train"))
    return made, spikes, labels


def rehearse(capture, *words):
    return call(capture, "rehearse", FOLDER, *QUICK, *words)


def test_a_course_on_the_simulated_board_equals_the_reference(here, capfd):
    made, spikes, labels = here
    options = ["--learn", "2", "--seed", "3", "--schedule", "constant"]
    code, out, err = rehearse(capfd, "--samples", "mine.npz", "--folder", "trial", "--", *options)
    assert code == 0, err
    found = json.loads(out)
    assert found["differences"] == 0
    assert found["compared"]["weights"] > 200
    assert found["compared"]["predictions"] == 3 + 18 + 3
    assert found["compared"]["counters"] > 40
    assert (found["done"], found["unlabelled"], found["arguments"]) == (18, 4, options)
    assert re.search(r"Accuracy: 0\.\d{4} of 3 test samples, not learned from\n", err)
    # And equal to the reference told by hand, not by the program.
    reference, rng = Reference(made), np.random.default_rng(3)
    lessons = np.flatnonzero(np.arange(12) % 4 != 3)
    for number in np.concatenate([lessons[rng.permutation(9)], lessons[rng.permutation(9)]]):
        if labels[number] >= 0:
            reference.run(spikes[number, :LENGTHS[number]], int(labels[number]), learn=True)
    learned = archive.read("trial/driver/learned")
    np.testing.assert_array_equal(learned.weights[0][0], reference.network().weights[0][0])
    assert learned.window_numbers == reference.network().window_numbers
    assert not Path(FOLDER, "driver", "learned").exists()


def test_saving_resuming_and_going_back_are_rehearsed_in_a_folder(here, capfd):
    options = ("--samples", "mine.npz", "--folder", "trial", "--", "--learn", "1", "--guard", "0.3", "--guard-every",
               "3", "--save-every", "2")
    code, out, err = rehearse(capfd, *options)
    assert (code, json.loads(out)["differences"]) == (0, 0), err
    assert "Guard: after 0 samples " in err
    code, out, err = rehearse(capfd, "--samples", "mine.npz", "--folder", "trial", "--", "--rollback")
    assert (code, json.loads(out)["differences"]) == (0, 0), err
    assert re.search(r"^Rolled back to \S+/trial/driver/saved/generation-00000\d\n", err)
    code, out, err = rehearse(capfd, *options, "--resume")
    assert (code, json.loads(out)["differences"]) == (0, 0), err
    assert "samples of this course are done\n" in err


def test_the_program_that_runs_is_the_one_in_the_folder(here, capfd):
    """With a mistake in its driver it learns otherwise, and that is said."""
    (Path("trial") / "driver").parent.mkdir()
    shutil.copytree(Path(FOLDER) / "driver", "trial/driver")
    path = Path("trial/driver/board/host/course.py")
    path.write_text(path.read_text().replace("rng.permutation(samples) if shuffled", "np.arange(samples) if shuffled"))
    code, out, err = rehearse(capfd, "--samples", "mine.npz", "--folder", "trial", "--", "--learn", "1")
    assert code == 1
    assert json.loads(out)["differing"]["weights"] > 0
    assert re.search(r"snnfpga: The simulated board must do as the reference does, and \d+ weights, .* first: weights "
                     r"of block 0 layer 0 at ", err.splitlines()[-1])


@pytest.mark.parametrize(("damage", "options", "line"), [
    (lambda path: path.write_bytes(path.read_bytes()[:300]), (), "Samples mine.npz are not a whole .npz of plain "),
    (lambda path: path.unlink(), (), "No samples mine.npz; make the file with snnfpga export-samples"),
    (lambda path: None, ("--", "--learn", "-2"), "--learn must be at least 0, not -2\n"),
    (lambda path: None, ("--", "--learn", "x"), "Option of the program, argument --learn/--passes: invalid int value"),
    (lambda path: None, ("--", "--lern", "1"), "Option of the program, unrecognized arguments: --lern 1; "),
])
def test_what_the_program_would_refuse_is_refused_before_a_board_is_simulated(here, capfd, monkeypatch, damage,
                                                                               options, line):
    monkeypatch.setattr("snnfpga.backends.rehearsal.simulated_board", None)
    damage(Path("mine.npz"))
    code, out, err = rehearse(capfd, "--samples", "mine.npz", *options)
    assert (code, out) == (2, "")
    assert err.startswith(f"snnfpga: {line}")
    assert err.count("\n") == 1


def test_what_the_program_refuses_it_refuses_here(here, capfd):
    code, out, err = rehearse(capfd, "--samples", "mine.npz", "--", "--rollback")
    assert (code, out) == (1, "")
    assert err.startswith("example.py: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(("words", "line"), [
    (("--", "--link", "x"), "Option --link of the program cannot be given to a rehearsal, which keeps all in its own "
                            "folder; leave it out, and see --folder"),
    (("--", "--saved=x"), "Option --saved of the program cannot be given to a rehearsal, which keeps all in its own "
                          "folder; leave it out, and see --folder"),
    (("--simulator", "vcs"), "No simulator is called 'vcs'; known: icarus, verilator"),
])
def test_what_cannot_be_rehearsed(here, capfd, words, line):
    assert call(capfd, "rehearse", FOLDER, *words) == (2, "", f"snnfpga: {line}\n")


def test_a_driver_of_an_earlier_version(here, capfd, tmp_path, monkeypatch):
    from snnfpga.backends.rehearsal import copy_driver

    (tmp_path / "old" / "driver").mkdir(parents=True)
    with pytest.raises(SnnfpgaError, match=r"has a driver that cannot be rehearsed, of an earlier version; build it"):
        copy_driver(tmp_path / "old", tmp_path / "place")
    assert not (tmp_path / "place").exists()
