"""What the benchmark of a routed core makes of a design, before it is placed, computes the same."""

import importlib
import json
from pathlib import Path

import pyosys
import pytest

from rtl_gen import yosys
from rtl_gen.weight_memory import WeightMemory
from sim.runner import build_verilog, run
from tests.networks import network_spec
from tests.rtl_gen.cases import handed

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
CELLS = Path(pyosys.__file__).parent / "share" / "lattice" / "common_sim.vh"
SPEC = network_spec(sizes=(16,), lanes=8, inputs=3072)

# A port of 9 bits takes a half of a word, one of 18 a word in bytes; what is read is what was there.
PORT = """
  reg [17:0] taken{0} = 0, held{0} = 0;
  wire [9:0] word{0} = {{AD{0}13,AD{0}12,AD{0}11,AD{0}10,AD{0}9,AD{0}8,AD{0}7,AD{0}6,AD{0}5,AD{0}4}};
  wire [17:0] in{0} = {{ {1} }};
  always @(posedge CLK{0}) if (CE{0}) begin
    taken{0} <= DATA_WIDTH_{0} == 18 ? words[word{0}] : words[word{0}][9*AD{0}3+:9];
    if (WE{0} && DATA_WIDTH_{0} == 9) words[word{0}][9*AD{0}3+:9] <= in{0}[8:0];
    if (WE{0} && DATA_WIDTH_{0} == 18 && AD{0}0) words[word{0}][8:0] <= in{0}[8:0];
    if (WE{0} && DATA_WIDTH_{0} == 18 && AD{0}1) words[word{0}][17:9] <= in{0}[17:9];
  end
  always @(posedge CLK{0}) if (OCE{0}) held{0} <= RST{0} ? 0 : taken{0};
  assign {{ {2} }} = REGMODE_{0} == "OUTREG" ? held{0} : taken{0};
"""


def block_ram(settings):
    """Verilog of the block RAM: as much of it as the widths and modes here need."""
    def pins(port, name, bits):
        return ", ".join(f"{name}{port}{bit}" for bit in reversed(range(bits)))

    inputs = [name.format(port) for port in "AB"
              for name in ("CLK{}", "CE{}", "OCE{}", "WE{}", "RST{}", "CS{}0", "CS{}1", "CS{}2")]
    inputs += [pins(port, name, bits) for port in "AB" for name, bits in (("AD", 14), ("DI", 18))]
    outputs = [pins(port, "DO", 18) for port in "AB"]
    ports = "".join(PORT.format(port, pins(port, "DI", 18), pins(port, "DO", 18)) for port in "AB")
    return (f"module DP16KD(input {', '.join(inputs)}, output {', '.join(outputs)});\n"
            + "".join(f"  parameter {name} = 0;\n" for name in settings)
            + f"  reg [17:0] words [0:1023];\n{ports}endmodule\n")


@pytest.mark.slow
def test_block_ram_with_the_registers_behind_it(icarus, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    found = importlib.import_module("routed").synthesise(WeightMemory(SPEC.blocks[0]), tmp_path)
    weights = SPEC.blocks[0].directives.lanes * SPEC.blocks[0].layers[0].weights.stored_bits
    assert found["registers of DP16KD"] == 3 * weights, "of each row all are the block RAM's own"
    cells = json.loads((tmp_path / "design.json").read_text())["modules"]["top"]["cells"].values()
    memories = [cell["parameters"] for cell in cells if cell["type"] == "DP16KD"]
    widths = {(int(each["DATA_WIDTH_A"], 2), int(each["DATA_WIDTH_B"], 2)) for each in memories}
    assert widths <= {(9, 9), (18, 18)}
    yosys.run(["read_json design.json", "write_verilog -noattr mapped.v"], directory=tmp_path)
    text = CELLS.read_text().partition("module INV(")[0] + block_ram(memories[0])
    design = build_verilog((tmp_path / "mapped.v").read_text() + text, top="top", build_dir=tmp_path / "built",
                           simulator=icarus)
    run(design, bench="sim.benches.weight_memory", environment=handed(SPEC))
