"""Yosys, from the pyosys wheel, in a process of its own: an error of Yosys ends the process it happens in."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .contract.errors import SnnfpgaError

_RUN = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for command in sys.stdin.read().splitlines():
    libyosys.run_pass(command, design)
"""


class YosysError(SnnfpgaError):
    """Yosys refused a command; the message holds the end of its log."""


def run(commands: Sequence[str], *, directory: Path) -> str:
    """Run ``commands`` one after another in ``directory`` and return the log.

    Raises
    ------
    YosysError
        If a command fails.
    """
    done = subprocess.run([sys.executable, "-c", _RUN], input="\n".join(commands), cwd=directory, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise YosysError(f"Yosys failed with status {done.returncode}:\n{done.stdout[-2000:]}")
    return done.stdout
