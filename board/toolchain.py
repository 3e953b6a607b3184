"""Vendor and open tools outside Python: find them, run them, or say plainly that they are not here."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rtl_gen.contract.errors import SnnfpgaError

__all__ = ["ToolError", "find", "run"]


class ToolError(SnnfpgaError):
    """A tool ran and failed; the message names its log."""


def find(command: str) -> Path | None:
    """Where ``command`` lies, if it is on the PATH."""
    found = shutil.which(command)
    return None if found is None else Path(found)


def run(command: Sequence[str], *, folder: Path, products: Sequence[str]) -> tuple[Path, ...]:
    """Run ``command`` in ``folder`` and give the files it promised to make.

    What it prints goes to ``<command>.out`` in the folder.

    Raises
    ------
    ToolError
        If it is not there, fails, or leaves a product out.
    """
    if find(command[0]) is None:
        raise ToolError(f"{command[0]} is not on the PATH; install it, or run it elsewhere in {folder} as: "
                        f"{' '.join(command)}")
    paths = tuple(folder / name for name in products)
    for path in paths:
        path.unlink(missing_ok=True)        # one of an earlier run must not pass for this one's
    log = folder / f"{Path(command[0]).name}.out"
    with log.open("wb") as output:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                              check=False)
    if done.returncode != 0:
        raise ToolError(f"{command[0]} failed with status {done.returncode}: {_last_error(log)}; see {log}")
    for path in paths:
        if not path.exists():
            raise ToolError(f"{command[0]} ended without making {path.name}; see {log}")
    return paths


def _last_error(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["it printed nothing"])[-1]
