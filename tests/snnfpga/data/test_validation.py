import numpy as np
import pytest

from snnfpga.data.dataset import DataError, Split
from snnfpga.data.packed import PackedSpikes, pack
from snnfpga.data.validation import validation_split


def split_of(labels):
    """Samples whose events say their number."""
    labels = np.array(labels)
    spikes = (np.arange(len(labels))[:, None, None] >> np.arange(8) & 1).astype(np.uint8)
    return Split(spikes, labels, np.arange(len(labels)) % 3 + 1)


def numbers(split):
    return (np.asarray(split.spikes[:])[:, 0] << np.arange(8)).sum(1).tolist()


@pytest.fixture
def train():
    return split_of([0] * 40 + [1] * 20 + [2] * 10 + [3])


def test_each_class_gives_its_share_and_nothing_is_lost_or_doubled(train):
    learned, held = validation_split(train, 0.1, seed=0)
    assert np.bincount(held.labels, minlength=4).tolist() == [4, 2, 1, 0]
    assert sorted(numbers(learned) + numbers(held)) == list(range(71))
    for part in (learned, held):
        assert numbers(part) == sorted(numbers(part))
        assert part.labels.tolist() == train.labels[numbers(part)].tolist()
        assert part.lengths.tolist() == train.lengths[numbers(part)].tolist()


def test_the_draw_is_by_seed_and_of_a_class_by_itself(train):
    held = numbers(validation_split(train, 0.25, seed=3)[1])
    assert held == numbers(validation_split(train, 0.25, seed=3)[1])
    assert held != numbers(validation_split(train, 0.25, seed=4)[1])
    # 40 and 20 samples as before, and other classes changed.
    alone = numbers(validation_split(split_of([0] * 40 + [1] * 20 + [2] * 3), 0.25, seed=3)[1])
    assert [n for n in alone if n < 60] == [n for n in held if n < 60]


def test_a_draw_is_not_the_one_of_train_and_test(train):
    from snnfpga.data.dataset import stratified

    assert numbers(validation_split(train, 0.2, seed=0)[1]) != np.flatnonzero(stratified(train.labels, 0)).tolist()


@pytest.mark.parametrize(("samples", "share", "held"), [(1, 0.5, 0), (2, 0.1, 1), (2, 0.9, 1), (5, 0.1, 1),
                                                        (15, 0.1, 2), (14, 0.1, 1)])
def test_of_two_samples_and_more_one_goes_either_way(samples, share, held):
    assert len(validation_split(split_of([0] * samples), share, seed=0)[1]) == held


def test_no_share_leaves_the_split_as_it_is(train):
    learned, held = validation_split(train, 0, seed=0)
    assert learned is train
    assert len(held) == 0


def test_a_sample_without_a_label_stays():
    learned, held = validation_split(split_of([-1] * 50 + [0] * 10 + [1] * 10), 0.5, seed=0)
    assert (held.labels >= 0).all()
    assert (learned.labels == -1).sum() == 50


def test_lazy_spikes_stay_so(train):
    lazy = Split(PackedSpikes(pack(train.spikes), 8), train.labels)
    held = validation_split(lazy, 0.1, seed=0)[1]
    assert isinstance(held.spikes, PackedSpikes)
    assert numbers(held) == numbers(validation_split(train, 0.1, seed=0)[1])


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_out_of_range_is_refused(train, share):
    with pytest.raises(DataError, match=rf"held out for validation must be at least 0 and below 1, not {share:g}$"):
        validation_split(train, share, seed=0)
