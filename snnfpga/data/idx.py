"""MNIST and Fashion-MNIST: the four IDX files of LeCun et al. 1998, packed with gzip, as they are published."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.regular import regular

from .coding import coded_halves
from .dataset import DataError, DataSet, Split
from .integers import known_labels

UBYTE = 8       # code of unsigned bytes in the third byte of an IDX file
CLASSES = 10


def load_idx(name: str, folder: Path, coding: str, steps: int, seed: int, most: int = 1) -> DataSet:
    """Images of ``folder`` under a code of :mod:`snnfpga.data.coding`; the split is the published one.

    Raises
    ------
    DataError
        If a file is absent or damaged.
    """
    images, labels = [], []
    for part in ("train", "t10k"):
        images.append(read_idx(folder / f"{part}-images-idx3-ubyte.gz", 3))
        path = folder / f"{part}-labels-idx1-ubyte.gz"
        labels.append(known_labels(f"Data {path}", read_idx(path, 1), len(images[-1]), CLASSES))
        if images[-1].shape[1:] != images[0].shape[1:]:
            raise DataError(f"Data {folder} must have images of one size, not {images[0].shape[1:]} and "
                            f"{images[-1].shape[1:]}; copy it again")
    train, test = coded_halves(*images, coding, steps, seed, most)
    return DataSet(name, Split(train, labels[0]), Split(test, labels[1]), (*images[0].shape[1:], 1), CLASSES)


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The array of unsigned bytes in an IDX file packed with gzip.

    Raises
    ------
    DataError
        If the file is absent, cut short, or of another type or number of dimensions.
    """
    try:
        contents = gzip.decompress(regular(path).read_bytes())
    except FileNotFoundError:
        raise DataError(f"No data file {path}; put it there, or give another --data-root") from None
    except (gzip.BadGzipFile, EOFError, zlib.error, struct.error):
        raise DataError(f"Data {path} is not a whole gzip file; copy it again") from None
    header = 4 + 4 * dimensions
    if contents[:4] != bytes((0, 0, UBYTE, dimensions)) or len(contents) < header:
        raise DataError(f"Data {path} must be an IDX file of {dimensions} dimensions of bytes; copy it again")
    shape = struct.unpack(f">{dimensions}I", contents[4:header])
    if 0 in shape or len(contents) != header + math.prod(shape):
        raise DataError(f"Data {path} must hold {' x '.join(map(str, shape))} bytes, not {len(contents) - header}; "
                        "copy it again")
    return np.frombuffer(contents, np.uint8, offset=header).reshape(shape)
