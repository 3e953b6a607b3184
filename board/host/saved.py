"""Learned weights that a loss of power leaves whole, and that can be taken back: numbered generations. NumPy only.

Each generation is a folder beside its elders, complete or not there::

    saved/
      generation-000004/   spec.json weights.npz   the network, in the form of a driver folder
                           best/                   the same of a network that a guard keeps
                           generation.json         what the program notes, and a SHA-256 of each file
      generation-000005/
      rejected-000006/                             taken back by rollback()

A generation is written under another name, brought to the disk file by file, and renamed: where the power goes before
the rename there is no such generation, after it there is a whole one. One that was damaged since is skipped, with a
line, for the one before it.
"""

import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network import Network
from rtl_gen.contract.regular import regular

from . import archive

__all__ = ["Generation", "SavedError", "SavedNetworks"]

NOTE_FILE = "generation.json"
BEST = "best"
GOOD, REJECTED, UNFINISHED = "generation", "rejected", "unfinished"
KEEP = 5        # generations; more cost only room on the card


class SavedError(SnnfpgaError):
    """There is no generation to go back to, or none that can be read."""


@dataclass(frozen=True)
class Generation:
    """A generation that was found whole.

    Attributes
    ----------
    number
        It grows from one to the next.
    folder
        Where it lies.
    network
        What the core held.
    best
        The network that a guard kept, where it is another one.
    note
        What the program noted with it.
    """

    number: int
    folder: Path
    network: Network
    best: Network | None
    note: dict[str, Any]


class SavedNetworks:
    """Generations of a network in one folder, which belongs to one program at a time.

    Parameters
    ----------
    folder
        Of the generations; made by the first :meth:`save`.
    keep
        The youngest so many stay, of those that are good and of those that were taken back alike.
    say
        Takes a line about a generation that was skipped.
    """

    def __init__(self, folder: Path, *, keep: int = KEEP, say: Callable[[str], object] = print) -> None:
        if keep < 2:
            raise SavedError(f"Generations to keep must be at least 2, not {keep}; with one there is no way back")
        self.folder, self._keep, self._say = Path(folder), keep, say

    def save(self, network: Network, note: Mapping[str, Any], best: Network | None = None) -> Path:
        """Write the next generation, then remove those beyond what is kept; gives its folder.

        ``note`` is of values that JSON can hold.

        Raises
        ------
        OSError
            If it cannot be written; the generations before it are as they were.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        files = archive.to_files(network)
        if best is not None:
            files |= {f"{BEST}/{name}": contents for name, contents in archive.to_files(best).items()}
        digests = {name: hashlib.sha256(contents).hexdigest() for name, contents in files.items()}
        text = json.dumps({"note": dict(note), "sha256": digests}, indent=1) + "\n"
        place = self.folder / f"{UNFINISHED}-{uuid.uuid4().hex}"
        try:
            (place / BEST if best is not None else place).mkdir(parents=True)
            for name, contents in {**files, NOTE_FILE: _sealed(text)}.items():
                _write(place / name, contents)
            for folder in {(place / name).parent for name in files} | {place}:
                _to_disk(folder)
            target = self.folder / f"{GOOD}-{self._next():06}"
            os.replace(place, target)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        _to_disk(self.folder)
        self._tidy()
        return target

    def latest(self) -> Generation | None:
        """The youngest generation that is whole, or None where there is none; a line for each that is skipped.

        Raises
        ------
        SavedError
            If there are generations, and none of them is whole.
        """
        return self._youngest(self._numbered(GOOD))

    def rollback(self) -> Generation:
        """Take the youngest whole generation back for good, and give the one before it, which then is the latest.

        Raises
        ------
        SavedError
            If there is none before it; nothing is changed then.
        """
        places = self._numbered(GOOD)
        newest = self._youngest(places)
        before = None if newest is None else self._youngest(
            {number: place for number, place in places.items() if number < newest.number})
        if newest is None or before is None:
            raise SavedError(f"No generation in {self.folder} to go back to; begin with the build's network, without "
                             "--rollback")
        # What lies above the one to go back to is damaged, or the one that is taken back: from the youngest down, so
        # that a loss of power in between leaves one of the states before or after.
        for number in sorted((number for number in places if number > before.number), reverse=True):
            os.replace(places[number], self.folder / f"{REJECTED}-{number:06}")
        _to_disk(self.folder)
        return before

    def _youngest(self, places: Mapping[int, Path]) -> Generation | None:
        for number in sorted(places, reverse=True):
            try:
                return _read(number, places[number])
            except SnnfpgaError as error:
                self._say(f"Skipped {places[number]}: {error}")
        if places:
            raise SavedError(f"Of {len(places)} generations in {self.folder} none is whole; begin with the build's "
                             "network, and another --saved folder")
        return None

    def _numbered(self, kind: str) -> dict[int, Path]:
        """Folders of a kind by their number."""
        if not self.folder.is_dir():
            return {}
        found = ((re.fullmatch(rf"{kind}-(\d+)", path.name), path) for path in self.folder.iterdir())
        return {int(match[1]): path for match, path in found if match and path.is_dir()}

    def _next(self) -> int:
        return 1 + max([0, *self._numbered(GOOD), *self._numbered(REJECTED)])

    def _tidy(self) -> None:
        """Remove the oldest beyond what is kept, and what a loss of power left unfinished."""
        for kind in (GOOD, REJECTED):
            places = self._numbered(kind)
            for number in sorted(places)[:-self._keep]:
                # Renamed first: half of a generation must not pass for one that is damaged.
                gone = self.folder / f"{UNFINISHED}-{uuid.uuid4().hex}"
                os.replace(places[number], gone)
        for path in self.folder.glob(f"{UNFINISHED}-*"):
            shutil.rmtree(path, ignore_errors=True)


def _sealed(text: str) -> bytes:
    """The note with a SHA-256 of itself in its last line."""
    return f"{text}{hashlib.sha256(text.encode()).hexdigest()}\n".encode()


def _unsealed(contents: bytes) -> dict[str, Any]:
    text, _, _ = contents.decode("utf-8", "replace").removesuffix("\n").rpartition("\n")
    if contents != _sealed(f"{text}\n"):
        raise SavedError(f"{NOTE_FILE} is not as it was written")
    return json.loads(text)


def _read(number: int, place: Path) -> Generation:
    """A generation, each file checked against what was written."""
    found = _unsealed(_contents(place / NOTE_FILE))
    for name, digest in found["sha256"].items():
        if hashlib.sha256(_contents(place / name)).hexdigest() != digest:
            raise SavedError(f"{name} is not as it was written")
    best = archive.read(place / BEST) if (place / BEST).is_dir() else None
    return Generation(number, place, archive.read(place), best, found["note"])


def _contents(path: Path) -> bytes:
    try:
        return regular(path).read_bytes()
    except OSError as error:
        raise SavedError(f"{path.name} cannot be read ({error.strerror})") from None


def _write(path: Path, contents: bytes) -> None:
    with path.open("xb") as file:
        file.write(contents)
        file.flush()
        os.fsync(file.fileno())


def _to_disk(folder: Path) -> None:
    """Bring the names in a folder to the disk: what was renamed is renamed after a loss of power as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
