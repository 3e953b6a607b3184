import numpy as np
import pytest

from rtl_gen.contract.errors import FAILED
from rtl_gen.slice import Slice
from sim import runner
from sim.simulators import SimulatorError, choose
from snnfpga.errors import explain

FAILING = """
import cocotb
@cocotb.test()
async def holds(dut): pass
@cocotb.test()
async def breaks(dut): assert 1 == 2, "one is not two"
"""
SKIPPING = """
import cocotb
@cocotb.test(skip=True)
async def sleeps(dut): pass
"""
STUCK = """
import cocotb
from cocotb.triggers import RisingEdge
@cocotb.test(timeout_time=1, timeout_unit="us")
async def waits(dut): await RisingEdge(dut.o__valid)
"""
GIVEN = """
import os
import cocotb
from sim.bench import load_arrays
@cocotb.test()
async def reads(dut):
    assert load_arrays()["numbers"].tolist() == [1, 2, 3]
    assert os.environ["WORD"] == "spoken"
"""


@pytest.fixture(scope="module")
def design(tmp_path_factory, icarus):
    return runner.build(Slice(8), build_dir=tmp_path_factory.mktemp("slice"), simulator=icarus)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        return name
    return write


def test_a_failed_bench_is_named(design, bench):
    with pytest.raises(runner.SimulationError, match=r"1 of 2 cocotb tests failed in failing;[^\n]*\n.*breaks: .*two"):
        runner.run(design, bench=bench("failing", FAILING))


def test_a_stuck_bench_ends(design, bench):
    with pytest.raises(runner.SimulationError, match="1 of 1 cocotb tests failed in stuck"):
        runner.run(design, bench=bench("stuck", STUCK))


def test_a_bench_without_tests_fails(design, bench):
    with pytest.raises(runner.SimulationError, match="empty ended without results"):
        runner.run(design, bench=bench("empty", ""))


def test_a_bench_that_skips_every_test_fails(design, bench):
    with pytest.raises(runner.SimulationError, match="No cocotb test ran in skipping"):
        runner.run(design, bench=bench("skipping", SKIPPING))


def test_a_bench_that_cannot_be_imported_fails(design, bench):
    with pytest.raises(runner.SimulationError, match="broken"):
        runner.run(design, bench=bench("broken", "import nothing_of_that_name"))


def test_arrays_and_environment_reach_the_bench(design, bench):
    results = runner.run(design, bench=bench("given", GIVEN), arrays={"numbers": np.array([1, 2, 3])},
                         environment={"WORD": "spoken"})
    assert results.ran == 1


def test_outside_pytest_a_failed_bench_raises_too(design, bench, monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    with pytest.raises(runner.SimulationError, match="1 of 2 cocotb tests failed"):
        runner.run(design, bench=bench("failing", FAILING))


BROKEN = "module broken(input clk);\nassign = 1;\nendmodule\n"


@pytest.mark.parametrize(("name", "says"), [("icarus", "broken.v:2: syntax error"),
                                            ("verilator", r"%Error: \S*broken.v:2:\d+: syntax error")])
def test_a_design_that_is_refused_is_one_line(name, says, request, tmp_path):
    simulator = request.getfixturevalue(name)
    with pytest.raises(SimulatorError, match=rf"^{simulator} did not build the design: [^\n]*{says}[^\n]*; see "
                                             rf"{tmp_path}/build.log$") as raised:
        runner.build_verilog(BROKEN, top="broken", build_dir=tmp_path, simulator=simulator)
    assert explain(raised.value) == (str(raised.value), FAILED)


def test_a_simulator_that_says_nothing_is_one_line(icarus, tmp_path, monkeypatch):
    tool = tmp_path / "iverilog"
    tool.write_text("#!/bin/sh\nexit 3\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(SimulatorError, match=r"^icarus did not build the design: Command failed with return code: 3; "
                                             r"see \S*build.log$"):
        runner.build_verilog(BROKEN, top="broken", build_dir=tmp_path / "b", simulator=icarus)


def test_unknown_simulator():
    with pytest.raises(SimulatorError, match="Simulator must be one of icarus, verilator, not 'modelsim'"):
        choose("modelsim")


def test_missing_simulator_is_named(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SimulatorError, match=r"Icarus Verilog is not installed.*; Verilator needs g\+\+, make, perl "
                                               r"on the PATH; on Debian: apt-get install g\+\+ make perl$"):
        choose(None)
