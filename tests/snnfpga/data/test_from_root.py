"""Sets that are not embedded: their formats, on files made here; and the real ones where ``--data-root`` has them."""

import gzip
import io
import struct

import numpy as np
import pytest
from PIL import Image

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
    with pytest.raises(DataError, match=r"label must have shape \(4,\), one a sample, not \(3,\); copy it again$"):
        load("mnist", DataOptions(root=tmp_path))


def test_labels_and_sizes_of_images(tmp_path):
    folder = write_mnist(tmp_path)
    path = folder / "train-labels-idx1-ubyte.gz"
    whole = path.read_bytes()
    path.write_bytes(idx(np.full(6, 10, np.uint8)))
    with pytest.raises(DataError, match=r"label must be in 0\.\.9, not 10 \(sample 0\); copy it again$"):
        load("mnist", DataOptions(root=tmp_path))
    path.write_bytes(whole)
    for images in (np.zeros((4, 5, 5), np.uint8), np.zeros((0, 4, 5), np.uint8)):
        (folder / "t10k-images-idx3-ubyte.gz").write_bytes(idx(images))
        with pytest.raises(DataError, match=r"one size, not \(4, 5\) and \(5, 5\)|must hold 0 x 4 x 5 bytes, not 0"):
            load("mnist", DataOptions(root=tmp_path))
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(
        bytes((0, 0, 8, 3)) + struct.pack(">3I", 2**31, 2**31, 4) + bytes(9)))       # 2^64, which is 0 in 64 bits
    with pytest.raises(DataError, match=r"must hold 2147483648 x 2147483648 x 4 bytes, not 9; copy it again$"):
        load("mnist", DataOptions(root=tmp_path))


RECORDED = {
    "nmnist-1100": ("nmnist_1100/nmnist_1100.npz", lambda: {
        "t": np.arange(5), "x": np.arange(5), "y": np.arange(5), "p": np.zeros(5, int), "offset": np.array([0, 3, 5]),
        "label": np.array([4, 9]), "is_test": np.array([False, True])}),
    "braille": ("braille7/braille7.npz", lambda: {
        "bits": np.packbits(np.ones((20, 256, 12), np.uint8)), "shape": np.array([20, 256, 12]),
        "label": np.repeat([0, 6], 10)}),
    "cifar10-jpeg": ("cifar10_jpeg/cifar10_jpeg.npz", lambda: {
        "header": np.zeros(4, np.uint8), "data": np.zeros(9, np.uint8), "offset": np.array([0, 3, 9]),
        "label": np.array([4, 9]), "n_train": np.array(1)}),
}


@pytest.mark.parametrize(("name", "array", "values", "wanted"), [
    ("nmnist-1100", "label", np.array([4, 10]), "label must be in 0..9, not 10 (sample 1); copy it again"),
    ("nmnist-1100", "label", np.array([4]), "label must have shape (2,), one a sample, not (1,); copy it again"),
    ("nmnist-1100", "is_test", np.array([0.0, np.nan]),
     "is_test must hold true or false for each of 2 samples, not float64 of shape (2,); copy it again"),
    ("nmnist-1100", "offset", np.array(7), "offset must hold samples + 1 integers, at least 2, not int64 of shape ()"),
    ("braille", "shape", np.array([20, 256, 2**61]),
     "shape must be (samples, steps, channels) of as many bits as there are, not [20, 256, 2305843009213693952] beside "
     "7680 bytes of uint8; copy it again"),
    ("braille", "shape", np.array([20.0, 256, 12]), "shape must hold integers, not float64; convert them with "
                                                    ".astype(numpy.int64)"),
    ("braille", "bits", np.zeros(7680), "7680 bytes of float64; copy it again"),
    ("braille", "label", np.repeat([0, -1], 10), "label must be in 0..6, not -1 (sample 10); copy it again"),
    ("cifar10-jpeg", "offset", np.array([0, 30, 9]), "offset must ascend within 0..9, the bytes of data"),
    ("cifar10-jpeg", "offset", np.array([0, 3, 2**63], np.uint64), f"offset must be at most {2**63 - 1}, not {2**63}"),
    ("cifar10-jpeg", "offset", np.array([0, 3, 9]), "image 0 is no whole JPEG; copy it again"),
])
def test_damaged_arrays(tmp_path, name, array, values, wanted):
    place, arrays = RECORDED[name]
    path = tmp_path / place
    path.parent.mkdir()
    np.savez(path, **arrays() | {array: values})
    with pytest.raises(DataError) as caught:
        load(name, DataOptions(root=tmp_path))
    assert wanted in str(caught.value)


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


CIFAR = ("data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin",
         "test_batch.bin")


def write_cifar(root):
    """A file a label; in each image one pixel is bright: row 1, column 2, in the colour label % 3."""
    folder = root / "cifar-10-batches-bin"
    folder.mkdir()
    for label, name in enumerate(CIFAR):
        planes = np.zeros((2, 3, 32, 32), np.uint8)
        planes[:, label % 3, 1, 2] = 255
        records = np.concatenate([np.full((2, 1), label, np.uint8), planes.reshape(2, -1)], axis=1)
        records.tofile(folder / name)
    return folder


def test_cifar10(tmp_path):
    write_cifar(tmp_path)
    data = load("cifar10", DataOptions(root=tmp_path, coding="latency", steps=3))
    assert (data.sensor, data.classes, data.train.spikes.shape) == ((32, 32, 3), 10, (10, 3, 3072))
    assert data.train.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert np.argwhere(data.train.spikes[3]).tolist() == [[0, (32 + 2) * 3 + 1]]
    assert np.argwhere(data.test.spikes[0]).tolist() == [[0, (32 + 2) * 3 + 2]]


@pytest.mark.parametrize(("damage", "wanted"), [
    (lambda b: b[:-1], "must hold records of 3073 bytes, not 6145 bytes; copy it again"),
    (lambda b: b"", "must hold records of 3073 bytes, not 0 bytes; copy it again"),
    (lambda b: b"\x0a" + b[1:], ": label must be in 0..9, not 10; copy it again"),
])
def test_damaged_cifar10(tmp_path, damage, wanted):
    path = write_cifar(tmp_path) / "data_batch_3.bin"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        load("cifar10", DataOptions(root=tmp_path))
    assert str(caught.value) == f"Data {path}{'' if wanted.startswith(':') else ' '}{wanted}"


def jpeg(level, size=(32, 32)):
    buffer = io.BytesIO()
    Image.new("RGB", size, (level, 0, 0)).save(buffer, "jpeg", quality=95)
    return buffer.getvalue()


def write_cifar_jpeg(root, images):
    (root / "cifar10_jpeg").mkdir()
    shared = 100    # of tables, alike in all
    rest = [image[shared:] for image in images]
    np.savez(root / "cifar10_jpeg" / "cifar10_jpeg.npz", header=np.frombuffer(images[0][:shared], np.uint8),
             data=np.frombuffer(b"".join(rest), np.uint8), offset=np.cumsum([0, *map(len, rest)]),
             label=np.array([3, 1, 7], np.uint8), n_train=np.int32(2))


def test_cifar10_jpeg(tmp_path):
    write_cifar_jpeg(tmp_path, [jpeg(255), jpeg(0), jpeg(128)])
    data = load("cifar10-jpeg", DataOptions(root=tmp_path, steps=4))
    assert (data.name, data.sensor, data.classes) == ("cifar10-jpeg", (32, 32, 3), 10)
    assert (data.train.labels.tolist(), data.test.labels.tolist()) == ([3, 1], [7])
    red = data.train.spikes[0].reshape(4, 32, 32, 3)[..., 0]
    assert red.mean() > 0.99
    assert not data.train.spikes[1].any()
    assert 0.45 < data.test.spikes[0].reshape(4, 1024, 3)[..., 0].mean() < 0.55


@pytest.mark.parametrize(("image", "wanted"), [
    (jpeg(0)[:300], "image 1 is no whole JPEG; copy it again"),
    (jpeg(0, (16, 32)), "image 1 must have shape (32, 32, 3), not (32, 16, 3); copy it again"),
])
def test_damaged_cifar10_jpeg(tmp_path, image, wanted):
    write_cifar_jpeg(tmp_path, [jpeg(255), image, jpeg(128)])
    with pytest.raises(DataError) as caught:
        load("cifar10-jpeg", DataOptions(root=tmp_path))
    assert str(caught.value) == f"Data {tmp_path}/cifar10_jpeg/cifar10_jpeg.npz: {wanted}"


@pytest.mark.parametrize(("number", "said"), [(np.int32(3), "3"), (np.float32(2), "2.0"), (np.array([1, 2]), "[1, 2]")])
def test_training_images_of_cifar10_jpeg(tmp_path, number, said):
    write_cifar_jpeg(tmp_path, [jpeg(255), jpeg(0), jpeg(128)])
    path = tmp_path / "cifar10_jpeg" / "cifar10_jpeg.npz"
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **arrays | {"n_train": number})
    with pytest.raises(DataError) as caught:
        load("cifar10-jpeg", DataOptions(root=tmp_path))
    assert str(caught.value) == f"Data {path}: n_train must be one integer in 1..2, not {said}; copy it again"
