"""Sets that are not embedded: their formats, on files made here; and the real ones where ``--data-root`` has them."""

import gzip
import struct

import numpy as np
import pytest

from snnfpga.data.dataset import DataError
from snnfpga.data.registry import SETS, DataOptions, load


def idx(values):
    return gzip.compress(bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape)
                         + values.tobytes())


def write_mnist(root):
    folder = root / "mnist"
    folder.mkdir()
    for part, count in (("train", 6), ("t10k", 4)):
        images = np.zeros((count, 4, 5), np.uint8)
        images[np.arange(count), 1, np.arange(count) % 5] = 255
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(idx(images))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx((np.arange(count) % 10).astype(np.uint8)))
    return folder


def test_idx(tmp_path):
    write_mnist(tmp_path)
    data = load("mnist", DataOptions(root=tmp_path, coding="latency", steps=3))
    assert (data.sensor, data.classes, data.train.spikes.shape) == ((4, 5, 1), 10, (6, 3, 20))
    assert np.argwhere(data.train.spikes[2]).tolist() == [[0, 7]]
    assert data.test.labels.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("damage", "wanted"), [
    (lambda b: b[:-9], "is not a whole gzip file; copy it again"),
    (lambda b: b"plain", "is not a whole gzip file; copy it again"),
    (lambda b: gzip.compress(gzip.decompress(b)[:-1]), "must hold 6 x 4 x 5 bytes, not 119; copy it again"),
    (lambda b: gzip.compress(b"\0\0\x0d\x03"), "must be an IDX file of 3 dimensions of bytes; copy it again"),
])
def test_damaged_idx(tmp_path, damage, wanted):
    path = write_mnist(tmp_path) / "train-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        load("mnist", DataOptions(root=tmp_path))
    assert str(caught.value) == f"Data {path} {wanted}"


def test_images_and_labels_belong_together(tmp_path):
    folder = write_mnist(tmp_path)
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(idx(np.zeros(3, np.uint8)))
    with pytest.raises(DataError, match=r"must have a label for each of 4 t10k images, not 3; copy it again$"):
        load("mnist", DataOptions(root=tmp_path))


def test_nmnist(tmp_path):
    (tmp_path / "nmnist_1100").mkdir()
    np.savez(tmp_path / "nmnist_1100" / "nmnist_1100.npz", t=np.array([0, 50, 99, 7, 8]), x=np.array([1, 2, 33, 0, 0]),
             y=np.array([0, 3, 33, 0, 0]), p=np.array([1, 0, 1, 0, 1], np.uint8), offset=np.array([0, 3, 5]),
             label=np.array([4, 9], np.uint8), is_test=np.array([False, True]))
    data = load("nmnist-1100", DataOptions(root=tmp_path, steps=4))
    assert (data.sensor, data.classes, len(data.train), len(data.test)) == ((34, 34, 2), 10, 1, 1)
    assert np.argwhere(data.train.spikes[0]).tolist() == [[0, 3], [2, (3 * 34 + 2) * 2], [3, 34 * 34 * 2 - 1]]
    assert np.argwhere(data.test.spikes[0]).tolist() == [[0, 0], [0, 1]]


def test_braille(tmp_path):
    (tmp_path / "braille7").mkdir()
    spikes = np.zeros((20, 8, 12), np.uint8)
    spikes[:, 5, 3] = spikes[:, 4, 3] = 1
    np.savez(tmp_path / "braille7" / "braille7.npz", bits=np.packbits(spikes), shape=np.array(spikes.shape),
             label=np.repeat([0, 6], 10))
    data = load("braille", DataOptions(root=tmp_path, steps=4))
    assert (data.classes, len(data.train), len(data.test)) == (7, 16, 4)
    assert np.argwhere(data.train.spikes[0]).tolist() == [[2, 3]]
    with pytest.raises(DataError) as caught:
        load("braille", DataOptions(root=tmp_path, steps=5))
    assert str(caught.value) == "Data steps of braille must divide 8, not 5"


def test_no_root_no_file(tmp_path):
    with pytest.raises(DataError) as caught:
        load("mnist")
    assert str(caught.value) == ("Data set mnist is not embedded; say where it lies: --data-root FOLDER (it is read "
                                 "from FOLDER/mnist)")
    for name, source in SETS.items():
        if source.folder is not None:
            with pytest.raises(DataError, match=f"^No data file {tmp_path}/{source.folder}/"):
                load(name, DataOptions(root=tmp_path))
