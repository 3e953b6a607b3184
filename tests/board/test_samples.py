"""What a file of samples must hold, and that whatever else it holds is said in one line."""

import re
import zipfile

import numpy as np
import pytest

from board.host.samples import SampleError, read_samples
from tests.networks import network, samples

SPEC = network().spec           # 12 inputs, 3 classes, at most 16 steps
SPIKES, LABELS = samples(SPEC, 6)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "samples.npz"


def write(path, **arrays):
    np.savez(path, **{"spikes": SPIKES, "label": LABELS, **arrays})


def test_what_there_is(path):
    write(path)
    found = read_samples(path, SPEC)
    np.testing.assert_array_equal(found.spikes, SPIKES)
    np.testing.assert_array_equal(found.labels, LABELS)
    assert (found.steps.tolist(), found.is_test, len(found)) == ([7] * 6, None, 6)


def test_length_split_missing_labels_and_axes(path):
    lengths = np.array([7, 3, 1, 7, 5, 6], np.uint16)
    spikes = SPIKES * (np.arange(7) < lengths[:, None])[:, :, None].astype(np.uint8)
    write(path, spikes=spikes.astype(bool).reshape(6, 7, 3, 4), length=lengths, label=np.array([0, -1, 2, 1, -1, 0]),
          split=np.array(["train", "test"] * 3), classes=3)
    found = read_samples(path, SPEC)
    assert [len(found[number]) for number in range(6)] == lengths.tolist()
    np.testing.assert_array_equal(found[1], spikes[1, :3])
    assert found.spikes.dtype == np.uint8
    assert found.labels.tolist() == [0, -1, 2, 1, -1, 0]
    assert found.is_test.tolist() == [False, True] * 3


def changed(place, value):
    spikes = SPIKES.copy()
    spikes[place] = value
    return spikes


@pytest.mark.parametrize(("arrays", "line"), [
    ({"spikes": SPIKES[:, :, :5]},
     "spikes must have shape (N, T, 12) for network small, none of them 0, not (6, 7, 5)"),
    ({"spikes": SPIKES[0]}, "spikes must have shape (N, T, 12) for network small, none of them 0, not (7, 12)"),
    ({"spikes": SPIKES[:, :0]}, "spikes must have shape (N, T, 12) for network small, none of them 0, not (6, 0, 12)"),
    ({"spikes": SPIKES.astype(float)},
     "spikes must be uint8, not float64; convert them with .astype(numpy.uint8)"),
    ({"spikes": np.tile(SPIKES, (1, 3, 1))}, "spikes must have at most 16 steps for network small, not 21; bin them "
                                             "coarser, or train with a higher hardware.max_steps"),
    ({"spikes": changed((2, 3, 4), 2)}, "spikes must be 0 or 1, not 2; a step holds one event of an input"),
    ({"label": LABELS[:5]}, "label must hold 6 integers, one a sample, not int64 of shape (5,); a sample without a "
                            "label has -1"),
    ({"label": LABELS + .5}, "label must hold 6 integers, one a sample, not float64 of shape (6,); a sample without a "
                             "label has -1"),
    ({"label": np.full(6, np.nan)}, "label must hold 6 integers, one a sample, not float64 of shape (6,); a sample "
                                    "without a label has -1"),
    ({"label": np.array([0, 1, 2, 3, 0, 1])}, "label must be in 0..2, or -1 for none, not 3 (sample 3)"),
    ({"label": np.array([0, 1, 2, 0, -2, 1])}, "label must be in 0..2, or -1 for none, not -2 (sample 4)"),
    ({"label": np.array([0, 1, 2, 0, 2**64 - 1, 1], np.uint64)},
     "label must be in 0..2, or -1 for none, not 18446744073709551615 (sample 4)"),
    ({"length": np.full(6, 7.0)}, "length must hold 6 integers, one a sample, not float64 of shape (6,)"),
    ({"length": np.array([7, 7, 0, 7, 7, 7])}, "length must be in 1..7, not 0 (sample 2)"),
    ({"length": np.array([7, 7, 8, 7, 7, 7])}, "length must be in 1..7, not 8 (sample 2)"),
    ({"step_label": LABELS}, "step_label must hold integers of shape (6, 7), one a step, not int64 of shape (6,); a "
                             "step without a label has -1"),
    ({"step_label": np.array([[0, 1, 2, 0, 1, 2, -1]] * 5 + [[0, 3, 0, 0, 0, 0, 0]])},
     "step_label must be in 0..2, or -1 for none, not 3 (sample 5, step 1)"),
    ({"split": np.arange(6)}, "split must hold a word a sample, shape (6,), not int64 of shape (6,)"),
    ({"split": np.array(["train"] * 5 + ["valid"])}, "split must be train or test, not 'valid' (sample 5)"),
])
def test_what_it_must_hold(path, arrays, line):
    write(path, **arrays)
    with pytest.raises(SampleError, match=f"^{re.escape(f'Samples {path}: {line}')}$") as raised:
        read_samples(path, SPEC)
    assert raised.value.exit_code == 2


def test_nothing_lies_after_the_end_of_a_sample(path):
    write(path, spikes=np.ones((6, 7, 12), np.uint8), length=np.array([7, 4, 7, 7, 7, 7]))
    with pytest.raises(SampleError, match=r"sample 1 of length 4 has an event in step 4; clear it, or mend length$"):
        read_samples(path, SPEC)


@pytest.mark.parametrize(("arrays", "line"), [
    ({"label": LABELS}, "must hold dense spikes (N, T, inputs) and label (N,), and lack spikes; sort events into time "
                        "steps with snnfpga export-samples"),
    ({"spikes": SPIKES}, "must hold dense spikes (N, T, inputs) and label (N,), and lack label; sort events into time "
                         "steps with snnfpga export-samples"),
    ({"t": LABELS, "x": LABELS}, "must hold dense spikes (N, T, inputs) and label (N,), and lack spikes and label; "
                                 "sort events into time steps with snnfpga export-samples"),
    ({"spikes": SPIKES, "label": LABELS, "lenght": LABELS},
     "must not hold 'lenght'; rename it or leave it out (known are classes, label, length, spikes, split, step_label)"),
    ({"spikes": SPIKES * 0, "label": LABELS}, "hold no event: all spikes are 0; give at least one"),
])
def test_what_is_missing_or_too_much(path, arrays, line):
    np.savez(path, **arrays)
    with pytest.raises(SampleError, match=f"^{re.escape(f'Samples {path} {line}')}$"):
        read_samples(path, SPEC)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_file_cut_or_changed_anywhere_is_one_line(path, save):
    """Or it is read as it was: a zip has bytes that do not matter."""
    save(path, spikes=SPIKES, label=LABELS)
    whole, said = path.read_bytes(), set()
    rng = np.random.default_rng(0)
    for place in (*range(0, len(whole), 37), *range(len(whole) - 30, len(whole))):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ int(rng.integers(1, 256))])
                        + whole[place + 1:]):
            path.write_bytes(damaged)
            try:
                found = read_samples(path, SPEC)
            except SampleError as error:
                said.add(str(error))
            else:
                np.testing.assert_array_equal(found.spikes, SPIKES)
                np.testing.assert_array_equal(found.labels, LABELS)
    assert len(said) > 3
    assert all(line.startswith(f"Samples {path}") and "\n" not in line for line in said)


def test_other_files(path, tmp_path):
    with pytest.raises(SampleError, match=r"^No samples .*; make the file with snnfpga export-samples, and copy it "):
        read_samples(path, SPEC)
    np.save(tmp_path / "one.npy", SPIKES)
    (tmp_path / "one.npy").rename(path)
    with pytest.raises(SampleError, match=r"must be an .npz archive, not a single array; save it with numpy.savez$"):
        read_samples(path, SPEC)
    np.savez(path, spikes=SPIKES, label=np.array([{}] * 6))
    with pytest.raises(SampleError, match=r"not a whole .npz of plain arrays \(it is no archive, or an array holds"):
        read_samples(path, SPEC)
    with pytest.raises(SampleError, match=r"not a whole .npz of plain arrays \(Is a directory|Errno 21"):
        read_samples(tmp_path, SPEC)


def test_what_does_not_begin_as_an_array(path):
    with zipfile.ZipFile(path, "w") as file:
        for name in ("spikes.npy", "label.npy"):
            file.writestr(name, b"\x93NUMPX" + bytes(200))
    with pytest.raises(SampleError, match=r"not a whole .npz of plain arrays \('spikes' is damaged, or no array of "):
        read_samples(path, SPEC)


def test_what_is_larger_than_the_memory(path):
    """A header that claims more than any machine has."""
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (1099511627776, 7, 12), }"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("spikes.npy", header.ljust(127) + b"\n" + bytes(50))
    with pytest.raises(SampleError, match="are too large for the memory; export fewer with snnfpga export-samples"):
        read_samples(path, SPEC)
