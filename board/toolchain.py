"""Vendor and open tools outside Python: find them, run them, or say plainly that they are not here."""

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from rtl_gen.contract.errors import SnnfpgaError

__all__ = ["Stage", "ToolError", "find", "ready", "run", "run_flow", "script"]


class ToolError(SnnfpgaError):
    """A tool ran and failed; the message names its log."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One command of a flow, run in the folder of the sources.

    Attributes
    ----------
    name
        The stage's, as a file may be called: what the tool prints goes to ``<name>.out``.
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


def ready(flow: Sequence[Stage]) -> tuple[Stage, ...]:
    """The first stages of ``flow``, up to one whose tool is not on the PATH."""
    return tuple(takewhile(lambda stage: find(stage.tool) is not None, flow))


def script(flow: Sequence[Stage]) -> str:
    """A shell script that does what :func:`run_flow` does."""
    *before, last = (shlex.join(stage.command) for stage in flow)
    return "\n".join(["#!/bin/sh", "set -e", *before, f"exec {last}", ""])


def run_flow(flow: Sequence[Stage], *, folder: Path) -> tuple[Path, ...]:
    """Run the stages whose tools are here, in order, and give the files that they made.

    Raises
    ------
    ToolError
        If a stage fails, or leaves a product out; later ones are not run.
    """
    stages = ready(flow)
    if stages:
        for stage in flow:
            _forget(stage, folder)
    return tuple(path for stage in stages for path in run(stage, folder=folder))


def run(stage: Stage, *, folder: Path) -> tuple[Path, ...]:
    """Run one stage in ``folder`` and give the files it promised to make.

    Raises
    ------
    ToolError
        If its tool is not there, fails, or leaves a product out.
    """
    if find(stage.tool) is None:
        raise ToolError(f"{stage.tool} is not on the PATH; {stage.install or 'install it'}, or run it elsewhere "
                        f"in {folder} as: {shlex.join(stage.command)}")
    _forget(stage, folder)
    log = folder / f"{stage.name}.out"
    with log.open("wb") as output:
        done = subprocess.run(stage.command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                              stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise ToolError(f"{stage.tool} failed with status {done.returncode}: {_last_error(log)}; see {log}")
    paths = tuple(folder / name for name in stage.products)
    for path in paths:
        if not path.exists():
            raise ToolError(f"{stage.tool} ended without making {path.name}; see {log}")
    return paths


def _forget(stage: Stage, folder: Path) -> None:
    """Remove what a stage made in an earlier run, so that it cannot pass for what this one makes."""
    for name in stage.products:
        (folder / name).unlink(missing_ok=True)


def _last_error(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["it printed nothing"])[-1]
