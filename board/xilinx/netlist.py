"""A design as the cells of a 7-series part, to be simulated: what synthesis makes of it, and Yosys' models of cells.

Block RAM has no model there that computes, so memories lie in LUTs and registers.
"""

import tempfile
from importlib.util import find_spec
from pathlib import Path

from rtl_gen import yosys

__all__ = ["netlist_verilog"]


def netlist_verilog(rtlil: str, *, top: str, family: str) -> str:
    """Verilog of a design mapped for a ``family`` of parts, and of every cell in it; its ports are those of the design.

    Raises
    ------
    rtl_gen.yosys.YosysError
        If Yosys refuses the design.
    """
    with tempfile.TemporaryDirectory(prefix="snnfpga-") as name:
        folder = Path(name)
        (folder / "design.il").write_text(rtlil, "utf-8")
        synth = f"synth_xilinx -family {family} -top {top} -flatten -noiopad -noclkbuf -nobram"
        yosys.run(["read_rtlil design.il", f"{synth} -run begin:map_luts", "rename -hide w:*",
                   f"{synth} -run map_luts:", f"select {top}",
                   "write_verilog -noattr -selected netlist.v"], directory=folder)
        return (folder / "netlist.v").read_text("utf-8") + _models().read_text("utf-8")


def _models() -> Path:
    """Yosys' models of the cells, which come with its wheel."""
    spec = find_spec("pyosys")
    assert spec is not None, "synthesis ran without pyosys"
    return Path(str(spec.origin)).parent / "share" / "xilinx" / "cells_sim.v"
