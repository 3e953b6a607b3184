"""Files that are damaged or cannot be meant: one line on standard error, and no array wrapped or allocated."""

import io
import struct
import zipfile

import numpy as np
import pytest

from snnfpga.data import archive
from snnfpga.data.dataset import DataError, assemble
from snnfpga.data.fit import check_lessons, lessons
from snnfpga.data.registry import DataOptions, load

SAMPLES, EVENTS = 40, 30


def events(**changes):
    rng = np.random.default_rng(1)
    count = SAMPLES * EVENTS
    arrays = {"t": np.concatenate([np.sort(rng.integers(0, 16000, EVENTS)) for _ in range(SAMPLES)]),
              "x": rng.integers(0, 6, count), "y": rng.integers(0, 4, count), "p": rng.integers(0, 2, count),
              "offset": np.arange(SAMPLES + 1) * EVENTS, "sensor": np.array([4, 6]), "label": np.arange(SAMPLES) % 2}
    return arrays | changes


def steps_used(data):
    return np.flatnonzero(sum(half.spikes[:].sum((0, 2)) for half in (data.train, data.test))).tolist()


def at(path, arrays, **options):
    np.savez(path, **arrays)
    return load(str(path), DataOptions(**options))


def refusal(path, arrays, **options):
    with pytest.raises(DataError) as caught:
        at(path, arrays, **options)
    return str(caught.value).replace(str(path), "m.npz")


def with_time(index, value, **changes):
    time = events()["t"].copy()
    time[index] = value
    return events(t=time, **changes)


def test_one_wild_time(tmp_path, capfd):
    data = at(tmp_path / "m.npz", with_time(EVENTS - 1, 2**32 - 1))
    assert steps_used(data) == [0, 15]
    first = int(events()["t"][0])
    assert capfd.readouterr().err == (
        f"Warning: Data m.npz: 39 of 40 samples fall into one step of 16, as the longest sample, 0, lasts "
        f"{2**32 - first} us and fills them all; mend sample 0, or set data.step_us\n")
    at(tmp_path / "m.npz", with_time(3 * EVENTS - 1, 200_000))       # 12 times as long as it should be
    assert "39 of 40 samples fall into the first 2 steps of 16, as the longest sample, 2," in capfd.readouterr().err
    at(tmp_path / "m.npz", with_time(3 * EVENTS - 1, 200_000), binning="count")
    at(tmp_path / "m.npz", with_time(3 * EVENTS - 1, 40_000))
    at(tmp_path / "m.npz", events())
    at(tmp_path / "m.npz", events(), steps=1)
    assert capfd.readouterr().err == ""


def test_times_in_seconds(tmp_path, capfd):
    at(tmp_path / "m.npz", events(t=np.zeros(SAMPLES * EVENTS, int)))
    assert capfd.readouterr().err == (
        "Warning: Data m.npz: the longest sample, 0, lasts 1 us, fewer than its 16 steps; t is in microseconds: mend "
        "it, or lower data.steps\n")
    at(tmp_path / "m.npz", events(t=np.tile(np.arange(EVENTS), SAMPLES)), step_us=1000)
    assert capfd.readouterr().err == (
        "Warning: Data m.npz: every sample falls into one step of 1000 us, the longest lasting 30 us; t is in "
        "microseconds: mend it, or lower data.step_us\n")


@pytest.mark.parametrize(("first", "last"), [(0, 2**62), (0, 2**47 - 1), (-2**63, 2**63 - 1), (-2**62, 2**62)])
def test_times_that_64_bits_do_not_hold_in_steps(tmp_path, first, last):
    arrays = with_time([0, EVENTS - 1], [first, last])
    wanted = (f"Data m.npz: a sample must last less than {2**47} us, not {last - first + 1} as sample 0 does, from "
              f"{first} to {last}; mend its times")
    assert refusal(tmp_path / "m.npz", arrays) == refusal(tmp_path / "m.npz", arrays, step_us=10) == wanted
    assert len(at(tmp_path / "m.npz", arrays, binning="count").train) == 32


def test_the_longest_time_in_the_most_steps(tmp_path, capfd):
    data = at(tmp_path / "m.npz", with_time([0, EVENTS - 1], [0, 2**47 - 2]), steps=65535)
    assert steps_used(data) == [0, 65534]
    assert "fall into one step of 65535" in capfd.readouterr().err


@pytest.mark.parametrize("kind", ["i1", "u1", ">i2", "<u2", ">i4", "u4", "<i8", ">i8", "u8", ">u8"])
def test_every_integer_type_gives_the_same(tmp_path, kind):
    time = np.tile(np.arange(EVENTS) * 4, SAMPLES)       # fits one byte
    wanted = at(tmp_path / "m.npz", events(t=time))
    typed = {name: values.astype(kind) for name, values in events(t=time, classes=np.array(2)).items()}
    if kind[-1] == "1":
        typed["offset"] = events()["offset"]
    found = at(tmp_path / "m.npz", typed)
    assert found.digest() == wanted.digest()
    assert found.train.labels.dtype.isnative
    spikes, length = np.zeros((10, 4, 6), np.uint8), np.arange(10) % 4 + 1
    spikes[:, 0, 2] = 1
    dense = {"spikes": spikes, "label": np.arange(10) % 2, "length": length}
    wanted = at(tmp_path / "m.npz", dense)
    assert at(tmp_path / "m.npz", {name: values.astype(kind) for name, values in dense.items()}).digest() == (
        wanted.digest())


HUGE = np.full(SAMPLES * EVENTS, 2**63, np.uint64)


@pytest.mark.parametrize(("name", "values", "wanted"), [
    ("t", HUGE, f"Data m.npz: t must be at most {2**63 - 1}, not {2**63}"),
    ("x", HUGE, f"Data m.npz: x must be at most {2**63 - 1}, not {2**63}"),
    ("offset", HUGE[:41], f"Data m.npz: offset must be at most {2**63 - 1}, not {2**63}"),
    ("offset", np.array([0, 2**62, -2**62, 1200]),
     f"Data m.npz: offset must ascend from 0 to 1200, the number of events, not fall from {2**62} to {-2**62} at "
     "sample 1"),
    ("label", HUGE[:40], f"Data m.npz: label must be at most {2**63 - 1}, not {2**63}"),
    ("label", np.full(40, np.nan), "Data m.npz: label must hold integers, not float64 that holds nan; mend it"),
    ("label", np.arange(40) + 0.5, "Data m.npz: label must hold integers, not float64 that holds 0.5; mend it"),
    ("label", np.full(40, "cat"), "Data m.npz: label must hold integers, not <U3; number them, as "
                                  "numpy.unique(label, return_inverse=True)[1] does"),
    ("label", np.arange(40) % 2 == 0, "Data m.npz: label must hold integers, not bool; convert them with "
                                      ".astype(numpy.int64)"),
    ("t", np.full(1200, np.inf), "Data m.npz: t must hold integers, not float64 that holds inf; mend it"),
    ("classes", np.array(2**63, np.uint64), f"Data m.npz: classes must be one integer in 2..64, not {2**63}"),
    ("classes", np.array(np.nan), "Data m.npz: classes must be one integer in 2..64, not nan"),
    ("sensor", np.array([4, 2**63], np.uint64),
     f"Data m.npz: sensor must have at most 32768 pixels, not {4 * 2**63}; pool it with data.pool=2"),
    ("split", np.array([b"tr\xe4in"] * 40), "Data m.npz: split must be train or test, not 'träin' (sample 0)"),
])
def test_numbers_that_do_not_fit(tmp_path, name, values, wanted):
    assert refusal(tmp_path / "m.npz", events(**{name: values})) == wanted


@pytest.mark.parametrize(("spikes", "wanted"), [
    (np.full((4, 2, 3), 2**63, np.uint64), f"Data m.npz: spikes must be at most {2**63 - 1}, not {2**63}"),
    (np.full((4, 2, 3), -1, np.int8),
     "Data m.npz: spikes must be 0 or 1, not -1; a step holds one event of an input"),
    (np.full((4, 2, 3), np.nan),
     "Data m.npz: spikes must hold integers, not float64 that holds nan; mend it"),
    (np.full((4, 2, 3), 0.5), "Data m.npz: spikes must hold integers, not float64 that holds 0.5; make spikes of "
                              "levels first (docs/own-data.md)"),
])
def test_spikes_that_are_none(tmp_path, spikes, wanted):
    assert refusal(tmp_path / "m.npz", {"spikes": spikes, "label": np.arange(4) % 2}) == wanted


def header(shape, descr="|u1"):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": descr, "fortran_order": False, "shape": shape})
    return head.getvalue()


def npy(values):
    head = io.BytesIO()
    np.save(head, values)
    return head.getvalue()


def archived(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, contents in members.items():
            file.writestr(name.replace("_npy", ".npy"), contents)


@pytest.mark.parametrize(("members", "wanted"), [
    ({"spikes_npy": header((100000, 1000, 20000)) + bytes(99), "label_npy": npy(np.zeros(100000, int))},
     "Data m.npz: spikes of shape (100000, 1000, 20000) takes 1.82 TiB, more than memory; give events (t, x, y, p), "
     "which are kept as lists, or fewer samples or steps"),
    ({"spikes_npy": npy(np.zeros((2, 2, 2))), "label_npy": header((2**62,), "<i8")},
     "Data m.npz: label of shape (4611686018427387904,) takes 32 EiB, more than memory; give fewer samples"),
    ({"spikes_npy": npy(np.zeros((2, 2, 2))), "notes.txt": b"mine"},
     "Data m.npz holds 'notes.txt', which is no array; leave it out"),
    ({"spikes_npy": b"text"}, "Data m.npz holds 'spikes.npy', which is damaged, or no array of NumPy: it does not "
     "begin as one; save it again with numpy.savez"),
    ({"spikes": npy(np.zeros(2))}, "Data m.npz holds 'spikes', which is no array; leave it out"),
    ({"spikes_npy": header((2, 2, 2)) + b"1"}, "is not a whole .npz of plain arrays ("),
    ({"spikes_npy": header((2, 2, 2))[:9]}, "is not a whole .npz of plain arrays ("),
    ({"label_npy": header((2,), "|O") + bytes(99)},
     "is not a whole .npz of plain arrays (an array holds Python objects)"),
])
def test_what_is_in_an_archive(tmp_path, members, wanted):
    archived(tmp_path / "m.npz", **members)
    with pytest.raises(DataError) as caught:
        load(str(tmp_path / "m.npz"))
    assert wanted in str(caught.value).replace(str(tmp_path / "m.npz"), "m.npz")


def test_an_encrypted_archive(tmp_path):
    path = tmp_path / "m.npz"
    np.savez(path, **events())
    contents = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as file:
        places = [member.header_offset for member in file.infolist()]
    directory = contents.index(b"PK\1\2")
    for place in places:
        contents[place + 6] |= 1        # the flag in each header, and in the directory
    while directory >= 0:
        contents[directory + 8] |= 1
        directory = contents.find(b"PK\1\2", directory + 1)
    path.write_bytes(contents)
    with pytest.raises(DataError) as caught:
        load(str(path))
    assert str(caught.value) == f"Data {path} holds 't' encrypted, with a password; save it again with numpy.savez"


def test_any_byte_may_be_wrong(tmp_path):
    """Whatever was damaged on the way, the file is refused in one line, or what it holds is still checked."""
    path = tmp_path / "m.npz"
    np.savez_compressed(path, **events())
    whole, rng, refused = path.read_bytes(), np.random.default_rng(0), 0
    for _ in range(300):
        damaged = bytearray(whole)
        start = int(rng.integers(len(whole)))
        for place in range(start, min(start + int(rng.integers(1, 40)), len(whole))):
            damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        try:
            load(str(path))
        except DataError:
            refused += 1
    assert refused > 200


def test_a_file_by_another_name(tmp_path):
    path = tmp_path / "recording.dat"
    np.savez(tmp_path / "m.npz", **events())
    (tmp_path / "m.npz").rename(path)
    assert load(str(path)).name == "recording.dat"
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(DataError, match=r"one\.npy is not a whole \.npz of plain arrays \(it is a single array\)"):
        load(str(tmp_path / "one.npy"))
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(DataError, match=r"folder\.npz cannot be read \(Is a directory\)"):
        load(str(tmp_path / "folder.npz"))


def data_of(labels, half, silent="none", classes=None):
    labels, half = np.array(labels), np.array(half)
    spikes = np.ones((len(labels), 2, 3), np.uint8)
    spikes[half == silent] = 0
    return assemble("m.npz", spikes, labels, half == "test", (1, 3, 1), classes or int(labels.max()) + 1)


@pytest.mark.parametrize(("labels", "half", "wanted"), [
    ([1, 2, 1, 2], ["train", "train", "test", "test"],
     "Warning: data m.npz has no train sample of label 0, of 3 classes; number the classes from 0, without holes\n"),
    ([0, 63, 0, 63], ["train", "train", "test", "test"],
     "Warning: data m.npz has no train sample of label 1, 2, 3, 4, 5 and 57 more, of 64 classes; number the classes "
     "from 0, without holes\n"),
    ([0, 1, 2, 2], ["train", "train", "test", "test"],
     "Warning: data m.npz has no train sample of label 2, of 3 classes, and 2 test samples that cannot be answered "
     "right; mend its split\n"),
    ([0, 1, 0, 1], ["train", "train", "test", "test"], ""),
])
def test_labels_that_nobody_has(capfd, labels, half, wanted):
    check_lessons(data_of(labels, half))
    assert capfd.readouterr().err == wanted


def test_train_samples_without_events():
    with pytest.raises(DataError, match=r"^Data m\.npz holds no event in its train samples; mend them, or its split$"):
        check_lessons(data_of([0, 1, 0, 1], ["train", "train", "test", "test"], silent="train"))
    with pytest.raises(DataError, match=r"^Data m\.npz holds no event in its train samples; mend them, or its split$"):
        lessons(data_of([0, 1, 0, 1], ["train", "train", "test", "test"], silent="train"), 1)
    check_lessons(data_of([0, 1, 0, 1], ["train", "train", "test", "test"], silent="test"))


def test_more_than_memory_while_reading(tmp_path, monkeypatch):
    """Where the system does not say how much memory there is, NumPy does."""
    monkeypatch.setattr(archive, "_memory", lambda: None)
    archived(tmp_path / "m.npz", label_npy=header((2**47,), "<i8") + struct.pack("<q", 1))
    with pytest.raises(DataError, match=r"takes more than memory \(Unable to allocate 1\.00 PiB"):
        load(str(tmp_path / "m.npz"))
