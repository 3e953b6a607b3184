"""The arrays of an ``.npz``: all of them or one line, whatever is in the file, and nothing unpickled."""

import math
import os
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.errors import shown
from rtl_gen.contract.regular import NotAFileError, regular

from ..console import size as size_in_words
from .dataset import DataError

ENCRYPTED = 1       # a flag of a file in a zip archive
MEMBER = ".npy"     # what NumPy adds to an array's name in the archive
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_arrays(path: Path, needed: tuple[str, ...] = ()) -> dict[str, NDArray]:
    """The arrays of an .npz.

    Raises
    ------
    DataError
        If the file is absent or damaged, holds what is no array or more than memory, or lacks one of ``needed``.
    """
    arrays = _read(path)
    for name in needed:
        if name not in arrays:
            raise DataError(f"Data {path} lacks {name!r}; copy it again")
    return arrays


def is_dense(path: Path) -> bool:
    """Whether the file holds spikes in steps; False as well where it cannot be read, which loading it will say."""
    try:
        with zipfile.ZipFile(regular(path)) as file:
            return "spikes.npy" in file.namelist()
    except Exception:       # whatever damage makes it meet
        return False


def _read(path: Path) -> dict[str, NDArray]:
    try:
        with zipfile.ZipFile(regular(path)) as archive:
            _check_members(path, archive)
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise DataError(f"No data file {path}; give the path of an .npz or the name of a data set") from None
    except DataError:
        raise
    except (PermissionError, IsADirectoryError, NotAFileError) as error:
        raise DataError(f"Data {path} cannot be read ({error.strerror}); give the path of an .npz or the name of a "
                        "data set") from None
    except MemoryError as error:
        raise DataError(f"Data {path} takes more than memory ({error}); give fewer samples or steps") from None
    except Exception as error:      # zipfile, zlib, struct and NumPy let through whatever damage makes them meet
        raise DataError(f"Data {path} is not a whole .npz of plain arrays ({_reason(path, error)}); save it again with "
                        "numpy.savez") from None


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse what is no plain array, or arrays that memory does not hold, before any is read."""
    sizes: dict[str, tuple[int, tuple[int, ...]]] = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(MEMBER)
        if name in sizes:
            raise DataError(f"Data {path} holds {shown(name)} twice; save it again with numpy.savez")
        if member.flag_bits & ENCRYPTED:
            raise DataError(f"Data {path} holds {shown(name)} encrypted, with a password; save it again with "
                            "numpy.savez")
        with archive.open(member) as file:
            sizes[name] = _size(path, member.filename, file)
    memory = _memory()
    if memory is not None and sum(size for size, _ in sizes.values()) > memory:
        name, (size, shape) = max(sizes.items(), key=lambda found: found[1])
        remedy = "give fewer samples" if name != "spikes" else (
            "give events (t, x, y, p), which are kept as lists, or fewer samples or steps")
        raise DataError(f"Data {path}: {name} of shape {shape} takes {size_in_words(size)}, more than memory; {remedy}")


def _size(path: Path, name: str, file: IO[bytes]) -> tuple[int, tuple[int, ...]]:
    """Bytes and shape of an array, by its header alone."""
    if not name.endswith(MEMBER):
        raise DataError(f"Data {path} holds {shown(name)}, which is no array; leave it out")
    if file.read(len(np.lib.format.MAGIC_PREFIX)) != np.lib.format.MAGIC_PREFIX:
        raise DataError(f"Data {path} holds {shown(name)}, which is damaged, or no array of NumPy: it does not begin "
                        "as one; save it again with numpy.savez")
    version = (file.read(1)[0], file.read(1)[0])
    shape, _, dtype = HEADERS.get(version, np.lib.format.read_array_header_2_0)(file)
    if dtype.hasobject:
        raise ValueError("an array holds Python objects")
    return math.prod(shape) * dtype.itemsize, shape


def _memory() -> int | None:
    """Bytes of the machine's memory, or None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _reason(path: Path, error: Exception) -> str:
    """Why an .npz cannot be read."""
    with path.open("rb") as file:
        if file.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX:
            return "it is a single array"
    return str(error) or type(error).__name__ if zipfile.is_zipfile(path) else "it is no archive"
