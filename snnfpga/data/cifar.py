"""CIFAR-10 (Krizhevsky 2009): its public binary version, and one that was recompressed as JPEG."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.regular import regular

from .archive import read_arrays
from .coding import coded_halves
from .dataset import DataError, DataSet, Labels, Split
from .integers import integers, known_labels

SIDE, COLOURS, CLASSES = 32, 3, 10
RECORD = 1 + COLOURS * SIDE * SIDE      # a label, then the red, the green and the blue plane
TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))

Images = NDArray[np.uint8]


def load_binary(folder: Path, coding: str, steps: int, seed: int, most: int = 1) -> DataSet:
    """``cifar10``: images of ``folder`` under a code of :mod:`snnfpga.data.coding`; the split is the published one.

    Raises
    ------
    DataError
        If a file is absent or damaged.
    """
    batches = [read_batch(folder / name) for name in TRAIN]
    train, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return _data("cifar10", (train, labels), read_batch(folder / "test_batch.bin"), coding, steps, seed, most)


def read_batch(path: Path) -> tuple[Images, Labels]:
    """Images (N, 32, 32, 3) and labels (N,) of a file of the binary version.

    Raises
    ------
    DataError
        If the file is absent, cut short, or holds a label above 9.
    """
    try:
        contents = np.fromfile(regular(path), np.uint8)
    except FileNotFoundError:
        raise DataError(f"No data file {path}; put it there, or give another --data-root") from None
    if not len(contents) or len(contents) % RECORD:
        raise DataError(f"Data {path} must hold records of {RECORD} bytes, not {len(contents)} bytes; copy it again")
    records = contents.reshape(-1, RECORD)
    if records[:, 0].max() >= CLASSES:
        raise DataError(f"Data {path}: label must be in 0..{CLASSES - 1}, not {records[:, 0].max()}; copy it again")
    planes = records[:, 1:].reshape(-1, COLOURS, SIDE, SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), records[:, 0].astype(np.int64)


def load_jpeg(folder: Path, coding: str, steps: int, seed: int, most: int = 1) -> DataSet:
    """``cifar10-jpeg``: as :func:`load_binary`, of ``cifar10_jpeg.npz``.

    It holds ``header``, the first bytes of every image; ``data``, the rest of all, cut by ``offset``; ``label``; and
    ``n_train``, the number of training images, which come first.

    Raises
    ------
    DataError
        If the file is absent or damaged, or an image is no JPEG of 32 x 32 in colour.
    """
    path = folder / "cifar10_jpeg.npz"
    arrays = read_arrays(path, ("header", "data", "offset", "label", "n_train"))
    header, data = arrays["header"].tobytes(), arrays["data"].tobytes()
    offset = integers(f"Data {path}", "offset", arrays["offset"])
    if offset.ndim != 1 or len(offset) < 3 or (np.diff(np.clip(offset, -1, len(data) + 1), prepend=0) < 0).any() or (
            offset[-1] > len(data)):
        raise DataError(f"Data {path}: offset must ascend within 0..{len(data)}, the bytes of data, and cut out at "
                        "least 2 images; copy it again")
    images = np.stack([_decode(path, number, header + data[offset[number]:offset[number + 1]])
                       for number in range(len(offset) - 1)])
    labels = known_labels(f"Data {path}", arrays["label"], len(images), CLASSES)
    given = arrays["n_train"]
    if given.size != 1 or given.dtype.kind not in "iu" or not 1 <= given.item() < len(images):
        raise DataError(f"Data {path}: n_train must be one integer in 1..{len(images) - 1}, not {given.tolist()}; copy "
                        "it again")
    train = given.item()
    return _data("cifar10-jpeg", (images[:train], labels[:train]), (images[train:], labels[train:]), coding, steps,
                 seed, most)


def _decode(path: Path, number: int, contents: bytes) -> Images:
    from PIL import Image, UnidentifiedImageError

    try:
        pixels = np.asarray(Image.open(io.BytesIO(contents)))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise DataError(f"Data {path}: image {number} is no whole JPEG; copy it again") from None
    if pixels.shape != (SIDE, SIDE, COLOURS):
        raise DataError(f"Data {path}: image {number} must have shape {(SIDE, SIDE, COLOURS)}, not {pixels.shape}; "
                        "copy it again")
    return pixels


def _data(name: str, train: tuple[Images, Labels], test: tuple[Images, Labels], coding: str, steps: int,
          seed: int, most: int) -> DataSet:
    spikes = coded_halves(train[0], test[0], coding, steps, seed, most)
    return DataSet(name, Split(spikes[0], train[1]), Split(spikes[1], test[1]), (SIDE, SIDE, COLOURS), CLASSES)
