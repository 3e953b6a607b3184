"""Proofs: a component that says in every cycle whether a rule is broken, and a search for inputs that break it.

Yosys makes an and-inverter graph of it, and ABC's property-directed reachability either finds inputs, from the reset
on, under which a bit of its output ``bad`` becomes 1, or an inductive invariant that keeps all of them 0 for ever,
which it then checks. Both tools come with the wheel ``pyosys``.

What is proved holds for the widths that were given; payloads that are only carried need no more than a bit.
"""

import re
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from amaranth.lib.wiring import Component

from rtl_gen import yosys
from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.emit import to_rtlil

__all__ = ["BrokenError", "ProofError", "missing", "prove"]

LONGEST_S = 800
# Memories become registers, which begin at 0; what has no value has any.
_PASSES = ("hierarchy -top top", "proc", "flatten", "memory_map", "opt -full", "async2sync", "dffunmap", "techmap",
           "opt -fast", "dffunmap", "simplemap", "setundef -anyseq", "aigmap", "opt_clean")


class ProofError(SnnfpgaError):
    """No proof and no counterexample was found; the message says why."""


class BrokenError(SnnfpgaError):
    """A rule is broken; the message says which by its place among them, and in which cycle after the reset."""


def missing() -> str | None:
    """What has to be installed before anything can be proved; None where nothing is missing."""
    return None if _abc().exists() else f"{_abc()} is missing; install a wheel of pyosys that has yosys-abc"


def prove(component: Component) -> int:
    """Prove that ``component.bad`` is 0 in every cycle, whatever its other inputs are and whenever it is reset.

    Returns
    -------
    The number of registers, bit by bit, of what was proved.

    Raises
    ------
    BrokenError
        If it is not.
    ProofError
        If it could not be told.
    rtl_gen.yosys.YosysError
        If Yosys refuses the component.
    """
    with tempfile.TemporaryDirectory(prefix="snnfpga-") as name:
        folder = Path(name)
        (folder / "in.il").write_text(to_rtlil(component, name="top"), "utf-8")
        yosys.run(["read_rtlil in.il", *_PASSES, "write_aiger -zinit out.aig"], directory=folder)
        commands = f"read_aiger out.aig; print_stats; pdr -T {LONGEST_S}; print_status"
        said = subprocess.run([_abc(), "-c", commands], cwd=folder, text=True, check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT).stdout
    broken = re.search(r"Output (\d+) of miter .* was asserted in frame (\d+)", said)
    if broken:
        raise BrokenError(f"{type(component).__name__}: rule {broken[1]} is broken in cycle {broken[2]}")
    if "Property proved" not in said or "Verification of invariant" not in said:
        raise ProofError(f"{type(component).__name__} was neither proved nor broken:\n{said[-1000:]}")
    registers = re.search(r"lat =\s*(\d+)", said)
    assert registers is not None, said
    return int(registers[1])


def _abc() -> Path:
    spec = find_spec("pyosys")
    return Path(spec.origin).parent / "yosys-abc" if spec is not None and spec.origin else Path("yosys-abc")
