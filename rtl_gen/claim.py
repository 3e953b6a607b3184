"""Places that one process at a time writes: claimed before any work, by a lock that ends with its process."""

import errno
import os
import platform
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

from .contract.errors import USAGE, SnnfpgaError

__all__ = ["LOCK", "InUseError", "PlaceError", "claimed_file", "claimed_folder", "is_claimed"]

LOCK = ".snnfpga-lock"      # within a folder that is claimed
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_held: dict[Path, int] = {}     # locks of this process, and how often each was taken


class InUseError(SnnfpgaError):
    """Another process writes there; the message names it."""

    exit_code = USAGE


class PlaceError(SnnfpgaError):
    """A place that cannot be written, said before any work."""

    exit_code = USAGE


@contextmanager
def claimed_folder(folder: Path, what: str, *, wait: bool = False) -> Iterator[None]:
    """Hold ``folder`` by a lock within it; made where it is missing, and gone again where it stayed empty.

    The operating system holds the lock, so that a process that was killed leaves nothing claimed. One process may claim
    a place several times over.

    Parameters
    ----------
    what
        What such a folder is, for the message.
    wait
        Wait for another process to be done, instead of an error.

    Raises
    ------
    InUseError
        If another process has claimed it.
    PlaceError
        If it cannot be made or written.
    """
    made = _made(folder)
    try:
        with _locked(folder.resolve() / LOCK, f"{what} {folder}", wait):
            yield
    finally:
        _unmade(made)


@contextmanager
def claimed_file(path: Path, what: str, *, wait: bool = False) -> Iterator[None]:
    """Hold ``path``, a file or a folder that is replaced whole, by a lock beside it; else as :func:`claimed_folder`."""
    path = path if path.name else path.resolve()
    made = _made(path.parent)
    try:
        with _locked(path.parent.resolve() / f".{path.name}.lock", f"{what} {path}", wait):
            yield
    finally:
        _unmade(made)


def is_claimed(folder: Path) -> bool:
    """Whether another process holds ``folder``."""
    if not (folder / LOCK).exists():
        return False
    try:
        with claimed_folder(folder, ""):
            return False
    except InUseError:
        return True


@contextmanager
def _locked(path: Path, thing: str, wait: bool) -> Iterator[None]:
    if path in _held:
        _held[path] += 1
        try:
            yield
        finally:
            _held[path] -= 1
        return
    lock = _taken(path, thing, wait)
    _held[path] = 1
    try:
        yield
    finally:
        del _held[path]
        if lock is not None:
            # While it is held: who waits for it finds that the file has no name any more, and makes another.
            if not isinstance(lock, SoftFileLock):
                path.unlink(missing_ok=True)
            lock.release()


def _taken(path: Path, thing: str, wait: bool) -> FileLock | None:
    """The lock, or None where the file system has none: then a line says so, and work goes on."""
    lock = FileLock(str(path))
    _check_takes_files(path.parent, thing)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")     # of a file system without locks, where the file itself is one
            lock.acquire(timeout=-1 if wait else 0)
        if not isinstance(lock, SoftFileLock):      # whose file has a text of its own
            path.write_text(f"process {os.getpid()} on {platform.node()}", "utf-8")
        return lock
    except Timeout:
        raise InUseError(f"{thing} is being written by {_owner(path)}; wait until that has ended, or choose another "
                         "place") from None
    except NotImplementedError:
        pass
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise PlaceError(f"{thing} cannot be written: {error.strerror}; choose another place") from None
    print(f"{thing} lies where files cannot be locked; see to it that no other process writes there", file=sys.stderr)
    path.unlink(missing_ok=True)
    return None


def _check_takes_files(folder: Path, thing: str) -> None:
    """Refuse a folder in which no file can be made; a lock would be tried there again and again, as if it were held."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = f"nothing can be made in {folder}" if isinstance(error, FileNotFoundError) else error.strerror
        raise PlaceError(f"{thing} cannot be written: {why}; choose another place") from None


def _owner(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace").strip() or "another process"
    except OSError:
        return "another process"


def _made(folder: Path) -> list[Path]:
    """Make ``folder``, and give what had to be made for it, the innermost first."""
    lacking = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _unmade(lacking)
        raise PlaceError(f"Folder {folder} cannot be made: {_in_the_way(folder) or error.strerror}; choose another "
                         "place") from None
    return lacking


def _in_the_way(folder: Path) -> str:
    for place in (folder, *folder.parents):
        if os.path.islink(place) and not os.path.exists(place):
            return f"{place} is a link to {os.readlink(place)}, which is not there"
        if os.path.isfile(place):
            return f"{place} is a file"
    return ""


def _unmade(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return      # it holds something by now
