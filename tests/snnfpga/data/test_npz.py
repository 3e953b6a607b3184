"""A user's own file: both formats, and one line for each fault."""

import numpy as np
import pytest

from snnfpga.data.dataset import DataError
from snnfpga.data.npz import load_npz
from snnfpga.data.registry import DataOptions, load


def dense(**changes):
    arrays = {"spikes": np.zeros((10, 4, 6), np.uint8), "label": np.arange(10) % 2}
    arrays["spikes"][:, 1, 2] = 1
    return {key: value for key, value in (arrays | changes).items() if value is not None}


def sparse(**changes):
    """Five samples of four events each."""
    arrays = {"t": np.tile([100, 110, 130, 179], 5), "x": np.tile([0, 1, 2, 2], 5), "y": np.tile([0, 0, 1, 1], 5),
              "p": np.tile([0, 1, 1, 0], 5), "offset": np.arange(6) * 4, "sensor": np.array([2, 3]),
              "label": np.array([0, 1, 2, 1, 0]), "split": np.array(["train"] * 4 + ["test"])}
    return {key: value for key, value in (arrays | changes).items() if value is not None}


def read(tmp_path, arrays, **options):
    np.savez(tmp_path / "mine.npz", **arrays)
    return load(str(tmp_path / "mine.npz"), DataOptions(**options))


def test_dense(tmp_path):
    data = read(tmp_path, dense(split=np.array(["train", "test"] * 5)))
    assert (data.name, data.sensor, data.classes, data.steps, data.inputs) == ("mine.npz", (1, 6, 1), 2, 4, 6)
    assert (len(data.train), len(data.test)) == (5, 5)
    assert data.train.labels.tolist() == [0] * 5
    assert data.train.spikes.sum() == 5


def test_dense_frames_are_flattened_row_by_row(tmp_path):
    spikes = np.zeros((10, 4, 3, 5, 2), np.uint8)
    spikes[0, 1, 2, 4, 1] = 1
    data = read(tmp_path, dense(spikes=spikes, split=np.array(["train"] + ["test"] * 9)))
    assert data.sensor == (3, 5, 2)
    assert np.argwhere(data.train.spikes).tolist() == [[0, 1, (2 * 5 + 4) * 2 + 1]]


def test_without_a_split_each_class_is_cut_80_to_20(tmp_path):
    data = read(tmp_path, dense(spikes=np.ones((50, 4, 6), np.uint8), label=np.repeat([0, 1], 25)))
    assert np.bincount(data.test.labels).tolist() == [5, 5]
    assert np.bincount(data.train.labels).tolist() == [20, 20]


def test_sparse_by_time(tmp_path):
    data = read(tmp_path, sparse(), steps=8)
    assert (data.sensor, data.inputs, len(data.train), len(data.test)) == ((2, 3, 2), 12, 4, 1)
    # The longest sample lasts 80 us, so a step is 10 us; input (y * 3 + x) * 2 + p.
    assert np.argwhere(data.test.spikes[0]).tolist() == [[0, 0], [1, 3], [3, 11], [7, 10]]


def test_sparse_by_count(tmp_path):
    data = read(tmp_path, sparse(), steps=2, binning="count")
    assert np.argwhere(data.test.spikes[0]).tolist() == [[0, 0], [0, 3], [1, 10], [1, 11]]


def test_a_sample_without_events_is_silent(tmp_path):
    data = read(tmp_path, sparse(t=np.arange(20) * 10, offset=np.array([0, 4, 4, 12, 16, 20])), steps=8)
    assert [int(sample.sum()) for sample in data.train.spikes] == [4, 0, 8, 4]


def test_dense_samples_of_different_lengths(tmp_path):
    length = np.array([4, 3, 2, 2, 2, 2, 2, 2, 2, 3])
    whole = read(tmp_path, dense(split=np.array(["train", "test"] * 5)))
    assert whole.train.lengths is None
    data = read(tmp_path, dense(length=length, split=np.array(["train", "test"] * 5)))
    assert data.train.lengths.tolist() == [4, 2, 2, 2, 2]
    assert data.test.lengths.tolist() == [3, 2, 2, 2, 3]
    assert data.test.select(slice(2)).lengths.tolist() == [3, 2]
    assert len({whole.digest(), data.digest(), read(tmp_path, dense(length=length[::-1].copy())).digest()}) == 3


def lasting(**changes):
    """Samples of 80, 0, 20, 1 and 21 us."""
    return sparse(t=np.array([100, 110, 130, 179, 3, 3, 22, 5, 9, 29]), x=np.zeros(10, int), y=np.zeros(10, int),
                  p=np.arange(10) % 2, offset=np.array([0, 4, 4, 7, 8, 10]), **changes)


def test_steps_of_fixed_duration(tmp_path):
    data = read(tmp_path, lasting(), step_us=10)
    assert data.steps == 8
    assert (data.train.lengths.tolist(), data.test.lengths.tolist()) == ([8, 1, 2, 1], [3])
    found = [np.argwhere(sample).tolist() for sample in data.train.spikes]
    assert found == [[[0, 0], [1, 1], [3, 0], [7, 1]], [], [[0, 0], [0, 1], [1, 0]], [[0, 1]]]
    assert np.argwhere(data.test.spikes[0]).tolist() == [[0, 0], [2, 1]]


def test_steps_of_fixed_duration_are_cut(tmp_path):
    data = read(tmp_path, lasting(), step_us=10, steps=3)
    assert data.steps == 3
    assert (data.train.lengths.tolist(), data.test.lengths.tolist()) == ([3, 1, 2, 1], [3])
    assert np.argwhere(data.train.spikes[0]).tolist() == [[0, 0], [1, 1]]
    assert read(tmp_path, lasting(), step_us=10, steps=100).steps == 8      # no longer than the longest


def test_too_many_steps(tmp_path):
    arrays = lasting() | {"t": np.array([0, 1, 2, 65535, 3, 3, 22, 5, 9, 29])}
    with pytest.raises(DataError) as caught:
        read(tmp_path, arrays, step_us=1)
    assert str(caught.value) == ("Data mine.npz must have at most 65535 steps, not 65536, the longest sample, 0, "
                                 "being 65536 us; mend it, raise data.step_us, or cut with data.steps")
    assert read(tmp_path, arrays, step_us=2).steps == 32768
    assert read(tmp_path, arrays, step_us=1, steps=65535).steps == 65535
    with pytest.raises(DataError) as caught:
        DataOptions(step_us=10, binning="count")
    assert str(caught.value) == "Data step_us 10 makes steps by time, not by count; leave it or binning out"


def test_pooled(tmp_path):
    """Two rows by three columns in blocks of 2 x 2: one row, and a column that has a half of a block."""
    data = read(tmp_path, sparse(), steps=8, pool=2)
    assert data.sensor == (1, 2, 2)
    assert np.argwhere(data.test.spikes[0]).tolist() == [[0, 0], [1, 1], [3, 3], [7, 2]]
    joined = read(tmp_path, sparse(), steps=1, pool=2)
    assert np.argwhere(joined.test.spikes[0]).tolist() == [[0, 0], [0, 1], [0, 2], [0, 3]]
    large = sparse(sensor=np.array([256, 256]))
    assert read(tmp_path, large, pool=2).sensor == (128, 128, 2)


@pytest.mark.parametrize(("arrays", "wanted"), [
    (dense(spikes=np.zeros((10, 4), np.uint8)),
     "Data mine.npz: spikes must have shape (samples, steps, inputs), or (samples, steps, height, width) with or "
     "without channels at the end, none of them 0, not (10, 4)"),
    (dense(spikes=np.zeros((0, 4, 6), np.uint8), label=np.zeros(0, int)),
     "Data mine.npz: spikes must have shape (samples, steps, inputs), or (samples, steps, height, width) with or "
     "without channels at the end, none of them 0, not (0, 4, 6)"),
    (dense(spikes=np.zeros((10, 4, 6))),
     "Data mine.npz: spikes must hold integers, not float64; convert them with .astype(numpy.uint8)"),
    (dense(spikes=np.full((10, 4, 6), 3, np.uint8)),
     "Data mine.npz: spikes must be 0 or 1, not 3; a step holds one event of an input, or with data.input_max "
     "several"),
    (dense(spikes=np.ones((2, 1, 65537), np.uint8), label=np.arange(2)),
     "Data mine.npz must have at most 65536 inputs, not 65537; pool the sensor"),
    (dense(label=None), "Data mine.npz lacks 'label', one integer a sample"),
    (dense(label=np.arange(9)), "Data mine.npz: label must have shape (10,), one a sample, not (9,)"),
    (dense(label=np.zeros(10)), "Data mine.npz: label must hold integers, not float64; convert them with "
     ".astype(numpy.int64)"),
    (dense(label=np.arange(10) - 2),
     "Data mine.npz: label must be in 0..63, or -1 for none, not -2 (sample 0); number the classes from 0"),
    (dense(label=np.arange(10), classes=np.int64(5)),
     "Data mine.npz: label must be in 0..4, or -1 for none, not 5 (sample 5); number the classes from 0"),
    (dense(classes=np.int64(1)), "Data mine.npz: classes must be one integer in 2..64, not 1"),
    (dense(split=np.array(["train"] * 9 + ["valid"])), "Data mine.npz: split must be train or test, not 'valid' "
                                                 "(sample 9)"),
    (dense(split=np.zeros(10, int)),
     "Data mine.npz: split must hold a word a sample, shape (10,), not int64 of shape (10,)"),
    (dense(spike=np.zeros(1)),
     "Data mine.npz must not hold 'spike'; rename it or leave it out (did you mean spikes?)"),
    (dense(label=None, labels=np.arange(10)),
     "Data mine.npz must not hold 'labels'; rename it or leave it out (did you mean label?)"),
    (dense(frames=np.zeros(1)),
     "Data mine.npz must not hold 'frames'; rename it or leave it out (known: classes, label, length, offset, p, "
     "segment_label, segment_offset, segment_start_us, sensor, spikes, split, step_label, t, x, y)"),
    (dense(length=np.ones(9, int)),
     "Data mine.npz: length must hold 10 integers, one a sample, not int64 of shape (9,)"),
    (dense(length=np.ones(10)),
     "Data mine.npz: length must hold 10 integers, one a sample, not float64 of shape (10,)"),
    (dense(length=np.array([4] * 9 + [5])), "Data mine.npz: length must be in 1..4, not 5 (sample 9)"),
    (dense(length=np.array([4] * 9 + [0])), "Data mine.npz: length must be in 1..4, not 0 (sample 9)"),
    (dense(length=np.array([2] * 6 + [1] * 4)),
     "Data mine.npz: spikes must be 0 from a sample's length on, and sample 6 of length 1 has an event in step 1; "
     "clear it, or mend length"),
    (sparse(length=np.ones(5, int)), "Data mine.npz must not hold 'length' beside events, which have times; leave it "
                                     "out, and see data.step_us"),
    (dense(spikes=np.zeros((10, 4, 6), np.uint8)),
     "Data mine.npz holds no event: all spikes are 0; give at least one"),
    (dense(x=np.zeros(1)), "Data mine.npz must hold spikes or events, not both spikes and x"),
    ({"label": np.zeros(3, int)}, "Data mine.npz lacks 't'; give spikes, or all of t, x, y, p, offset, sensor"),
    (sparse(x=np.tile([0, 1, 2, 3], 5)),
     "Data mine.npz: x must be in 0..2 on a sensor of 2 x 3, not 3 (event 3)"),
    (sparse(y=np.tile([0, -1, 1, 1], 5)),
     "Data mine.npz: y must be in 0..1 on a sensor of 2 x 3, not -1 (event 1)"),
    (sparse(p=np.tile([0, 2, 1, 1], 5)),
     "Data mine.npz: p must be in 0..1 on a sensor of 2 x 3, not 2 (event 1)"),
    (sparse(x=np.zeros(20)),
     "Data mine.npz: x must hold integers, not float64; convert them with .astype(numpy.int64)"),
    (sparse(x=np.zeros(19, int)),
     "Data mine.npz: t, x, y and p must have one value an event, and x has shape (19,) beside t of (20,)"),
    (sparse(offset=np.array([0, 8, 4, 12, 16, 20])),
     "Data mine.npz: offset must ascend from 0 to 20, the number of events, not fall from 8 to 4 at sample 1"),
    (sparse(offset=np.arange(6) * 3),
     "Data mine.npz: offset must ascend from 0 to 20, the number of events, not run from 0 to 15"),
    (sparse(offset=np.zeros(1, int)),
     "Data mine.npz: offset must hold samples + 1 integers, at least 2, not int64 of shape (1,)"),
    (sparse(sensor=np.array([0, 3])),
     "Data mine.npz: sensor must be (height, width), two integers of at least 1, not [0, 3]"),
    (sparse(sensor=np.array([256, 256])),
     "Data mine.npz: sensor must have at most 32768 pixels, not 65536; pool it with data.pool=2"),
    (sparse(t=np.tile([100, 90, 130, 179], 5)),
     "Data mine.npz: t must not go back within a sample, not from 100 to 90 (event 1); sort the events of each sample "
     "by time"),
    *((sparse(t=np.tile([first, last, early, early + 40], 5)),
       f"Data mine.npz: t must not go back within a sample, not from {last} to {early} (event 2); the clock of {bits} "
       f"bits seems to have wrapped: add 2^{bits} to the times from event 2 on, and again after each further fall")
      for first, last, early, bits in (
          (2**32 - 90, 2**32 - 2, 7, 32), (2**31 - 90, 2**31 - 2, -2**31 + 7, 32), (2**31 - 90, 2**31 - 2, 7, 31),
          (65400, 65530, 3, 16), (2**24 - 9, 2**24 - 2, 3, 24))),
    # What falls by less, or also elsewhere, is merely out of order.
    (sparse(t=np.tile([40000, 50000, 3, 90], 5)),
     "Data mine.npz: t must not go back within a sample, not from 50000 to 3 (event 2); sort the events of each sample "
     "by time"),
    (sparse(t=np.tile([65530, 3, 90, 80], 5)),
     "Data mine.npz: t must not go back within a sample, not from 65530 to 3 (event 1); sort the events of each sample "
     "by time"),
    (sparse(**{name: np.zeros(0, int) for name in "txyp"}, offset=np.zeros(6, int)),
     "Data mine.npz holds no event; give at least one"),
])
def test_faults(tmp_path, arrays, wanted):
    with pytest.raises(DataError) as caught:
        read(tmp_path, arrays)
    assert str(caught.value) == wanted


def test_no_file(tmp_path):
    with pytest.raises(DataError, match=r"^No data file .*absent\.npz; give the path of an \.npz or the name of a"):
        load(str(tmp_path / "absent.npz"))


@pytest.mark.parametrize(("damage", "reason"), [
    (lambda b: b[:len(b) // 2], "it is no archive"),
    (lambda b: b"not an archive", "it is no archive"),
    (lambda b: b"", "it is no archive"),
    (lambda b: b[:60] + b"\xff" * 60 + b[120:], ".*"),
])
def test_a_damaged_file(tmp_path, damage, reason):
    np.savez(tmp_path / "mine.npz", **dense())
    path = tmp_path / "mine.npz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=rf"^Data .*mine.npz is not a whole .npz of plain arrays \({reason}\); save it "
                                        r"again with numpy.savez$"):
        load(str(path))


def test_objects_are_not_unpickled(tmp_path):
    with pytest.raises(DataError, match=r"is not a whole \.npz of plain arrays \(an array holds Python objects\)"):
        read(tmp_path, dense(label=np.array([{}] * 10, object)))


def test_spikes_have_steps_of_their_own(tmp_path):
    assert read(tmp_path, dense(), steps=4).steps == 4
    with pytest.raises(DataError) as caught:
        read(tmp_path, dense(), steps=5)
    assert str(caught.value) == "Data mine.npz holds spikes in 4 steps, which cannot become 5; leave data.steps out"


@pytest.mark.parametrize(("option", "value"), [("binning", "count"), ("step_us", 9), ("pool", 2)])
def test_binning_and_pooling_are_of_recorded_events(tmp_path, option, value):
    with pytest.raises(DataError) as caught:
        load("digits", DataOptions(**{option: value}))
    assert str(caught.value) == (f"Data {option} applies to recorded events, and digits has steps of its own; leave "
                                 f"{option} out")
    with pytest.raises(DataError) as caught:
        read(tmp_path, dense(), **{option: value})
    assert str(caught.value) == (f"Data mine.npz holds spikes in steps already, so {option} {value!r} does not apply; "
                                 f"leave data.{option} out")


def test_channels_that_come_first_are_warned_of(tmp_path, capsys):
    ones = np.ones((4, 2, 2, 5, 5), np.uint8)
    for spikes, warned in ((ones, True), (np.moveaxis(ones, 2, -1), False), (ones[..., :3], False)):
        np.savez(tmp_path / "mine.npz", spikes=spikes, label=[0, 1, 0, 1])
        load_npz(tmp_path / "mine.npz", DataOptions())
        assert ("Warning: Data mine.npz holds spikes of a sensor 2 high and 5 wide with 5 channels; where its channels "
                "come first, move them to the end: numpy.moveaxis(spikes, 2, -1)" in capsys.readouterr().err) is warned
