"""Files that are whole, or what they were before; and errors that say which file."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: Path, contents: bytes) -> None:
    """Write to a temporary name beside ``path``, then rename: a failure leaves an earlier file intact.

    Raises
    ------
    OSError
        If it cannot be written; the error names ``path``.
    """
    with opened(path) as file:
        file.write(contents)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of ``path`` once all is written; raises as :func:`write_atomically`."""
    # Not tempfile, whose files only their owner may read: this one has the mode that the umask gives.
    # Of a bounded length, so that whatever name can be written can be written so.
    name = path.with_name(f".{path.name[:40]}.{uuid.uuid4().hex}")
    with naming(path):
        try:
            with name.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            name.unlink(missing_ok=True)
            raise


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An OSError within names ``path``; where a disk is full it would name no file, or a temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
