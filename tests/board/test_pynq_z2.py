import re
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from board.registry import get
from board.xilinx import vivado
from rtl_gen import yosys
from sim.runner import build_verilog, run
from tests.networks import network

BOARD = get("pynq-z2")


@pytest.fixture(scope="module")
def files():
    return BOARD.design(network().spec).files


def test_sources_are_whole_and_repeat(files):
    assert set(files) == {f"{BOARD.top}{suffix}" for suffix in (".v", ".xdc", ".tcl")} | {f"build_{BOARD.top}.sh"}
    assert BOARD.design(network().spec).files == files


def test_constraints_name_what_is_there(files):
    verilog, constraints = files[f"{BOARD.top}.v"], files[f"{BOARD.top}.xdc"]
    (ports,) = re.findall(rf"^module {BOARD.top}\((.*)\);", verilog, re.M)
    assert set(re.findall(r"get_ports \{(\w+)\}", constraints)) == set(ports.split(", "))
    assert "set_property PACKAGE_PIN R14 [get_ports {led_0__io}]" in constraints
    for path in re.findall(r"get_pins \{(\S+)\[0\]\}", constraints):
        outer, cell, pin = path.split("/")
        assert re.search(rf"^  \S+\s+{outer} \(", verilog, re.M)
        assert re.search(rf"^  PS7 {cell} \(\n(    .*\n)*?    \.{pin}\(", verilog, re.M)
    assert "create_clock -name fabric -period 10.000" in constraints


def test_script_builds_this_part_and_stops_on_missed_timing(files):
    script = files[f"{BOARD.top}.tcl"]
    assert f"synth_design -top {BOARD.top} -part xc7z020clg400-1" in script
    assert script.index("exit 1") < script.index(f"write_bitstream -force {BOARD.flow[-1].products[-1]}")
    assert f"exec {' '.join(BOARD.flow[0].command)}\n" in files[f"build_{BOARD.top}.sh"]


# Vivado's commands, of which only the worst slacks matter here.
VIVADO = """
proc unknown args {{}}
proc exit code {{ error "exit $code" }}
proc get_timing_paths args {{ return [lindex $args end] }}
proc get_property {{name path}} {{ return [dict get {{-setup {setup} -hold {hold}}} $path] }}
proc write_bitstream args {{ puts written }}
"""


@pytest.mark.parametrize(("setup", "hold", "says"), [
    (0.1, 0.0, "written"),
    (-0.3, 0.1, "ERROR: setup timing is missed by 0.3 ns; see snnfpga_pynq_z2_timing.rpt"),
    (0.1, -0.02, "ERROR: hold timing is missed by 0.02 ns; see snnfpga_pynq_z2_timing.rpt"),
])
def test_script_writes_no_bitstream_that_misses_its_timing(setup, hold, says):
    tkinter = pytest.importorskip("tkinter", reason="Python has no tkinter, whose Tcl runs the script")
    tcl, said = tkinter.Tcl(), []
    tcl.createcommand("puts", said.append)
    with nullcontext() if says == "written" else pytest.raises(tkinter.TclError, match=r"^exit 1$"):
        tcl.eval(VIVADO.format(setup=setup, hold=hold) + vivado.script(BOARD.top, "xc7z020clg400-1"))
    assert said[-1] == says


def test_primitives_have_these_ports(files, tmp_path):
    """Yosys knows the part's primitives and refuses a port they do not have."""
    def check(text):
        (tmp_path / "top.v").write_text(text)
        yosys.run(["read_verilog -lib +/xilinx/cells_sim.v", "read_verilog -lib +/xilinx/cells_xtra.v",
                   "read_verilog top.v", f"hierarchy -check -top {BOARD.top}"], directory=tmp_path)

    verilog = files[f"{BOARD.top}.v"]
    check(verilog)
    with pytest.raises(yosys.YosysError, match="MAXIGP0ARADRESS"):
        check(verilog.replace(".MAXIGP0ARADDR(", ".MAXIGP0ARADRESS("))


def test_host_drives_the_whole_fabric(files, tmp_path):
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is not on the PATH: only it shows a bench the inside of the design")
    text = Path(__file__).with_name("ps7_model.v").read_text() + files[f"{BOARD.top}.v"]
    design = build_verilog(text, top=BOARD.top, build_dir=tmp_path, simulator="icarus", spec=network().spec)
    assert run(design, bench="tests.board.bench_top").ran == 1
