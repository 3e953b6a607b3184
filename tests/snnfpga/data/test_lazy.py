"""Spikes that are made when they are asked for are those of an array."""

import numpy as np
import pytest

from snnfpga.data.coding import CODINGS, coded_halves, encode
from snnfpga.data.dataset import DataSet, Split, assemble

IMAGES = np.random.default_rng(0).integers(0, 256, (9, 2, 3), dtype=np.uint8)


def split(coding="rate", seed=1):
    return Split(coded_halves(IMAGES, IMAGES[:2], coding, 4, seed)[0], np.arange(9))


@pytest.mark.parametrize("coding", CODINGS)
def test_indexed_like_the_array(coding):
    spikes = split(coding).spikes
    whole = encode(IMAGES.reshape(9, 6).astype(np.float32) / np.float32(255), coding, 4, 1)
    assert spikes.shape == whole.shape == (9, 4, 6)
    assert (len(spikes), spikes.ndim) == (9, 3)
    for index in (3, -1, np.int64(2), slice(2, 7), slice(None), [5, 0, 5], whole.any((1, 2))):
        np.testing.assert_array_equal(spikes[index], whole[index])
    np.testing.assert_array_equal(np.asarray(spikes), whole)
    np.testing.assert_array_equal(list(spikes), whole)
    np.testing.assert_array_equal(spikes.select([4, 1])[1], whole[1])
    with pytest.raises(IndexError):
        spikes[9]


def test_halves_are_drawn_apart():
    train, test = coded_halves(IMAGES, IMAGES[:2], "bernoulli", 400, 0)
    assert (train[0] != test[0]).mean() > 0.1


def test_taking_and_cutting_make_nothing(monkeypatch):
    lazy = split("bernoulli")
    whole = np.asarray(lazy.spikes)
    is_test = np.arange(9) % 3 == 0
    with monkeypatch.context() as patch:
        patch.setattr(type(lazy.spikes), "make", None)
        few, data = lazy.select(slice(2)), assemble("cut", lazy.spikes, lazy.labels, is_test, (2, 3, 1), 9)
        first = data.digest()
    np.testing.assert_array_equal(few.spikes[:], whole[:2])
    np.testing.assert_array_equal(data.test.spikes[:], whole[is_test])
    assert data.test.labels.tolist() == [0, 3, 6]
    for other in (split(seed=1), split("bernoulli", seed=2)):
        assert assemble("cut", other.spikes, other.labels, is_test, (2, 3, 1), 9).digest() != first
    half = split("bernoulli").select(slice(4))
    assert DataSet("half", half, half, (2, 3, 1), 9).digest() != first
