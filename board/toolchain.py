"""Vendor and open tools outside Python: find them, run them, or say plainly that they are not here."""

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from rtl_gen.contract.errors import SnnfpgaError

__all__ = ["Step", "ToolError", "find", "ready", "run", "run_flow", "script"]


class ToolError(SnnfpgaError):
    """A tool ran and failed; the message names its log."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command of a flow, run in the folder of the sources.

    Attributes
    ----------
    name
        The step's, as a file may be called: what the tool prints goes to ``<name>.out``.
    command
        The tool and its arguments.
    products
        Files that it makes.
    install
        How to get the tool, said where it is missing; empty says no more than that it has to be installed.
    """

    name: str
    command: tuple[str, ...]
    products: tuple[str, ...]
    install: str = ""

    @property
    def tool(self) -> str:
        """The command's program."""
        return self.command[0]


def find(command: str) -> Path | None:
    """Where ``command`` lies, if it is on the PATH."""
    found = shutil.which(command)
    return None if found is None else Path(found)


def ready(flow: Sequence[Step]) -> tuple[Step, ...]:
    """The first steps of ``flow``, up to one whose tool is not on the PATH."""
    return tuple(takewhile(lambda step: find(step.tool) is not None, flow))


def script(flow: Sequence[Step]) -> str:
    """A shell script that does what :func:`run_flow` does."""
    *before, last = (shlex.join(step.command) for step in flow)
    return "\n".join(["#!/bin/sh", "set -e", *before, f"exec {last}", ""])


def run_flow(flow: Sequence[Step], *, folder: Path) -> tuple[Path, ...]:
    """Run the steps whose tools are here, in order, and give the files that they made.

    Raises
    ------
    ToolError
        If a step fails, or leaves a product out; later ones are not run.
    """
    steps = ready(flow)
    if steps:
        for step in flow:
            _forget(step, folder)
    return tuple(path for step in steps for path in run(step, folder=folder))


def run(step: Step, *, folder: Path) -> tuple[Path, ...]:
    """Run one step in ``folder`` and give the files it promised to make.

    Raises
    ------
    ToolError
        If its tool is not there, fails, or leaves a product out.
    """
    if find(step.tool) is None:
        raise ToolError(f"{step.tool} is not on the PATH; {step.install or 'install it'}, or run it elsewhere "
                        f"in {folder} as: {shlex.join(step.command)}")
    _forget(step, folder)
    log = folder / f"{step.name}.out"
    with log.open("wb") as output:
        done = subprocess.run(step.command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                              stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise ToolError(f"{step.tool} failed with status {done.returncode}: {_last_error(log)}; see {log}")
    paths = tuple(folder / name for name in step.products)
    for path in paths:
        if not path.exists():
            raise ToolError(f"{step.tool} ended without making {path.name}; see {log}")
    return paths


def _forget(step: Step, folder: Path) -> None:
    """Remove what a step made in an earlier run, so that it cannot pass for what this one makes."""
    for name in step.products:
        (folder / name).unlink(missing_ok=True)


def _last_error(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["it printed nothing"])[-1]
