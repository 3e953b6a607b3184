"""A part like an ECP5: four-input LUTs, block RAMs of 16 kbit, multipliers of 18 bits."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from board.part import Amount, Part, Resources, Synthesis
from rtl_gen import yosys

SHAPES = ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18))
LUTS = {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4}


@dataclass(frozen=True, kw_only=True)
class Scratch(Part):
    def place(self, memory):
        rams = min(-(-memory.depth // depth) * -(-memory.width // width) for depth, width in SHAPES)
        luts = 4 * -(-memory.depth // 16) * -(-memory.width // 4)
        block = memory.style == "block" or (memory.style == "auto" and luts > 200 * rams)
        return Resources({"dp16k": rams if block else 0, "lut4": 0 if block else luts})

    def synthesise(self, rtlil, *, top):
        with tempfile.TemporaryDirectory() as name:
            (Path(name) / "design.il").write_text(rtlil)
            yosys.run(["read_rtlil design.il", f"synth_ecp5 -top {top} -noabc9 -run :map_cells", "stat",
                       "tee -q -o stat.json stat -json"], directory=Path(name))
            cells = json.loads((Path(name) / "stat.json").read_text())["design"]["num_cells_by_type"]
        return Synthesis(Resources({
            "lut4": sum(cells.get(cell, 0) * luts for cell, luts in LUTS.items()), "dp16k": cells.get("DP16KD", 0),
            "mult18": cells.get("MULT18X18D", 0)}), cells, "")


SCRATCH_25 = Scratch(name="Scratch 25", code="SCR-25F", amounts=(
    Amount(name="lut4", label="LUT4", plural="LUT4s", about="logic, and small memories", whole=24_000),
    Amount(name="dp16k", label="DP16K", plural="memories of 16 kbit", about="block RAM", whole=56),
    Amount(name="mult18", label="MULT18", plural="multipliers", about="products of 18 bits", whole=28)))
