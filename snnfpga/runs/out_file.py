"""A file that a verb was told to write: refused before any work where something else of the user's would be lost."""

from collections.abc import Callable
from pathlib import Path

from rtl_gen.contract.errors import USAGE, SnnfpgaError


def check_out(path: Path, ours: Callable[[Path], bool], what: str, remedy: str) -> None:
    """Refuse a place where ``path`` cannot be written, or where it would take the place of a file that is not ours.

    Parameters
    ----------
    ours
        Whether the file that is there may be replaced.
    what
        What such a file is, for the message.
    remedy
        What to do then.

    Raises
    ------
    SnnfpgaError
        If there is no such folder, or a folder or a file of another kind is there.
    """
    if not path.parent.is_dir():
        raise SnnfpgaError(f"No folder {path.parent} to write {path.name} into; make it first", USAGE)
    if path.is_dir():
        raise SnnfpgaError(f"File {path} to write is a folder; name a file in it", USAGE)
    if path.exists() and not ours(path):
        raise SnnfpgaError(f"File {path} exists and is not {what}; {remedy}", USAGE)
