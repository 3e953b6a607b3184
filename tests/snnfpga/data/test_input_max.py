"""Inputs that count: direct codes, events that are counted, and numbers in a file of one's own."""

import re

import numpy as np
import pytest

from snnfpga.data.coding import encode
from snnfpga.data.dataset import DataError
from snnfpga.data.event_lists import EventLists
from snnfpga.data.registry import DataOptions, load


def test_a_direct_code_says_the_value_in_each_step():
    spikes = encode(np.array([[0.0, 0.5, 1.0, 0.1]]), "direct", 3, 0, most=15)
    assert spikes.dtype == np.uint8
    assert spikes.tolist() == [[[0, 8, 15, 2]] * 3]


def test_still_images_have_it_where_inputs_count():
    counted, by_name = (load("digits", DataOptions(steps=2, input_max=16, coding=coding))
                        for coding in (None, "direct"))
    np.testing.assert_array_equal(counted.train.spikes, by_name.train.spikes)
    assert counted.train.spikes.max() == 16
    assert (counted.train.spikes[:, 0] == counted.train.spikes[:, 1]).all()


def test_events_of_an_input_and_step_are_counted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("events.npz", t=[0, 1, 2, 3, 60, 0, 90], x=[0, 0, 0, 1, 1, 1, 1], y=[0] * 7, p=[1] * 7, offset=[0, 5, 7],
             sensor=[1, 2], label=[0, 1], split=["train", "test"])
    for cache in (None, "kept", "kept"):
        plain, counted = (load("events.npz", DataOptions(step_us=50, input_max=most, cache=cache and tmp_path / cache))
                          for most in (1, 2))
        assert plain.train.spikes[:].tolist() == [[[0, 1, 0, 1], [0, 0, 0, 1]]]
        assert isinstance(counted.train.spikes, EventLists)
        assert counted.train.spikes[:].tolist() == [[[0, 2, 0, 1], [0, 0, 0, 1]]]
        assert counted.test.spikes[:].tolist() == [[[0, 0, 0, 1], [0, 0, 0, 1]]]
        assert counted.train.spikes.select(slice(0, 1))[:].tolist() == counted.train.spikes[:].tolist()


def test_what_counts_has_a_digest_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("events.npz", t=[0, 1, 2, 60], x=[0, 0, 0, 1], y=[0] * 4, p=[1] * 4, offset=[0, 4], sensor=[1, 2],
             label=[0], split=["train"])
    digests = {b"".join(bytes(piece) for piece in load("events.npz", DataOptions(
        step_us=50, input_max=most)).train.spikes.content()) for most in (1, 2, 3)}
    assert len(digests) == 3


def test_numbers_in_a_file(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, spikes=np.array([[[0, 3], [1, 0]]] * 4), label=[0, 1, 0, 1])
    assert load(str(path), DataOptions(input_max=3)).train.spikes.max() == 3
    with pytest.raises(DataError, match=re.escape("Data mine.npz: spikes must be in 0..2, not 3; raise data.input_max, "
                                                  "or clip them")):
        load(str(path), DataOptions(input_max=2))


@pytest.mark.parametrize(("name", "options", "line"), [
    ("digits", {"input_max": 256}, "Data input_max must be in 1..255, not 256"),
    ("digits", {"input_max": 3, "coding": "rate"},
     "Data coding rate makes inputs of 0 and 1, so input_max 3 does not apply; take coding direct, or leave input_max "
     "out"),
    ("digits-events", {"input_max": 3},
     "Data input_max applies to still images and recorded events, and digits-events has inputs of 0 and 1; leave "
     "input_max out")])
def test_what_does_not_count_is_refused(name, options, line):
    with pytest.raises(DataError, match=f"^{re.escape(line)}$"):
        load(name, DataOptions(**options))
