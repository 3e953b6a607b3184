"""CIFAR-10 (Krizhevsky 2009): its public binary version, and one that was recompressed as JPEG."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .coding import coded_halves
from .dataset import DataError, DataSet, Labels, Split
from .npz import read_arrays

SIDE, COLOURS, CLASSES = 32, 3, 10
RECORD = 1 + COLOURS * SIDE * SIDE      # a label, then the red, the green and the blue plane
TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))

Images = NDArray[np.uint8]


def load_binary(folder: Path, coding: str, steps: int, seed: int) -> DataSet:
    """``cifar10``: images of ``folder`` under a code of :mod:`snnfpga.data.coding`; the split is the published one.

    Raises
    ------
    DataError
        If a file is absent or damaged.
    """
    batches = [read_batch(folder / name) for name in TRAIN]
    train, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return _data("cifar10", (train, labels), read_batch(folder / "test_batch.bin"), coding, steps, seed)


def read_batch(path: Path) -> tuple[Images, Labels]:
    """Images (N, 32, 32, 3) and labels (N,) of a file of the binary version.

    Raises
    ------
    DataError
        If the file is absent, cut short, or holds a label above 9.
    """
    try:
        contents = np.fromfile(path, np.uint8)
    except FileNotFoundError:
        raise DataError(f"No data file {path}; put it there, or give another --data-root") from None
    if not len(contents) or len(contents) % RECORD:
        raise DataError(f"Data {path} must hold records of {RECORD} bytes, not {len(contents)} bytes; copy it again")
    records = contents.reshape(-1, RECORD)
    if records[:, 0].max() >= CLASSES:
        raise DataError(f"Data {path}: label must be in 0..{CLASSES - 1}, not {records[:, 0].max()}; copy it again")
    planes = records[:, 1:].reshape(-1, COLOURS, SIDE, SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), records[:, 0].astype(np.int64)


def load_jpeg(folder: Path, coding: str, steps: int, seed: int) -> DataSet:
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
    header, data, offset = arrays["header"].tobytes(), arrays["data"].tobytes(), arrays["offset"]
    images = np.stack([_decode(path, number, header + data[offset[number]:offset[number + 1]])
                       for number in range(len(offset) - 1)])
    labels, train = arrays["label"].astype(np.int64), int(arrays["n_train"])
    return _data("cifar10-jpeg", (images[:train], labels[:train]), (images[train:], labels[train:]), coding, steps,
                 seed)


def _decode(path: Path, number: int, contents: bytes) -> Images:
    from PIL import Image, UnidentifiedImageError

    try:
        pixels = np.asarray(Image.open(io.BytesIO(contents)))
    except (UnidentifiedImageError, OSError):
        raise DataError(f"Data {path}: image {number} is no whole JPEG; copy it again") from None
    if pixels.shape != (SIDE, SIDE, COLOURS):
        raise DataError(f"Data {path}: image {number} must have shape {(SIDE, SIDE, COLOURS)}, not {pixels.shape}; "
                        "copy it again")
    return pixels


def _data(name: str, train: tuple[Images, Labels], test: tuple[Images, Labels], coding: str, steps: int,
          seed: int) -> DataSet:
    spikes = coded_halves(train[0], test[0], coding, steps, seed)
    return DataSet(name, Split(spikes[0], train[1]), Split(spikes[1], test[1]), (SIDE, SIDE, COLOURS), CLASSES)
