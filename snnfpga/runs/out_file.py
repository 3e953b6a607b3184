"""A file that a verb was told to write: refused before any work where it cannot be, or something would be lost."""

from collections.abc import Callable
from pathlib import Path

from rtl_gen.claim import claimed_file
from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.regular import kind_of

from ..ending import until_end


def check_out(path: Path, ours: Callable[[Path], bool], what: str, remedy: str, *,
              keep: bool = True) -> None:
    """Refuse a place where ``path`` cannot be written, or where it would take the place of a file that is not ours.

    Parameters
    ----------
    ours
        Whether the file that is there may be replaced.
    what
        What such a file is, for the message.
    remedy
        What to do then.
    keep
        No other process of snnfpga may write it until the verb has ended; not so a record that the last of them leaves.

    Raises
    ------
    SnnfpgaError
        If there is no such folder, or a folder, a pipe or a file of another kind is there, or nothing can be written
        there.
    rtl_gen.claim.InUseError
        If another process is about to write it.
    """
    if path.parent.is_file():
        raise SnnfpgaError(f"File {path} to write lies below {path.parent}, which is a file; name another place", USAGE)
    if not path.parent.is_dir():
        raise SnnfpgaError(f"No folder {path.parent} to write {path.name} into; make it first", USAGE)
    if path.is_dir():
        raise SnnfpgaError(f"File {path} to write is a folder; name a file in it", USAGE)
    if (kind := kind_of(path)) is not None:
        raise SnnfpgaError(f"File {path} to write is {kind}; name another file", USAGE)
    claim = claimed_file(path, "File", wait=not keep)
    if keep:
        until_end(claim)
    else:
        with claim:
            pass        # it can be written
    if path.is_symlink() and not path.exists():
        raise SnnfpgaError(f"File {path} to write is a link to {path.readlink()}, which is not there; remove the link, "
                           "or name another file", USAGE)
    if path.exists() and not ours(path):
        raise SnnfpgaError(f"File {path} exists and is not {what}; {remedy}", USAGE)
