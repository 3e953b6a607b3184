import os
import re
import shutil

import numpy as np
import pytest

from board.host import saved
from board.host.saved import SavedError, SavedNetworks
from tests.networks import network


def same(one, other):
    return (one.spec, one.window_numbers) == (other.spec, other.window_numbers) and all(
        np.array_equal(a, b) for a, b in zip((*sum(one.weights, ()), *one.readouts),
                                             (*sum(other.weights, ()), *other.readouts), strict=True))


@pytest.fixture
def three(tmp_path):
    """Three generations, each of another network, and the lines that were said of them."""
    said = []
    kept = SavedNetworks(tmp_path / "saved", say=said.append)
    for seed in range(3):
        kept.save(random(seed), {"done": seed}, best=random(10 + seed) if seed else None)
    return kept, said


def random(seed):
    """Networks that differ in their weights alone."""
    made = network()
    generator = np.random.default_rng(seed)
    weights = tuple(tuple(generator.integers(-50, 50, values.shape).astype(np.int32) for values in layers)
                    for layers in made.weights)
    return type(made)(made.spec, weights, made.readouts, (seed, seed))


def test_the_latest_is_what_was_saved(three):
    kept, said = three
    found = kept.latest()
    assert same(found.network, random(2))
    assert same(found.best, random(12))
    assert (found.number, found.note, found.folder.name) == (3, {"done": 2}, "generation-000003")
    assert said == []


def test_nothing_was_saved(tmp_path):
    kept = SavedNetworks(tmp_path / "saved")
    assert kept.latest() is None
    assert not (tmp_path / "saved").exists()
    with pytest.raises(SavedError, match=r"^No generation in .* to go back to; begin with the build's network"):
        kept.rollback()


def test_rollback_takes_one_back_at_a_time(three):
    kept, _ = three
    found = kept.rollback()
    assert same(found.network, random(1))
    assert kept.latest().number == 2
    assert kept.rollback().best is None
    with pytest.raises(SavedError, match="to go back to"):
        kept.rollback()
    assert kept.latest().number == 1
    assert kept.save(random(5), {}).name == "generation-000004"         # no number comes twice
    assert kept.latest().number == 4
    assert kept.rollback().number == 1


def test_a_damaged_one_does_not_come_back_by_rollback(three):
    """Had it stayed, and been whole after all, the next start would take it."""
    kept, _ = three
    (kept.folder / "generation-000003" / "weights.npz").write_bytes(b"")
    assert kept.rollback().number == 1
    assert sorted(path.name for path in kept.folder.iterdir()) == [
        "generation-000001", "rejected-000002", "rejected-000003"]


def test_the_oldest_go(tmp_path):
    kept = SavedNetworks(tmp_path, keep=3)
    for seed in range(5):
        kept.save(random(seed), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"generation-{n:06}" for n in (3, 4, 5)]
    with pytest.raises(SavedError, match=r"^Generations to keep must be at least 2, not 1;"):
        SavedNetworks(tmp_path, keep=1)


FILES = ("spec.json", "weights.npz", "generation.json", "best/spec.json", "best/weights.npz")


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere_is_skipped_with_a_line(three, name):
    """At its ends, byte by byte, and at every 41st in between."""
    kept, said = three
    path = kept.folder / "generation-000003" / name
    whole = path.read_bytes()
    lengths = sorted({*range(20), *range(0, len(whole), 41), *range(len(whole) - 20, len(whole))})
    for length in lengths:
        path.write_bytes(whole[:length])
        said.clear()
        assert kept.latest().number == 2, length
        assert said == [f"Skipped {kept.folder}/generation-000003: {path.name if '/' not in name else name} "
                        "is not as it was written"], length
    path.write_bytes(whole)
    assert kept.latest().number == 3


@pytest.mark.parametrize("name", FILES)
def test_a_bit_that_turned_is_noticed(three, name):
    kept, said = three
    path = kept.folder / "generation-000003" / name
    whole = path.read_bytes()
    for place in range(0, len(whole), 83):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1:])
        assert kept.latest().number == 2, place
        assert len(said) == 1
        said.clear()


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_is_noticed(three, name):
    kept, said = three
    (kept.folder / "generation-000003" / name).unlink()
    assert kept.latest().number == 2
    assert re.fullmatch(r"Skipped \S+generation-000003: \S+ cannot be read \(No such file or directory\)", said[0])


def test_none_is_whole(three):
    kept, said = three
    for folder in kept.folder.iterdir():
        (folder / "generation.json").write_text("")
    with pytest.raises(SavedError, match=r"^Of 3 generations in .* none is whole; begin with"):
        kept.latest()
    assert len(said) == 3


class PowerLoss(BaseException):
    """Ends the program where it stands: nothing is caught, nothing tidied."""


def steps_of(monkeypatch, stop_at):
    """Let the call number ``stop_at``, of all that change the disk, be the last; counts them."""
    count = [0]

    def counted(name, owner=os):
        whole = getattr(owner, name)

        def call(*arguments, **options):
            count[0] += 1
            if count[0] == stop_at:
                raise PowerLoss
            return whole(*arguments, **options)

        monkeypatch.setattr(owner, name, call)

    counted("replace")
    counted("fsync")
    counted("mkdir")
    counted("_write", saved)
    # What the program would tidy up in Python is not tidied where the power is gone.
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    return count


def test_power_lost_at_any_step_of_a_save(tmp_path, monkeypatch):
    """After it the latest is the one before or the new one, whole; and the next save works."""
    seen, stop_at = set(), 0
    while True:
        stop_at += 1
        folder = tmp_path / str(stop_at)
        said = []
        kept = SavedNetworks(folder, keep=2, say=said.append)
        for seed in range(2):
            kept.save(random(seed), {"seed": seed})
        with monkeypatch.context() as patch:
            steps_of(patch, stop_at)
            try:
                kept.save(random(2), {"seed": 2}, best=random(3))
                ended = True
            except PowerLoss:
                ended = False
        found = kept.latest()
        assert same(found.network, random(found.note["seed"]))
        assert said == []
        seen.add((found.note["seed"], ended))
        kept.save(random(4), {"seed": 4})
        assert kept.latest().note == {"seed": 4}
        assert sorted(path.name.partition("-")[0] for path in folder.iterdir()) == ["generation"] * 2
        if ended:
            break
    assert seen == {(1, False), (2, False), (2, True)}
    assert stop_at > 12


def test_power_lost_within_a_rollback(tmp_path, monkeypatch):
    for stop_at in (1, 2, 3):
        kept = SavedNetworks(tmp_path / str(stop_at), say=lambda line: None)
        for seed in range(3):
            kept.save(random(seed), {"seed": seed})
        (kept.folder / "generation-000003" / "spec.json").unlink()
        with monkeypatch.context() as patch:
            steps_of(patch, stop_at)
            with pytest.raises(PowerLoss):
                kept.rollback()
        assert kept.latest().note["seed"] == (0 if stop_at == 3 else 1)


def test_a_full_disk_leaves_the_others(three, monkeypatch):
    kept, _ = three

    def full(path, contents):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(saved, "_write", full)
        with pytest.raises(OSError, match="No space left"):
            kept.save(random(9), {})
    assert sorted(path.name for path in kept.folder.iterdir()) == [f"generation-{n:06}" for n in (1, 2, 3)]
    assert kept.latest().number == 3
