"""A board of another vendor is a folder and a line: everything around it serves it as it is."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import board
import snnfpga
from board import build as build_module
from board import registry
from board.build import check_sources, make_plan
from board.part import Resources, Synthesis
from board.plan import verify, write
from rtl_gen.contract import network_file
from tests.board.scratch_vendor.board import BOARD, FLOW, TOP
from tests.networks import block, network
from tests.verbs import call

FOLDER = "build/small-scratch"
BUILD = ("build", "small.safetensors", "--board", "scratch")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a network and no tool of the vendor; the board has its line in the registry."""
    monkeypatch.setitem(registry._MODULES, "scratch", "tests.board.scratch_vendor.board")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    network_file.write(tmp_path / "small.safetensors", network(block(4, 4)))
    return tmp_path


@pytest.fixture(scope="module")
def plan():
    """The build of the board as a value."""
    return make_plan(network(block(4, 4)), BOARD, notes={}, synthesis=False)


@pytest.fixture
def quick(monkeypatch, plan):
    """What Yosys would make again is taken from the plan that there is."""
    monkeypatch.setattr(build_module, "make_plan", lambda *_, **__: plan)


def tool(name, body):
    path = Path("bin") / name
    path.write_text(f"#!/bin/sh\nset -e\n{body}\n")
    path.chmod(0o755)


def tools():
    """Each stage reads what the one before made."""
    tool("scratch-map", f'grep -q "module {TOP}" $1; echo mapped > {TOP}.json')
    tool("scratch-route", f'grep -q FREQUENCY $2; (cat $1; echo routed) > {TOP}.config')
    tool("scratch-pack", f'(cat $1; echo packed) > {TOP}.bit; echo > {TOP}.svf')


def test_build_plan_and_report_speak_of_its_amounts(here, capfd):
    code, out, _ = call(capfd, *BUILD, "--no-synthesis", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["budget"] == {"lut4": 24_000, "dp16k": 56, "mult18": 28}
    assert set(found["estimate"]) == {"dp16k", "lut4"}
    assert found["estimate"]["lut4"] == sum(memory["takes"]["lut4"] for memory in found["memories"]) > 0
    assert found["clock_mhz"] == 48
    assert found["bitstream"] is None
    manifest = verify(here / FOLDER)
    assert {f"{TOP}.v", f"{TOP}.lpf", "core.v", "driver/tests/board/scratch_vendor/attach.py"} <= set(manifest["files"])
    assert set(check_sources(here / FOLDER, network(block(4, 4)).spec, BOARD)) == {
        f"{TOP}.v", f"{TOP}.lpf", f"build_{TOP}.sh"}
    page = (here / FOLDER / "report.md").read_text()
    assert "Part SCR-25F, clock asked for 48 MHz" in page
    assert "memories of 16 kbit and " in page
    assert "| memory | words | bits | DP16K | LUT4 |" in page
    code, out, _ = call(capfd, *BUILD, "--plan")
    assert code == 0
    assert "not run: scratch-map (not on the PATH)" in " ".join(out.split())


def test_what_was_counted_is_shown_in_its_amounts(here, capfd, monkeypatch):
    counted = Synthesis(Resources({"lut4": 6000, "dp16k": 7, "mult18": 0}), {}, "")
    monkeypatch.setattr(type(BOARD.part), "synthesise", lambda *_, **__: counted)
    code, out, _ = call(capfd, *BUILD)
    assert code == 0
    assert "6000 of 24000 (25.0 %)" in " ".join(out.split())
    assert "logic delay" not in out
    found = json.loads((here / FOLDER / "report.json").read_text())
    assert found["shares"] == {"lut4": 0.25, "dp16k": 0.125, "mult18": 0.0}
    assert found["logic_delay_ps"] is None
    page = (here / FOLDER / "report.md").read_text()
    assert "| DP16K | 7 | 56 | 12.5 % |" in page
    assert "Longest path" not in page
    code, out, _ = call(capfd, "report", FOLDER, "--json")
    assert code == 0
    assert '<span>MULT18: products of 18 bits</span><span>0 of 28 (0.0 %)</span>' in Path(
        json.loads(out)["report"]).read_text()


@pytest.mark.slow
def test_yosys_maps_to_its_cells():
    found = BOARD.part.synthesise(BOARD.design(network(block(4, 4)).spec).rtlil, top=TOP)
    assert 500 < found.resources["lut4"] < 20_000
    assert set(found.resources) == set(BOARD.part.budget)


def test_the_page_of_a_build_shows_its_amounts(here, capfd, plan):
    write(plan, here / FOLDER)
    code, out, _ = call(capfd, "report", FOLDER, "--json")
    assert code == 0
    html = Path(json.loads(out)["report"]).read_text()
    for shown in ("DP16K: block RAM, memories by formula", "LUT4: logic, and small memories, memories by formula",
                  ">LUT4, by formula<", '<th scope="col" class="number">DP16K</th>', "part <code>SCR-25F</code>"):
        assert shown in html
    assert "RAMB36" not in html


def test_what_does_not_fit_is_refused_in_its_amounts(here, capfd, monkeypatch):
    network_file.write(here / "large.safetensors", network(block(2000, 400, lanes=16)))
    code, out, err = call(capfd, "build", "large.safetensors", "--board", "scratch")
    assert code == 1
    assert err.startswith("snnfpga: Network small must fit the 56 memories of 16 kbit of the Scratch 25 on Scratch "
                          "board, but takes ")
    assert " by formula (dp16k); take network.weight_bits " in err
    assert err.endswith(" of the neurons and filters of each layer (50)\n")
    assert "block0.weights" in out
    much = Resources({**BOARD.part.budget, "mult18": 29})
    monkeypatch.setattr(type(BOARD.part), "synthesise", lambda *_, **__: Synthesis(much, {}, ""))
    assert call(capfd, *BUILD)[2] == (
        "snnfpga: Network small must fit the Scratch 25 on Scratch board, but Yosys counts 29 MULT18 of 28; take fewer "
        "neurons, inputs, lanes or weight bits, or a shorter window\n")
    assert not (here / "build").exists()


def test_its_flow_runs_step_by_step(here, capfd, quick):
    tools()
    code, out, _ = call(capfd, *BUILD, "--no-synthesis", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["bitstream"] == f"{FOLDER}/{TOP}.bit"
    assert Path(found["bitstream"]).read_text() == "mapped\nrouted\npacked\n"
    assert [(stage["stage"], stage["done"]) for stage in found["flow"]] == [
        ("map", True), ("route", True), ("pack", True)]
    assert call(capfd, *BUILD, "--plan")[1].count("run scratch-") == len(FLOW)
    tool("scratch-route", "echo 'ERROR: no such pin'; exit 2")
    code, out, err = call(capfd, *BUILD, "--no-synthesis")
    assert (code, out) == (1, "")
    assert err == (f"snnfpga: scratch-route failed with status 2: ERROR: no such pin; see {FOLDER}/route.out\n")
    assert not Path(found["bitstream"]).exists()


def test_its_flow_goes_as_far_as_there_are_tools(here, capfd, quick):
    tools()
    Path("bin/scratch-route").unlink()
    code, out, _ = call(capfd, *BUILD, "--no-synthesis", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["bitstream"] is None
    assert [stage["done"] for stage in found["flow"]] == [True, False, False]
    assert (here / FOLDER / f"{TOP}.json").exists()
    said = " ".join(call(capfd, *BUILD, "--no-synthesis")[1].split())
    assert "not made: scratch-route is not on the PATH" in said
    assert "&& scratch-pack" in said


def test_boards_and_doctor_know_it(here, capfd):
    tool("scratch-map", "true")
    found = {entry["name"]: entry for entry in json.loads(call(capfd, "boards", "--json")[1])["boards"]}
    assert found["scratch"]["tools"] == {"scratch-map": True, "scratch-route": False, "scratch-pack": False}
    assert "24000 LUT4, 56 DP16K, 28 MULT18" in " ".join(call(capfd, "boards")[1].split())
    missing = {entry["name"]: entry["missing"] for entry in json.loads(call(capfd, "doctor", "--json")[1])["tools"]}
    assert missing["scratch-route"] == ("build scratch-route from its sources; without it a build has all sources and "
                                        "scripts, and no bitstream")
    assert missing["scratch-map"] is None


def test_its_driver_runs_on_numpy_alone(here, plan):
    write(plan, here / FOLDER)
    code = ("import runpy, sys\n"
            "for name in ('amaranth', 'torch', 'safetensors', 'cocotb', 'snnfpga', 'sim'):\n"
            "    sys.modules[name] = None\n"
            "sys.path.insert(0, '.')\n"
            "runpy.run_path('example.py', run_name='__main__')\n")
    done = subprocess.run([sys.executable, "-c", code], cwd=here / FOLDER / "driver", env={}, capture_output=True,
                          text=True, check=False)
    assert (done.stdout, done.stderr) == ("small attach\n", "")


def test_what_is_general_names_no_amount():
    """Names and labels of the amounts of a vendor stand in its folder alone."""
    words = {word.lower() for chosen in (BOARD, registry.get("pynq-z2")) for amount in chosen.part.amounts
             for word in (amount.name, amount.label, amount.plural)}
    paths = [*Path(board.__file__).parent.glob("*.py"), *Path(snnfpga.__file__).parent.rglob("*.py")]
    found = [(path.name, node.value) for path in paths for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower() in words]
    assert len(paths) > 50
    assert not found
