"""Events that come again over lines of their own."""

import json
from dataclasses import replace

import numpy as np
import pytest

from snnfpga.config.training import AugmentConfig
from snnfpga.data.augment import Augmenter
from snnfpga.data.dataset import DataError, DataSet, Split
from snnfpga.data.delays import delayed
from snnfpga.data.packed import PackedSpikes, pack
from snnfpga.data.registry import DataOptions, load
from tests.verbs import call


def drawn(lengths=None, lazy=False):
    """Two halves of 5 and 3 samples, 6 steps of a sensor of 1 x 2 x 2."""
    spikes = np.random.default_rng(0).integers(0, 2, (8, 6, 4), dtype=np.uint8)
    if lengths is not None:
        spikes *= (np.arange(6) < lengths[:, None])[:, :, None]
    kept = PackedSpikes(pack(spikes), 4) if lazy else spikes
    whole = Split(kept, np.arange(8) % 2, lengths)
    return spikes, DataSet("drawn", whole.select(np.arange(5)), whole.select(np.arange(5, 8)), (1, 2, 2), 2)


@pytest.mark.parametrize("lazy", [False, True])
def test_each_line_is_its_delay_later(lazy):
    spikes, data = drawn(lazy=lazy)
    found = delayed(data, (2, 5))
    assert found.sensor == (1, 2, 6)
    assert found.train.spikes.shape == (5, 6, 12)
    lines = found.train.spikes[:].reshape(5, 6, 2, 3, 2)        # sample, step, pixel, line, channel
    came = spikes[:5].reshape(5, 6, 2, 2)
    for line, delay in enumerate((0, 2, 5)):
        assert np.array_equal(lines[:, delay:, :, line], came[:, :6 - delay])
        assert not lines[:, :delay, :, line].any()
    assert np.array_equal(found.train.select(np.array([4, 1])).spikes[:], found.train.spikes[[4, 1]])
    assert np.array_equal(found.test.spikes[1], delayed(data, (2, 5)).test.spikes[:][1])


def test_nothing_comes_after_a_samples_end():
    lengths = np.array([6, 1, 3, 2, 4, 5, 6, 1])
    found = delayed(drawn(lengths)[1], (1, 3)).train.select(np.array([3, 0, 2]))
    assert found.lengths.tolist() == [2, 6, 3]
    for sample, steps in zip(found.spikes, found.lengths, strict=True):
        assert not sample[steps:].any()
    assert found.spikes[0][1].reshape(2, 3, 2)[:, 1].any()      # but within it they come


def test_other_delays_are_other_data():
    data = drawn()[1]
    assert delayed(data, ()) is data
    assert len({delayed(data, delays).digest() for delays in ((), (1,), (2,), (1, 2))}) == 4


def test_other_channels_are_other_data():
    """The same spikes over another sensor: their lines lie elsewhere."""
    data = drawn()[1]
    other = replace(data, sensor=(1, 4, 1))
    assert other.digest() == data.digest()
    assert delayed(other, (1,)).digest() != delayed(data, (1,)).digest()


def test_of_a_named_set():
    plain, found = load("digits-events"), load("digits-events", DataOptions(delays=(1,)))
    assert (plain.sensor, found.sensor) == ((8, 8, 2), (8, 8, 4))
    assert np.array_equal(found.test.spikes[7].reshape(16, 64, 2, 2)[1:, :, 1],
                          plain.test.spikes[7].reshape(16, 64, 2)[:-1])


def test_from_training_to_the_reference(tmp_path, monkeypatch, capsys):
    """A network's file says which delays it was trained with, and takes them for other data too."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("mine.npz", "other.npz"):
        np.savez(name, spikes=rng.integers(0, 2, (20, 6, 5), np.uint8), label=np.arange(20) % 2)
    settings = ("data.name=mine.npz", "data.delays=[1,4]", "name=mine", "network.blocks=[[7]]", "hardware.blocks=[]",
                "training.epochs=1")
    code, _, err = call(capsys, "train", *(part for setting in settings for part in ("--set", setting)))
    assert (code, err) == (0, "")
    for data in ([], ["--data", "other.npz"]):
        code, out, _ = call(capsys, "evaluate", "runs/mine", "--backend", "reference", "--json", *data)
        assert (code, json.loads(out)["differences"]) == (0, 0)


@pytest.mark.parametrize(("delays", "message"), [
    ((16,), "Data delays of digits-events must be below its 16 steps, not 16"),
    ((1, 1), "Data delays must be different numbers of steps, each at least 1, not [1, 1]"),
    ((0,), "Data delays must be different numbers of steps, each at least 1, not [0]"),
])
def test_delays_that_cannot_be(delays, message):
    with pytest.raises(DataError) as caught:
        load("digits-events", DataOptions(delays=delays))
    assert str(caught.value) == message


def test_a_line_is_no_channel_to_lose():
    with pytest.raises(DataError) as caught:
        Augmenter(AugmentConfig(drop_polarity=0.5), delayed(drawn()[1], (1,)))
    assert str(caught.value) == ("Config training.augment.drop_polarity loses a channel, and would lose but a line of "
                                 "it with data.delays; leave one of them out")


def test_too_many_lines(monkeypatch):
    monkeypatch.setattr("snnfpga.data.delays.MAX_INPUTS", 11)
    with pytest.raises(DataError) as caught:
        delayed(drawn()[1], (1, 2))
    assert str(caught.value) == ("Data drawn: inputs times lines must be at most 11, not 4 x 3; take fewer delays")
