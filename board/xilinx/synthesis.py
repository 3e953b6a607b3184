"""Resources of a design as Yosys maps it for a 7-series part; no place and route."""

import json
import re
import tempfile
from pathlib import Path

from rtl_gen import yosys

from ..part import Resources, Synthesis

__all__ = ["logic_delay_ps", "synthesise"]

# LUTs of a slice that a distributed RAM takes (Xilinx UG474, table 2-3: distributed RAM configurations), or a shift
# register.
_LUTS_OF_MEMORY = {"RAM32M": 4, "RAM64M": 4, "RAM128X1D": 4, "RAM32X1D": 2, "RAM64X1D": 2, "RAM32X1S": 1,
                   "RAM64X1S": 1, "RAM128X1S": 2, "RAM256X1S": 4, "SRL16E": 1, "SRLC32E": 1}
# Clock and pin buffers. Yosys times from ports on, so a clock that a black box makes would time nothing: what a buffer
# drives becomes a port.
_BUFFERS = "t:BUF* t:IBUF* t:OBUF* t:IOBUF*"


def synthesise(rtlil: str, *, top: str, family: str) -> Synthesis:
    """Map a design for a ``family`` of parts, flattened and without buffers at its ports.

    It comes as RTLIL: Yosys takes minutes to read a large memory's contents from Verilog.

    Raises
    ------
    rtl_gen.yosys.YosysError
        If Yosys refuses the design.
    """
    with tempfile.TemporaryDirectory(prefix="snnfpga-") as name:
        folder = Path(name)
        (folder / "design.il").write_text(rtlil, "utf-8")
        synth = f"synth_xilinx -family {family} -top {top} -flatten -noiopad -noclkbuf"
        # Yosys 0.70 ends with a failed assertion where a wire is called `a[0]` beside a wire `a`, as Amaranth calls the
        # fields of a structure: so names are given up before the LUTs are mapped.
        yosys.run(["read_rtlil design.il", f"{synth} -run begin:map_luts", "rename -hide w:*",
                   f"{synth} -run map_luts:",
                   "tee -q -o stat.json stat -json",
                   f"select {top}",
                   "write_rtlil -selected netlist.il"], directory=folder)
        cells = json.loads((folder / "stat.json").read_text("utf-8"))["design"]["num_cells_by_type"]
        netlist = (folder / "netlist.il").read_text("utf-8")
    return Synthesis(resources=_resources(cells), cells=cells, netlist=netlist)


def _resources(cells: dict[str, int]) -> Resources:
    unknown = [name for name in cells if re.match(r"RAM\d|SRL", name) and name not in _LUTS_OF_MEMORY]
    assert not unknown, f"no LUT count is known for {', '.join(unknown)}"

    def total(pattern: str) -> int:
        return sum(count for name, count in cells.items() if re.fullmatch(pattern, name))

    memory = sum(cells.get(name, 0) * luts for name, luts in _LUTS_OF_MEMORY.items())
    return Resources({
        "lut": total(r"LUT[1-6]|INV") + memory,     # Yosys leaves an inverter as a cell; it becomes a LUT
        "lut_as_memory": memory,
        "ff": total(r"FD[A-Z]+"),
        "ramb36": total(r"RAMB36.*") + total(r"RAMB18.*") / 2,
        "dsp": total(r"DSP48.*")})


def logic_delay_ps(synthesised: Synthesis, *, top: str) -> int:
    """Longest delay from register to register through cells alone, in picoseconds.

    Cell delays are those Yosys knows of 7-series (measured by Project X-Ray). There is no routing and no skew in it: it
    ranks designs and finds the longest path, and is no clock period.

    Raises
    ------
    rtl_gen.yosys.YosysError
        If Yosys refuses the netlist, or finds no path because no clock reaches a register.
    """
    with tempfile.TemporaryDirectory(prefix="snnfpga-") as name:
        folder = Path(name)
        (folder / "netlist.il").write_text(synthesised.netlist, "utf-8")
        # A fresh design: the mapping leaves the cell library without its timing arcs.
        yosys.run(["read_verilog -lib -specify +/xilinx/cells_sim.v", "read_rtlil netlist.il",
                   f"hierarchy -top {top}", f"expose -evert {_BUFFERS}", "tee -q -o sta.txt sta"], directory=folder)
        text = (folder / "sta.txt").read_text("utf-8")
    found = re.search(r"Latest arrival time in '.*' is (\d+)", text)
    if found is None:
        raise yosys.YosysError(f"Yosys found no path in {top} from a register to a register; its clock must come from "
                               "a port or from a clock buffer")
    return int(found[1])
