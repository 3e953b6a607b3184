"""What was binned once is not binned again, and never other than it would be."""

import os
import zipfile

import numpy as np
import pytest

from snnfpga.data import registry
from snnfpga.data.registry import DataOptions, load

EVENTS = {"t": np.array([0, 40, 90, 5, 25, 3]), "x": np.array([0, 1, 2, 2, 0, 1]), "y": np.array([0, 0, 1, 1, 1, 0]),
          "p": np.array([1, 0, 1, 1, 0, 0])}


def write(**changes):
    np.savez("mine.npz", **(EVENTS | changes), offset=[0, 3, 5, 6], sensor=[2, 3], label=[0, 1, 1],
             split=["train", "test", "train"])


@pytest.fixture
def data(tmp_path, monkeypatch):
    """``mine.npz`` and an N-MNIST-1100 of the same events in the folder where the test runs."""
    monkeypatch.chdir(tmp_path)
    write()
    (tmp_path / "nmnist_1100").mkdir()
    np.savez("nmnist_1100/nmnist_1100.npz", **EVENTS, offset=[0, 3, 5, 6], label=[0, 1, 1],
             is_test=[False, True, False])


@pytest.fixture
def made(monkeypatch):
    """A list that grows by one each time that events are binned."""
    calls = []
    plain = registry.load_npz
    monkeypatch.setattr(registry, "load_npz", lambda *arguments: calls.append(1) or plain(*arguments))
    return calls


def mine(tmp_path, **options):
    return load("mine.npz", DataOptions(cache=tmp_path / "cache", **options))


def files(tmp_path):
    return sorted((tmp_path / "cache").iterdir())


@pytest.mark.parametrize("options", [{}, {"steps": 3}, {"binning": "count", "pool": 2}, {"step_us": 10}])
@pytest.mark.parametrize("name", ["mine.npz", "nmnist-1100"])
def test_the_same_as_without(data, tmp_path, name, options):
    plain = load(name, DataOptions(root=tmp_path, **options))
    for _ in range(2):
        found = load(name, DataOptions(root=tmp_path, cache=tmp_path / "a" / "cache", **options))
        assert (found.name, found.sensor, found.classes) == (plain.name, plain.sensor, plain.classes)
        assert found.digest() == plain.digest()
        assert type(found.train.spikes) is type(found.test.spikes) is type(plain.train.spikes)
    np.testing.assert_array_equal(found.train.spikes[:], plain.train.spikes[:])
    assert (found.train.lengths is None) == (plain.train.lengths is None)
    assert len(list((tmp_path / "a" / "cache").iterdir())) == 1


def test_made_once(data, tmp_path, made):
    for _ in range(3):
        mine(tmp_path)
    assert len(made) == 1
    mine(tmp_path, steps=16)        # what it has when nothing is asked for
    assert len(made) == 1


@pytest.mark.parametrize("options", [{"steps": 3}, {"binning": "count"}, {"step_us": 7}, {"pool": 2}, {"seed": 1}])
def test_other_options_are_other_data(data, tmp_path, made, options):
    mine(tmp_path)
    assert mine(tmp_path, **options).digest() == load("mine.npz", DataOptions(**options)).digest()
    assert len(made) == 3
    assert len(files(tmp_path)) == 2


def test_a_source_that_changed_is_other_data(data, tmp_path, made):
    first = mine(tmp_path).digest()
    before = os.stat("mine.npz")
    write(x=EVENTS["x"][::-1])
    os.utime("mine.npz", ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert os.stat("mine.npz").st_size == before.st_size
    assert mine(tmp_path).digest() != first
    assert len(made) == 2


def damaged(name):
    """Gives the file with one bit of the array ``name`` changed, and a good archive around it."""
    def damage(path):
        arrays = dict(np.load(path))
        arrays[name].reshape(-1)[:1] ^= 1
        np.savez(path.with_suffix(""), **arrays)
        return path.read_bytes()
    return damage


@pytest.mark.parametrize(("steps", "name"), [(16, "train_events"), (16, "train_counts"), (3, "train_bits"),
                                             (3, "test_label")])
def test_a_bit_that_changed_is_found(data, tmp_path, made, steps, name):
    digest = mine(tmp_path, steps=steps).digest()
    path, = files(tmp_path)
    path.write_bytes(damaged(name)(path))
    assert mine(tmp_path, steps=steps).digest() == digest
    assert len(made) == 2


@pytest.mark.parametrize("damage", [
    damaged("train_events"),
    lambda path: path.read_bytes()[:-40],
    lambda path: b"",
    lambda path: b"plain",
    lambda path: path.read_bytes()[:80] + b"\xff" * 20 + path.read_bytes()[100:],
])
def test_a_damaged_file_is_made_again(data, tmp_path, made, capsys, damage):
    digest = mine(tmp_path).digest()
    path, = files(tmp_path)
    path.write_bytes(damage(path))
    assert mine(tmp_path).digest() == digest
    assert capsys.readouterr().err == f"Cache {path} is damaged; it is made again\n"
    assert mine(tmp_path).digest() == digest
    assert len(made) == 2
    assert capsys.readouterr().err == ""
    assert files(tmp_path) == [path]


@pytest.mark.parametrize("steps", [3, 16])
def test_every_byte_counts(data, tmp_path, capsys, steps):
    """Whatever byte is damaged, the data is what it was."""
    digest = mine(tmp_path, steps=steps).digest()
    path, = files(tmp_path)
    whole = path.read_bytes()
    assert zipfile.is_zipfile(path)
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes((whole[at] ^ 0x5a,)) + whole[at + 1:])
        assert mine(tmp_path, steps=steps).digest() == digest


def test_a_cache_that_cannot_be_written_is_done_without(data, tmp_path, capsys):
    (tmp_path / "cache").write_text("a file")
    assert mine(tmp_path).digest() == load("mine.npz").digest()
    error = capsys.readouterr().err
    assert error.startswith(f"Cache {tmp_path}/cache/mine-")
    assert error.endswith(".npz cannot be written (File exists); going on without\n")


def test_what_needs_no_cache_has_none(data, tmp_path):
    np.savez("dense.npz", spikes=np.ones((4, 3, 2), np.uint8), label=[0, 1, 0, 1])
    load("dense.npz", DataOptions(cache=tmp_path / "cache"))
    load("recall", DataOptions(cache=tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()


def test_without_a_source_the_fault_is_named(tmp_path):
    for name, wanted in (("absent.npz", "No data file absent.npz; "), ("shd", f"No data file {tmp_path}/SHD/")):
        with pytest.raises(ValueError, match=wanted):
            load(name, DataOptions(root=tmp_path, cache=tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()
