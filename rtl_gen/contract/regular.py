"""Files that a person names, to be read: of what is no file nothing is opened, as a pipe is waited for without end."""

import errno
import os
import stat
from typing import TypeVar

from .errors import USAGE, SnnfpgaError

__all__ = ["NotAFileError", "kind_of", "regular"]

P = TypeVar("P", bound=str | os.PathLike[str])
KINDS = ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"),
         (stat.S_ISBLK, "a device"))


class NotAFileError(SnnfpgaError, OSError):
    """What is at a path is a pipe, a socket or a device; an OSError, so that who reads a file says it in its own line.

    Attributes
    ----------
    strerror
        The reason, for a line that names the path itself.
    """

    exit_code = USAGE

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.errno, self.strerror = errno.EINVAL, reason or message

    def __str__(self) -> str:
        return str(self.args[0])        # an OSError would say its number


def kind_of(path: str | os.PathLike[str]) -> str | None:
    """What is at ``path`` where that is neither a file nor a folder: ``a named pipe``, ``a socket``, ``a device``."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):       # it is not there, which opening it will say
        return None
    return next((name for is_kind, name in KINDS if is_kind(mode)), None)


def regular(path: P) -> P:
    """``path`` itself, to be opened; of what is not there, or is a folder, opening says so.

    Raises
    ------
    NotAFileError
        If it is a named pipe, a socket or a device.
    """
    kind = kind_of(path)
    if kind is not None:
        raise NotAFileError(f"{os.fspath(path)} is {kind}, and must be a file", f"it is {kind}, not a file")
    return path
