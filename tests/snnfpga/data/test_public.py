"""The public event sets: files in their formats, made here, become exactly the spikes that the events say."""

from importlib.util import find_spec

import numpy as np
import pytest

from snnfpga.data import public
from snnfpga.data.dataset import DataError
from snnfpga.data.npz import read_arrays
from snnfpga.data.registry import DataOptions, load
from tests.skips import skip_or_fail
from tests.snnfpga.data import public_files


@pytest.fixture
def readers():
    missing = [package for package in public.NEEDS if find_spec(package) is None]
    if missing:
        skip_or_fail(f"no package {missing[0]}; pip install {' '.join(public.NEEDS)}")


def events(t, x, y=None, p=None):
    nothing = [0] * len(t)
    return {name: np.array(values or nothing) for name, values in (("t", t), ("x", x), ("y", y), ("p", p))}


def spikes_of(split, sensor):
    """For each sample, (step, y, x, channel) of each event."""
    return [np.argwhere(sample.reshape(-1, *sensor)).tolist() for sample in split.spikes]


FIRST = events([100, 150, 9_000_099], [0, 33, 2], [1, 33, 3], [1, 0, 1])     # 9 s: past the 23 bits of N-MNIST's time
SECOND = events([7, 8], [5, 5], [6, 6], [0, 1])


def write_nmnist(root):
    public_files.write_nmnist(root / "NMNIST" / "Train" / "3" / "00002.bin", FIRST)
    public_files.write_nmnist(root / "NMNIST" / "Train" / "3" / "00001.bin", SECOND)
    public_files.write_nmnist(root / "NMNIST" / "Train" / "0" / "00009.bin", SECOND)
    public_files.write_nmnist(root / "NMNIST" / "Test" / "9" / "00001.bin", FIRST)


def test_nmnist(tmp_path, readers):
    write_nmnist(tmp_path)
    data = load("nmnist", DataOptions(root=tmp_path, steps=3))
    assert (data.sensor, data.classes) == ((34, 34, 2), 10)
    assert (data.train.labels.tolist(), data.test.labels.tolist()) == ([0, 3, 3], [9])
    first, second = [[0, 1, 0, 1], [0, 33, 33, 0], [2, 3, 2, 1]], [[0, 6, 5, 0], [0, 6, 5, 1]]
    assert spikes_of(data.train, data.sensor) == [second, second, first]
    assert spikes_of(data.test, data.sensor) == [first]
    counted = load("nmnist", DataOptions(root=tmp_path, steps=2, binning="count", pool=4))
    assert counted.sensor == (9, 9, 2)
    assert spikes_of(counted.test, counted.sensor) == [[[0, 0, 0, 1], [0, 8, 8, 0], [1, 0, 0, 1]]]


def test_dvs_gesture(tmp_path, readers):
    for part, label, sample in (("Train", 0, FIRST), ("Train", 10, SECOND), ("Test", 4, SECOND)):
        folder = tmp_path / "DVSGesture" / f"ibmGesture{part}" / "user01_led"
        public_files.write_gesture(folder / f"{label}.npy", sample)
    data = load("dvs-gesture", DataOptions(root=tmp_path, steps=3))
    assert (data.sensor, data.classes) == ((128, 128, 2), 11)
    assert (data.train.labels.tolist(), data.test.labels.tolist()) == ([0, 10], [4])
    first, second = [[0, 1, 0, 1], [0, 33, 33, 0], [2, 3, 2, 1]], [[0, 6, 5, 0], [0, 6, 5, 1]]
    assert spikes_of(data.train, data.sensor) == [first, second]
    assert spikes_of(data.test, data.sensor) == [second]


def test_cifar10_dvs(tmp_path, readers):
    for label in ("airplane", "truck"):
        for number in range(10):
            sample = events([50, 60 + number], [number, 127], [3, 127], [label == "truck", 1])
            public_files.write_aedat4(tmp_path / "CIFAR10DVS" / label / f"{number}.aedat4", sample)
    data = load("cifar10-dvs", DataOptions(root=tmp_path, steps=20, pool=2))
    assert (data.sensor, data.classes, len(data.train)) == ((64, 64, 2), 10, 18)
    assert data.test.labels.tolist() == [0, 9]        # a tenth of each class
    found = spikes_of(data.train, data.sensor) + spikes_of(data.test, data.sensor)
    # The longest lasts 20 us, so a step is one.
    assert sorted(found) == sorted([[0, 1, number // 2, polarity], [10 + number, 63, 63, 1]]
                                   for number in range(10) for polarity in (0, 1))


@pytest.mark.parametrize(("name", "folder", "classes"), [("shd", "SHD", 20), ("ssc", "SSC", 35)])
def test_heidelberg(tmp_path, readers, name, folder, classes):
    # Times that float16 holds exactly: 1/8, 1/4, 1/2 s.
    long, short = events([125000, 250000, 500000], [0, 699, 350]), events([250000, 250000], [9, 7])
    public_files.write_hsd(tmp_path / folder / f"{name}_train.h5", [long, short], [3, classes - 1])
    public_files.write_hsd(tmp_path / folder / f"{name}_test.h5", [short], [0])
    data = load(name, DataOptions(root=tmp_path, steps=4))
    assert (data.sensor, data.classes) == ((1, 700, 1), classes)
    assert (data.train.labels.tolist(), data.test.labels.tolist()) == ([3, classes - 1], [0])
    assert spikes_of(data.train, data.sensor) == [
        [[0, 0, 0, 0], [1, 0, 699, 0], [3, 0, 350, 0]], [[0, 0, 7, 0], [0, 0, 9, 0]]]
    pooled = load(name, DataOptions(root=tmp_path, steps=4, pool=5))
    assert pooled.sensor == (1, 140, 1)
    assert spikes_of(pooled.test, pooled.sensor) == [[[0, 0, 1, 0]]]


def test_steps_of_fixed_duration(tmp_path, readers):
    """Both halves have the steps of the longest sample in either."""
    write_nmnist(tmp_path)
    (tmp_path / "NMNIST" / "Train" / "3" / "00002.bin").unlink()
    data = load("nmnist", DataOptions(root=tmp_path, step_us=1_000_000))
    assert (data.train.spikes.shape, data.test.spikes.shape) == ((2, 9, 2312), (1, 9, 2312))
    assert (data.train.lengths.tolist(), data.test.lengths.tolist()) == ([1, 1], [9])
    assert spikes_of(data.test, data.sensor) == [[[0, 1, 0, 1], [0, 33, 33, 0], [8, 3, 2, 1]]]


def test_events_that_are_not_in_order_of_time(tmp_path, readers):
    sample = events([9, 0, 5], [1, 2, 3])
    public_files.write_hsd(tmp_path / "SHD" / "shd_train.h5", [sample, events([], [])], [0, 1])
    public_files.write_hsd(tmp_path / "SHD" / "shd_test.h5", [sample], [0])
    data = load("shd", DataOptions(root=tmp_path, steps=3, binning="count"))
    assert spikes_of(data.train, data.sensor) == [[[0, 0, 2, 0], [1, 0, 3, 0], [2, 0, 1, 0]], []]


def test_nmnist_as_recorded(tmp_path, readers, data_root):
    """Real recordings, written in the public format, give what the loader of their .npz gives."""
    arrays = read_arrays(data_root / "nmnist_1100" / "nmnist_1100.npz")
    chosen = [*range(6), *np.flatnonzero(arrays["is_test"])[:4]]
    parts = []
    for number, sample in enumerate(chosen):
        part = slice(*arrays["offset"][sample:sample + 2])
        parts.append({name: arrays[name][part] for name in "txyp"})
        half = "Test" if arrays["is_test"][sample] else "Train"
        path = tmp_path / "NMNIST" / half / str(arrays["label"][sample]) / f"{number:05}.bin"
        public_files.write_nmnist(path, {name: values.astype(np.int64) for name, values in parts[-1].items()})
    (tmp_path / "nmnist_1100").mkdir()
    np.savez(tmp_path / "nmnist_1100" / "nmnist_1100.npz", label=arrays["label"][chosen],
             is_test=arrays["is_test"][chosen], offset=np.cumsum([0, *(len(part["t"]) for part in parts)]),
             **{name: np.concatenate([part[name] for part in parts]) for name in "txyp"})
    for options in ({}, {"pool": 2, "steps": 7}, {"binning": "count"}, {"step_us": 5000}):
        wanted, found = (load(name, DataOptions(root=tmp_path, **options)) for name in ("nmnist-1100", "nmnist"))
        assert len(found.train) == 6
        assert len(found.test) == 4
        for half in ("train", "test"):
            # The public format lies in folders by label.
            order = np.argsort(getattr(wanted, half).labels, kind="stable")
            np.testing.assert_array_equal(getattr(found, half).labels, getattr(wanted, half).labels[order])
            np.testing.assert_array_equal(getattr(found, half).spikes[:], getattr(wanted, half).spikes[order])


def test_without_the_readers(tmp_path, monkeypatch):
    write_nmnist(tmp_path)
    monkeypatch.setattr(public, "find_spec", lambda package: None if package == "tonic" else True)
    with pytest.raises(DataError) as caught:
        load("nmnist", DataOptions(root=tmp_path))
    assert str(caught.value) == ("Data set nmnist needs the package tonic, which is not installed; pip install tonic "
                                 "aedat")


def test_half_of_a_set_is_not_downloaded(tmp_path, readers):
    write_nmnist(tmp_path)
    (tmp_path / "NMNIST" / "Test" / "9" / "00001.bin").unlink()
    with pytest.raises(DataError) as caught:
        load("nmnist", DataOptions(root=tmp_path))
    assert str(caught.value) == (f"No data file {tmp_path}/NMNIST/Test/*/*.bin; put the set there as "
                                 "tonic.datasets.NMNIST lays it out, or give another --data-root")


def test_too_many_pixels_for_a_layer(tmp_path, monkeypatch):
    monkeypatch.setattr("snnfpga.data.binning.MAX_INPUTS", 2048)
    with pytest.raises(DataError) as caught:
        load("dvs-gesture", DataOptions(root=tmp_path, pool=2))
    assert str(caught.value) == ("Data dvs-gesture: sensor must have at most 1024 pixels, not 4096; pool it with "
                                 "data.pool=4")


@pytest.mark.parametrize(("change", "wanted"), [
    (lambda path: path.rename(path.parent.parent / "4" / "x.bin"), None),
    (lambda path: public_files.write_nmnist(path, events([0], [34], [0], [0])),
     "Data {path}: x must be in 0..33 on a sensor of 34 x 34, not 34 (event 0)"),
    (lambda path: path.write_bytes(path.read_bytes()[:-1]), "Data {path} cannot be read ("),
])
def test_damaged_nmnist(tmp_path, readers, change, wanted):
    write_nmnist(tmp_path)
    path = tmp_path / "NMNIST" / "Train" / "3" / "00002.bin"
    (tmp_path / "NMNIST" / "Train" / "4").mkdir()
    change(path)
    if wanted is None:
        assert load("nmnist", DataOptions(root=tmp_path)).train.labels.tolist() == [0, 3, 4]
        return
    with pytest.raises(DataError) as caught:
        load("nmnist", DataOptions(root=tmp_path))
    assert str(caught.value).startswith(wanted.format(path=path))
    assert "\n" not in str(caught.value)


def test_damaged_files_of_other_sets(tmp_path, readers):
    for name, file in (("cifar10-dvs", "CIFAR10DVS/airplane/0.aedat4"), ("shd", "SHD/shd_train.h5"),
                       ("dvs-gesture", "DVSGesture/ibmGestureTrain/user01_led/0.npy")):
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"nothing of the kind")
        if name == "shd":
            path.with_name("shd_test.h5").touch()
        if name == "dvs-gesture":
            public_files.write_gesture(tmp_path / "DVSGesture/ibmGestureTest/user01_led/0.npy", SECOND)
        with pytest.raises(DataError, match=rf"^Data {tmp_path}.* cannot be read \(.+\); copy it again$"):
            load(name, DataOptions(root=tmp_path))


def test_a_half_without_samples(tmp_path, readers):
    for part, samples in (("train", [SECOND]), ("test", [])):
        public_files.write_hsd(tmp_path / "SHD" / f"shd_{part}.h5", samples, [0] * len(samples))
    with pytest.raises(DataError) as caught:
        load("shd", DataOptions(root=tmp_path))
    assert str(caught.value) == f"Data {tmp_path}/SHD/shd_test.h5 holds no sample; copy it again"


def test_a_label_beyond_the_classes(tmp_path, readers):
    for part in ("train", "test"):
        public_files.write_hsd(tmp_path / "SHD" / f"shd_{part}.h5", [SECOND], [20])
    with pytest.raises(DataError) as caught:
        load("shd", DataOptions(root=tmp_path))
    assert str(caught.value) == f"Data {tmp_path}/SHD/shd_train.h5: label must be in 0..19, not 20; copy it again"
