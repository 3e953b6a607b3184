"""Spikes that are kept as lists of events are those that the same bits are, and the smaller form is kept."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snnfpga.data.dataset import DataSet, Split
from snnfpga.data.event_lists import EventLists, join, join_smallest, kept, list_events
from snnfpga.data.packed import PackedSpikes, pack
from snnfpga.data.registry import DataOptions, load

EVENTS = {"t": [0, 40, 90, 5, 25, 3], "x": [0, 1, 2, 2, 0, 1], "y": [0, 0, 1, 1, 1, 0], "p": [1, 0, 1, 1, 0, 0],
          "offset": [0, 3, 5, 6], "sensor": [2, 3], "label": [0, 1, 1], "split": ["train", "test", "train"]}


def lists_of(spikes):
    return join([list_events(*np.nonzero(sample), *sample.shape) for sample in spikes])


def packed(spikes):
    return PackedSpikes(pack(spikes), spikes.shape[2])


def some(samples=7, steps=5, inputs=13):
    return (np.random.default_rng(0).random((samples, steps, inputs)) < 0.2).astype(np.uint8)


@st.composite
def spikes_and_index(draw):
    samples = draw(st.integers(1, 6))
    shape = samples, draw(st.integers(1, 6)), draw(st.sampled_from([1, 7, 8, 9, 255, 256, 257, 300]))
    spikes = np.random.default_rng(draw(st.integers(0, 9))).random(shape) < draw(st.sampled_from([0, 0.01, 0.5, 1]))
    spikes[draw(st.integers(0, samples - 1))] = 0
    bound = st.none() | st.integers(-samples - 1, samples + 1)
    index = draw(st.one_of(
        st.builds(slice, bound, bound, st.sampled_from([None, 2, -1])),
        st.lists(st.integers(-samples, samples - 1), max_size=8).map(lambda chosen: np.array(chosen, np.int64)),
        st.lists(st.booleans(), min_size=samples, max_size=samples).map(np.array)))
    return spikes.astype(np.uint8), index


@settings(max_examples=200, deadline=None)
@given(spikes_and_index())
def test_indexed_like_the_array(drawn):
    spikes, index = drawn
    lists = lists_of(spikes)
    for form in (lists, lists.packed()):
        assert (form.shape, len(form), form.ndim) == (spikes.shape, len(spikes), 3)
        np.testing.assert_array_equal(np.asarray(form), spikes)
        np.testing.assert_array_equal(list(form), spikes)
        np.testing.assert_array_equal(form[-1], spikes[-1])
        assert form[index].dtype == np.uint8
        np.testing.assert_array_equal(form[index], spikes[index])
        few = form.select(index)
        assert type(few) is type(form)
        assert few.shape == spikes[index].shape
        np.testing.assert_array_equal(few[:], spikes[index])
        np.testing.assert_array_equal(few.select(slice(None, None, -1))[:], spikes[index][::-1])
    np.testing.assert_array_equal(lists.packed().bits, pack(spikes))
    with pytest.raises(IndexError):
        lists[len(spikes)]


def test_in_order_and_once():
    """Events that coincide are one, and those of a step need not come in order."""
    lists = list_events(np.array([2, 0, 2, 0, 2]), np.array([1, 4, 0, 4, 3]), 4, 5)
    assert lists.events.tolist() == [4, 0, 1, 3]
    assert lists.counts.tolist() == [[1, 0, 3, 0]]


@pytest.mark.parametrize(("inputs", "wanted"), [(256, (np.uint8, np.uint16)), (257, (np.uint16, np.uint16)),
                                                (65536, (np.uint16, np.uint32))])
def test_in_the_smallest_type(inputs, wanted):
    full = np.zeros((2, 2, inputs), np.uint8)
    full[1, 1] = 1
    lists = lists_of(full)
    assert (lists.events.dtype, lists.counts.dtype) == wanted
    np.testing.assert_array_equal(lists[:], full)


@pytest.mark.parametrize(("events", "form"), [(0, EventLists), (407, EventLists), (408, PackedSpikes),
                                              (4096, PackedSpikes)])
def test_the_smaller_form_is_kept(events, form):
    """Of 4 x 16 x 64: 512 bytes as bits; as lists a byte an event, 64 of counts, 40 of where samples start."""
    spikes = np.zeros(4096, np.uint8)
    spikes[np.random.default_rng(0).permutation(4096)[:events]] = 1
    spikes = spikes.reshape(4, 16, 64)
    lists = lists_of(spikes)
    assert lists.nbytes == events + 104
    found = kept(lists)
    assert type(found) is form
    np.testing.assert_array_equal(found[:], spikes)


def test_the_same_digest_in_both_forms():
    spikes, labels, lengths = some(), np.arange(7), np.array([5, 1, 2, 5, 3, 4, 5])
    for given_lengths in (None, lengths):
        digests = {DataSet("some", half, half.select(slice(3)), (1, 13, 1), 7).digest()
                   for form in (lists_of(spikes), packed(spikes)) for half in [Split(form, labels, given_lengths)]}
        assert len(digests) == 1
    other = spikes.copy()
    other[6, 4, 12] ^= 1
    half = Split(lists_of(other), labels, lengths)
    assert DataSet("some", half, half.select(slice(3)), (1, 13, 1), 7).digest() not in digests


def test_a_digest_takes_a_sample_at_a_time():
    lists = lists_of(some(samples=50, steps=20))
    assert max(len(memoryview(piece).cast("B")) for piece in lists.content()) == 20 * 2


@pytest.mark.parametrize(("options", "form", "wanted"), [
    ({}, EventLists, "483686e21fcb04888bdaee6e27b448dce41562debac7f5285d700012b3469747"),
    ({"step_us": 5}, EventLists, "c9abee236ce5c1ac5bfccf7d905097d93e5eaac66f782d774999ffa8964288dc"),
    ({"steps": 3}, PackedSpikes, "dc5d6eb751c0351bb24fd0859bba8e710af7185101dd1e14f721ca80cc19f521"),
])
def test_digests_that_checkpoints_hold(tmp_path, monkeypatch, options, form, wanted):
    """A run goes on only where its data has the digest that it began with: these must never change."""
    monkeypatch.chdir(tmp_path)
    np.savez("mine.npz", **EVENTS)
    data = load("mine.npz", DataOptions(**options))
    assert {type(half.spikes) for half in (data.train, data.test)} == {form}
    assert data.digest() == wanted


@pytest.mark.parametrize("share", [0.05, 20])
@pytest.mark.parametrize("options", [{"steps": 6}, {"step_us": 50}, {"step_us": 50, "steps": 7}])
def test_recordings_become_the_same_spikes_in_both_forms(tmp_path, monkeypatch, options, share):
    """Few events and many, one sample without any, against steps that are counted one event after another."""
    monkeypatch.chdir(tmp_path)
    rng, durations = np.random.default_rng(0), [400, 0, 250, 90]
    times = [np.sort(rng.integers(0, duration, int(duration * share))) for duration in durations]
    offset = np.cumsum([0, *map(len, times)])
    flat = {"t": np.concatenate(times), "x": rng.integers(0, 6, offset[-1]), "y": rng.integers(0, 4, offset[-1]),
            "p": rng.integers(0, 2, offset[-1])}
    np.savez("mine.npz", **flat, offset=offset, sensor=[4, 6], label=[0, 1, 0, 1], split=["train"] * 4)
    longest = max(int(time[-1] - time[0]) + 1 for time in times if len(time))
    steps = options.get("steps") or -(-longest // 50)
    wanted, lengths = np.zeros((4, steps, 48), np.uint8), [1] * 4
    for sample, (start, end) in enumerate(pairwise(offset)):
        for event in range(start, end):
            since = int(flat["t"][event] - flat["t"][start])
            step = since // 50 if "step_us" in options else since * steps // longest
            if step < steps:
                wanted[sample, step, (flat["y"][event] * 6 + flat["x"][event]) * 2 + flat["p"][event]] = 1
            lengths[sample] = min(step + 1, steps)
    data = load("mine.npz", DataOptions(**options))
    assert type(data.train.spikes) is (EventLists if share < 1 else PackedSpikes)
    np.testing.assert_array_equal(data.train.spikes[:], wanted)
    assert (None if data.train.lengths is None else data.train.lengths.tolist()) == (
        lengths if "step_us" in options else None)


def test_binning_sparse_recordings_makes_nothing_dense(tmp_path, monkeypatch):
    """10 samples of 2000 x 32768: 82 MB as bits, a sample of them 66 MB as bytes."""
    monkeypatch.chdir(tmp_path)
    np.savez("mine.npz", t=np.arange(200), x=np.arange(200) % 128, y=[5] * 200, p=[1] * 200,
             offset=np.arange(0, 201, 20), sensor=[128, 128], label=np.arange(10) % 2)
    tracemalloc.start()
    data = load("mine.npz", DataOptions(steps=2000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3e6
    assert data.train.spikes[0].sum() == 20


def test_binning_dense_recordings_holds_bits(tmp_path, monkeypatch):
    """60 samples of 10 x 8192 that are a third full: 614 KB as bits, 3 MB as lists."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    samples = [list_events(*np.nonzero(rng.random((10, 8192)) < 0.33), 10, 8192) for _ in range(2)]
    tracemalloc.start()
    found = join_smallest(samples[number % 2] for number in range(60))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found, PackedSpikes)
    assert peak < 2.5 * found.bits.nbytes


def test_few_dense_samples_among_sparse_ones():
    """Each is held in its own form until all are there."""
    rng = np.random.default_rng(1)
    spikes = (rng.random((9, 6, 100)) < np.array([0.01] * 8 + [0.6])[:, None, None]).astype(np.uint8)
    for order, form in ((slice(None), EventLists), (slice(7, None), PackedSpikes)):
        some = spikes[order]
        found = join_smallest(list_events(*np.nonzero(sample), 6, 100) for sample in some)
        assert type(found) is form
        np.testing.assert_array_equal(found[:], some)
