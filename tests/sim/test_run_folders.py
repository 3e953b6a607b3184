"""Simulations at once keep apart, and a design is built wherever its folder lies."""

import os
import shutil
import subprocess
import sys

import cocotb_tools.config
import pytest

from rtl_gen.slice import Slice
from sim import built, runner, simulators
from sim.simulators import SimulatorError, missing
from tests.rtl_gen.test_claim import holder
from tests.sim.test_runner import FAILING

WEIRD = "a b (c) $d 'e' ü"
PASSING = """
import cocotb
from cocotb.triggers import Timer
@cocotb.test()
async def passes(dut): await Timer(1, "ns")
"""
BUILD = """
import sys
from pathlib import Path
from rtl_gen.slice import Slice
from sim import runner
print(runner.build(Slice(8), build_dir=Path(sys.argv[1]), simulator=sys.argv[2]).build_dir)
"""


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "passing.py").write_text(PASSING)
    (tmp_path / "failing.py").write_text(FAILING)


def test_a_design_is_built_whatever_its_folder_is_called(simulator, tmp_path, bench):
    design = runner.build(Slice(8), build_dir=tmp_path / WEIRD, simulator=simulator)
    assert design.build_dir.parent == tmp_path / WEIRD
    with runner.own_folder(design) as folder:
        assert runner.run(design, bench="passing", folder=folder).ran == 1
    before = {path: path.stat().st_mtime_ns for path in design.build_dir.iterdir()}
    assert runner.build(Slice(8), build_dir=tmp_path / WEIRD, simulator=simulator) == design      # and not again
    assert {path: path.stat().st_mtime_ns for path in design.build_dir.iterdir()} == before
    other = runner.build(Slice(9), build_dir=tmp_path / WEIRD, simulator=simulator)
    assert other.build_dir != design.build_dir
    assert {path: path.stat().st_mtime_ns for path in design.build_dir.iterdir()} == before


def test_waves_are_where_the_bench_ran(icarus, tmp_path, bench):
    design = runner.build(Slice(8), build_dir=tmp_path / WEIRD, simulator=icarus, waves=True)
    runner.run(design, bench="passing", waves=True)
    assert (design.build_dir / "Slice.fst").stat().st_size


def test_a_build_in_two_processes_at_once_is_one(icarus, tmp_path):
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    both = [subprocess.Popen([sys.executable, "-c", BUILD, str(tmp_path / "b"), icarus], stdout=subprocess.PIPE,
                             text=True, env=surroundings) for _ in range(2)]
    one, other = (process.communicate()[0] for process in both)
    assert one == other != ""
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == sorted(["build.log", one.strip()[-12:]])


def test_runs_at_once_have_folders_of_their_own(icarus, tmp_path, bench):
    design = runner.build(Slice(8), build_dir=tmp_path / "b", simulator=icarus)
    before = sorted(design.build_dir.iterdir())
    with runner.own_folder(design) as one, runner.own_folder(design) as other:
        assert one != other
        runner.run(design, bench="passing", folder=one)
        assert (one / "passing.results.xml").exists()
        assert not (other / "passing.results.xml").exists()
    assert sorted(design.build_dir.iterdir()) == before
    with pytest.raises(ValueError, match="mine"), runner.own_folder(design):
        raise ValueError("mine")
    assert sorted(design.build_dir.iterdir()) == before


def test_of_a_run_that_failed_the_log_stays_for_a_day(icarus, tmp_path, bench):
    design = runner.build(Slice(8), build_dir=tmp_path / "b", simulator=icarus)
    with pytest.raises(runner.SimulationError) as caught, runner.own_folder(design) as failed:
        runner.run(design, bench="failing", folder=failed)
    assert f"see {failed / 'failing.log'}" in str(caught.value)
    with runner.own_folder(design):
        assert (failed / "failing.log").exists()
    os.utime(failed, (0, 0))
    other = holder("claimed_folder", failed)
    os.utime(failed, (0, 0))
    with runner.own_folder(design):
        assert failed.exists()      # as another process runs in it, for longer than a day
    other.communicate("")
    os.utime(failed, (0, 0))
    with runner.own_folder(design):
        assert not failed.exists()


def test_the_temporary_folder_may_have_spaces_too(icarus, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t m p"))
    (tmp_path / "t m p").mkdir()
    assert runner.build(Slice(8), build_dir=tmp_path / "b", simulator=icarus).build_dir.exists()
    monkeypatch.setattr(built, "PLACES", ())
    with pytest.raises(SimulatorError, match=r"^A design cannot be compiled below '\S+/t m p', whose name has spaces "
                                             "or other signs; set TMPDIR to a folder of letters and digits$"):
        runner.build(Slice(9), build_dir=tmp_path / "b", simulator=icarus)


def test_an_installation_below_a_folder_with_spaces_is_said_at_once(verilator, monkeypatch):
    monkeypatch.setattr(cocotb_tools.config, "libs_dir", "/home/me/my project/.venv/lib")
    assert missing("verilator") == (
        "Verilator cannot build with what is installed in '/home/me/my project/.venv/lib', a path with spaces or other "
        "signs; install snnfpga below a folder of letters and digits, or take --simulator icarus")
    assert missing("icarus") is None


def test_a_compiler_cache_without_a_folder_is_left_out(verilator, tmp_path, monkeypatch):
    tool = tmp_path / "ccache"
    tool.write_text('#!/bin/sh\necho "$CCACHE_DIR"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("CCACHE_DIR", "/proc/none/ccache")
    monkeypatch.delenv("OBJCACHE", raising=False)
    monkeypatch.setattr(simulators, "_ccache_keeps", simulators._ccache_keeps.__wrapped__)
    with simulators.surroundings("verilator", optimise=False):
        assert "OBJCACHE" not in os.environ
    monkeypatch.setenv("CCACHE_DIR", str(tmp_path / "kept"))
    with simulators.surroundings("verilator", optimise=False):
        assert os.environ["OBJCACHE"] == "ccache"


def test_what_compiling_leaves_is_not_kept(verilator, tmp_path):
    design = runner.build(Slice(8), build_dir=tmp_path / "b", simulator=verilator)
    assert not [path.name for path in design.build_dir.iterdir() if path.suffix in (".o", ".cpp", ".h", ".a", ".d")]
    assert shutil.which(str(design.build_dir / "Slice"))        # it can be run
