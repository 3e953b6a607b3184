"""Where a design is compiled and where it is kept: the tools never see the folder that it ends up in.

GNU Make, which Verilator builds with, cannot work in a folder with a space in its path, and Icarus goes through a
shell. So a design is compiled in a temporary folder of a plain name, and what a simulation needs of it is moved.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cocotb_tools.config

from .simulators import SimulatorError, is_plain

PLACES = ("/tmp", "/var/tmp")      # where the usual temporary folder's name is not plain
_LEFT = re.compile(r"\.(o|a|d|cpp|h|mk|gch|dat)$|\.h\.")     # what compiling leaves, and no simulation reads


def digest_of(text: str, top: str, simulator: str, arguments: Sequence[str]) -> str:
    """A short name for a design as it is to be compiled, in the surroundings of the simulator."""
    tool = shutil.which("iverilog" if simulator == "icarus" else "verilator") or ""
    stamp = (os.path.realpath(tool), os.stat(tool).st_mtime_ns) if tool else ()
    told = (text, top, simulator, tuple(arguments), os.environ.get("MAKEFLAGS", ""), stamp,
            str(cocotb_tools.config.libs_dir))
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


@contextmanager
def compiling(place: Path) -> Iterator[Path]:
    """A folder to compile in; what it holds then is moved to ``place``, whole or not at all."""
    with tempfile.TemporaryDirectory(prefix="snnfpga-", dir=_plain_folder(), ignore_cleanup_errors=True) as name:
        work = Path(name)
        yield work
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent))
        try:
            for path in work.iterdir():
                if path.is_file() and not _LEFT.search(path.name):
                    shutil.copy2(path, fresh / path.name)
            fresh.chmod(place.parent.stat().st_mode & 0o777)        # mkdtemp's is its owner's alone
            fresh.rename(place)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise


def _plain_folder() -> str:
    """A temporary folder whose name no tool takes for more than one word.

    Raises
    ------
    SimulatorError
        If there is none.
    """
    usual = tempfile.gettempdir()
    for folder in (usual, *PLACES):
        if is_plain(folder) and os.access(folder, os.W_OK | os.X_OK):
            return folder
    raise SimulatorError(f"A design cannot be compiled below {usual!r}, whose name has spaces or other signs; set "
                         "TMPDIR to a folder of letters and digits")
