"""Recorded events that were binned once, kept in a folder that the user names."""

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.regular import regular

from ..console import say
from .binning import Binning
from .dataset import DataSet, Spikes, Split
from .event_lists import EventLists
from .lazy import LazySpikes, told
from .packed import PackedSpikes

VERSION = 2     # to be raised when the same recordings and options give other spikes, or a file holds them otherwise


def cached(folder: Path, name: str, source: Path, how: Binning, seed: int, make: Callable[[], DataSet]) -> DataSet:
    """What ``make`` gives, from ``folder`` where it has been made before; a file there that is damaged is made again.

    Parameters
    ----------
    source
        The file or the folder that ``make`` reads: other names, sizes or times of change there are other data.
    how, seed
        What else ``make`` depends on. The spikes that it gives are lists or bits.
    """
    path = folder / f"{Path(name).stem}-{_key(name, source, how, seed)[:32]}.npz"
    if path.exists():
        data = _read(path)
        if data is not None:
            return data
        say(f"Cache {path} is damaged; it is made again")
    data = make()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, _contents(data))
    except OSError as error:
        say(f"Cache {path} cannot be written ({error.strerror}); going on without")
    return data


def _key(name: str, source: Path, how: Binning, seed: int) -> str:
    files = sorted(path for path in (source.rglob("*") if source.is_dir() else [source]) if path.is_file())
    stamps = [(str(path.resolve()), (stat := path.stat()).st_size, stat.st_mtime_ns) for path in files]
    return hashlib.sha256(repr((VERSION, name, how, seed, stamps)).encode()).hexdigest()


def _contents(data: DataSet) -> bytes:
    arrays = {"name": np.array(data.name), "sensor": np.array(data.sensor), "classes": np.array(data.classes)}
    for half, split in (("train", data.train), ("test", data.test)):
        found = {**_stored(split.spikes), "label": split.labels, "length": split.lengths,
                 "step_label": split.step_labels, "row": split.rows}
        arrays |= {f"{half}_{key}": values for key, values in found.items() if values is not None}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays, sha256=np.array(_checksum(arrays)))
    return buffer.getvalue()


def _stored(spikes: Spikes | LazySpikes) -> dict[str, NDArray]:
    if isinstance(spikes, EventLists):
        repeats = {"repeats": np.array(1)} if spikes.repeats else {}
        return {"events": spikes.events, "counts": spikes.counts, **repeats}
    assert isinstance(spikes, PackedSpikes)
    return {"bits": spikes.bits}


def _read(path: Path) -> DataSet | None:
    """The data in a file of this cache, or None where that is not what was written."""
    try:
        with np.load(regular(path), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        if str(arrays.pop("sha256")) != _checksum(arrays):
            return None
        return DataSet(str(arrays["name"]), _split(arrays, "train"), _split(arrays, "test"),
                       tuple(arrays["sensor"].tolist()), int(arrays["classes"]))
    # Damage anywhere in an archive shows as one of these, before its bytes can be compared with the checksum.
    except (OSError, ValueError, TypeError, AttributeError, EOFError, LookupError, RuntimeError, MemoryError,
            struct.error, zlib.error, zipfile.BadZipFile):
        return None


def _split(arrays: dict[str, NDArray], half: str) -> Split:
    inputs = int(np.prod(arrays["sensor"]))
    spikes = (PackedSpikes(arrays[f"{half}_bits"], inputs) if f"{half}_bits" in arrays else
              EventLists(arrays[f"{half}_events"], arrays[f"{half}_counts"], inputs, f"{half}_repeats" in arrays))
    optional = (arrays.get(f"{half}_{name}") for name in ("length", "step_label", "row"))
    return Split(spikes, arrays[f"{half}_label"], *optional)


def _checksum(arrays: dict[str, NDArray]) -> str:
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(name.encode())
        for piece in told(array):
            digest.update(piece)
    return digest.hexdigest()
