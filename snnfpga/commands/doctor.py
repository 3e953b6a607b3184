"""``snnfpga doctor``: what is installed, what is not, and what each missing thing would enable."""

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, NamedTuple

import typer

from ..console import print_json, print_table


class Finding(NamedTuple):
    """One tool: what was found of it, what it is for, and how to get it."""

    name: str
    found: str | None
    enables: str
    missing: str


PACKAGES = (
    ("torch", "training and evaluation", "pip install torch"),
    ("brevitas", "quantised weights in training", "pip install brevitas"),
    ("numba", "the integer reference", "pip install numba"),
    ("amaranth", "hardware: the generator", "pip install amaranth"),
    ("pyosys", "Verilog and the resource report of a build", "pip install pyosys"),
    ("cocotb", "verification in simulation", "pip install cocotb"),
)
SIMULATORS = (("icarus", "verification and learning in simulation; shows every signal"),
              ("verilator", "the same, faster on long runs"))


def command(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
            ) -> None:
    """Say what is installed, what is missing, and what each missing tool would enable.

    Example:

      snnfpga doctor
    """
    findings = [_python(), *(_package(*package) for package in PACKAGES), _compiled_loops(), _cuda(),
                *(_simulator(*simulator) for simulator in SIMULATORS), *_vendor_tools()]
    if as_json:
        print_json({"tools": [{"name": f.name, "found": f.found, "enables": f.enables,
                               "missing": None if f.found else f.missing} for f in findings]})
        return
    print_table("Tools", ("tool", "found", "for", "if missing"), [
        (f.name, f.found or "no", f.enables, "" if f.found else f.missing) for f in findings])


def _python() -> Finding:
    return Finding("python", ".".join(str(part) for part in sys.version_info[:3]), "everything", "")


def _package(name: str, enables: str, missing: str) -> Finding:
    try:
        return Finding(name, version(name), enables, missing)
    except PackageNotFoundError:
        return Finding(name, None, enables, missing)


def _compiled_loops() -> Finding:
    enables = "training and the reference without compiling their loops in every command"
    missing = "name a folder that can be written in NUMBA_CACHE_DIR"
    try:
        from sim.reference.compiled import kept_in
    except ImportError:
        return Finding("kept loops", None, enables, missing)
    return Finding("kept loops", kept_in(), enables, missing)


def _cuda() -> Finding:
    enables, missing = "snnfpga train --device cuda", "a CUDA part, its driver, and a CUDA build of torch"
    try:
        import torch
    except ImportError:
        return Finding("cuda", None, enables, missing)
    found = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return Finding("cuda", found, enables, missing)


def _simulator(name: str, enables: str) -> Finding:
    from sim.simulators import missing

    reason = missing(name)
    return Finding(name, None if reason else "yes", enables, reason or "")


def _vendor_tools() -> list[Finding]:
    from board.registry import get, names
    from board.toolchain import find

    findings: dict[str, Finding] = {}
    for board in map(get, names()):
        for stage in board.flow:
            place = find(stage.tool)
            findings.setdefault(stage.tool, Finding(
                stage.tool, None if place is None else str(place), f"bitstreams for {board.title}",
                f"{stage.install or f'install {stage.tool}'}; without it a build has all sources and scripts, and no "
                "bitstream"))
    return list(findings.values())
