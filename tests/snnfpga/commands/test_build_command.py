import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import snnfpga
from board.part import Resources, Synthesis
from board.plan import BuildPlan, verify, write
from board.xilinx.parts import XC7Z020, SevenSeries
from rtl_gen.contract import network_file
from sim.reference.initial import random_network
from snnfpga.config.data import DataConfig
from tests.folded_networks import dense, folded_spec
from tests.grids import grid_spec
from tests.networks import block, network, samples
from tests.verbs import call

KEYS = {"board", "part_name", "part", "cycles", "lanes", "resources", "budget", "state_buffer_bits", "top"}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network_file.write(tmp_path / "small.safetensors", network(block(4, 4)), notes={"data": "none"})
    return tmp_path


def test_json_is_one_object_and_the_folder_verifies(here, capfd):
    code, out, _ = call(capfd, "build", "small.safetensors", "--no-synthesis", "--lanes", "2", "--json")
    found = json.loads(out)
    assert code == 0
    assert found.keys() >= KEYS
    assert found["lanes"] == [2]
    assert found["bitstream"] is None
    manifest = verify(here / "build" / "small-pynq-z2-lanes2")
    assert manifest["digest"] == found["digest"]
    assert network_file.read(here / found["folder"] / "network.safetensors").spec.blocks[0].directives.lanes == 2


def test_plan_writes_nothing(here, capfd):
    code, out, _ = call(capfd, "build", "small.safetensors", "--plan")
    assert code == 0
    assert "cycles of a sample" in out
    code, out, _ = call(capfd, "build", "small.safetensors", "--plan", "--json")
    assert json.loads(out).keys() >= KEYS
    assert [path.name for path in here.iterdir()] == ["small.safetensors"]


@pytest.mark.parametrize(("arguments", "code", "message"), [
    (("small.safetensors", "--board", "pynk-z2"), 2,
     "snnfpga: Board must be one of those that snnfpga boards lists, not 'pynk-z2'; did you mean pynq-z2?\n"),
    (("small.safetensors", "--lanes", "8,x"), 2,
     "snnfpga: --lanes must be a number, or one for each block as 16,8, not '8,x'\n"),
    (("small.safetensors", "--lanes", "8,4"), 2,
     "snnfpga: Lanes must be one for all blocks or one for each of the 1, not 2: 8,4\n"),
    (("small.safetensors", "--reads", "two"), 2,
     "snnfpga: --reads must be a number, or one for each block as 2,1, not 'two'\n"),
    (("small.safetensors", "--reads", "3"), 2, "snnfpga: Reads must be an integer in 1..2, not 3\n"),
    (("small.safetensors", "--memory", "ram"), 2,
     "snnfpga: Memory must be one of auto, block, distributed, not 'ram'\n"),
    (("small.safetensors", "--clock-mhz", "50"), 2,
     "snnfpga: --clock-mhz says what clock the times of --plan are of; a build asks for the 100 MHz of pynq-z2, so "
     "leave it out\n"),
    (("small.safetensors", "--plan", "--clock-mhz", "0"), 2, "snnfpga: --clock-mhz must be more than 0, not 0\n"),
    (("small.safetensors", "--lanes", "513"), 2, "snnfpga: Lanes must be an integer in 1..512, not 513\n"),
    (("small.safetensors", "--out", "taken"), 2, "snnfpga: Build folder taken holds files that no build of snnfpga "
                                                 "made; name another folder with --out, or remove it yourself\n"),
    (("small.safetensors", "--out", "small.safetensors"), 2,
     "snnfpga: Build folder small.safetensors is a file; name another folder with --out\n"),
    (("small.safetensors", "--out", "small.safetensors/b"), 2,
     "snnfpga: Folder small.safetensors cannot be made: small.safetensors is a file; choose another place\n"),
    (("small.safetensors", "--out", "/proc/none/b"), 2,
     "snnfpga: Folder /proc/none cannot be made: No such file or directory; choose another place\n"),
    (("nothing.safetensors",), 2, "snnfpga: No run or network nothing.safetensors; make one with: snnfpga train\n"),
])
def test_bad_input_is_one_line(here, capfd, arguments, code, message):
    (here / "taken").mkdir()
    (here / "taken" / "notes.txt").write_text("mine")
    assert call(capfd, "build", *arguments) == (code, "", message)
    assert sorted(path.name for path in here.iterdir()) == ["small.safetensors", "taken"]


def test_what_does_not_fit_is_refused_with_its_table(here, capfd):
    network_file.write(here / "large.safetensors", network(block(4000, 900, lanes=16)))
    code, out, err = call(capfd, "build", "large.safetensors")
    assert code == 1
    assert "block0.weights" in out
    assert err.startswith("snnfpga: Network small must fit the 140 block RAMs of the XC7Z020")
    assert err.count("\n") == 1
    code, out, err = call(capfd, "build", "large.safetensors", "--json")
    assert (code, out) == (1, "")
    assert "block0.weights" in err
    assert not (here / "build").exists()


@pytest.mark.parametrize("arguments", [("build", "--plan"), ("build",), ("evaluate", "--backend", "rtl"),
                                       ("learn", "--backend", "rtl")])
def test_what_has_no_hardware_is_one_line(here, arguments):
    """In a process of its own: what Amaranth says of unused components it says at the end."""
    grouped = random_network(grid_spec(grid=(3, 3, 2), filters=4, kernel=2, groups=2, classes=3, max_steps=16), 1)
    network_file.write(here / "grouped.safetensors", grouped,
                       notes={"data": DataConfig(name="grouped.npz").model_dump_json()})
    spikes, labels = samples(grouped.spec, 4)
    np.savez(here / "grouped.npz", spikes=spikes, label=labels, split=np.array(["train", "test"] * 2))
    verb, *options = arguments
    done = subprocess.run([sys.executable, "-c", "from snnfpga.cli import main; main()", verb, "grouped.safetensors",
                           *options], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", (
        "snnfpga: Convolutions in hardware must have groups of 1, and block 0 has more; take groups 1, or evaluate it "
        "on torch or the reference\n"))


def test_builds_of_other_lanes_lie_side_by_side_and_hold_the_same_bits(here, capfd):
    """Nothing is trained again: verify compares the wider build with the reference, and takes the newest by itself."""
    made = network(block(4, 4, lanes=4), block(4, 4, lanes=4))
    network_file.write(here / "two.safetensors", made)
    spikes, labels = samples(made.spec, 4)
    np.savez(here / "two.npz", spikes=spikes, label=labels, split=np.array(["train", "test"] * 2))
    plain, narrow = ("build", "two.safetensors", "--no-synthesis"), ("--lanes", "2,1")
    assert call(capfd, *plain)[0] == 0
    first = (here / "build" / "small-pynq-z2" / "core.v").read_bytes()
    code, _, err = call(capfd, *plain, *narrow)
    assert (code, err) == (0, "")
    assert sorted(path.name for path in (here / "build").iterdir()) == ["small-pynq-z2", "small-pynq-z2-lanes2-1"]
    assert (here / "build" / "small-pynq-z2" / "core.v").read_bytes() == first
    code, out, _ = call(capfd, "verify", "--data", "two.npz", "--samples", "2", "--simulator", "icarus", "--json")
    assert (code, json.loads(out)["mismatches"]) == (0, 0)
    assert (here / "build" / "small-pynq-z2-lanes2-1" / "verify.json").exists()
    with pytest.raises(snnfpga.SnnfpgaError, match=r"^Data data.npz must have at least 2 training samples, as spikes "
                                                   r"and membranes are compared in every other one, not 1; give more"):
        snnfpga.verify("build/small-pynq-z2", data=(spikes[:1], labels[:1]))
    network_file.write(here / "two.safetensors", network(block(4, 4, window=6), block(4, 4, window=6)))
    code, _, err = call(capfd, *plain)
    assert (code, err) == (0, (
        "build/small-pynq-z2 holds a build of another design, with windows of 3 steps and not 6; this one goes to "
        "build/small-pynq-z2-k6\n"))
    code, _, err = call(capfd, *plain, "--out", "build/small-pynq-z2")
    assert (code, err) == (0, "build/small-pynq-z2 holds a build of another design; this one takes its place\n")
    assert (here / "build" / "small-pynq-z2" / "core.v").read_bytes() != first


def test_a_plan_loads_nothing_that_takes_long(here):
    """Neither PyTorch, nor Amaranth, nor Yosys, nor a page of figures is loaded for it."""
    code = ("import sys\n"
            "from snnfpga.cli import main\n"
            "try:\n    main(['build', 'small.safetensors', '--plan'])\n"
            "finally:\n    print([name for name in ('torch', 'amaranth', 'pyosys', 'plotly', 'sklearn', 'scipy')"
            " if name in sys.modules], file=sys.stderr)\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_a_plan_that_does_not_fit_is_shown_and_refused(here, capfd):
    network_file.write(here / "large.safetensors", network(block(4000, 900, lanes=16)))
    code, out, err = call(capfd, "build", "large.safetensors", "--plan")
    assert code == 1
    assert "does not fit pynq-z2, nor with fewer lanes" in out
    assert err.startswith("snnfpga: Network small must fit the 140 block RAMs")
    code, out, _ = call(capfd, "build", "large.safetensors", "--plan", "--json")
    assert (code, json.loads(out)["outlook"]["exceeded"]) == (1, ["ramb36"])


@pytest.mark.parametrize(("arguments", "message"), [
    (("--unroll",), "snnfpga: --unroll must be for blocks of one layer of each input at each neuron, and blocks 1, 2 "
                    "of 3 are not; take --no-unroll, or hardware.blocks.N.unroll of the others when it is trained\n"),
    (("--reads", "2"), "snnfpga: --reads 2 must be for blocks of one layer of each input at each neuron, and blocks 1, "
                       "2 of 3 are not; take --reads 2,1,1\n"),
    (("--reads", "2,1,2"), "snnfpga: --reads 2 must be for blocks of one layer of each input at each neuron, and block "
                           "2 of 3 is not; take --reads 2,1,1\n"),
    (("--ahead", "1,x"), "snnfpga: --ahead must be a number, or one for each block as 0,512, not '1,x'\n"),
    (("--ahead", "65537"), "snnfpga: Ahead must be an integer in 0..65536, not 65537\n")])
def test_what_only_flat_blocks_do_names_the_others(here, capfd, arguments, message):
    deep = folded_spec(dense(6, 5), dense(5, 5)).blocks[0]
    network_file.write(here / "mixed.safetensors", network(block(4, 6), deep, replace(
        deep, layers=(dense(5, 5, recurrent=True),))))
    code, out, err = call(capfd, "build", "mixed.safetensors", "--plan", *arguments)
    assert (code, out, err) == (2, "", message)


def test_all_that_has_no_hardware_is_a_table_before_the_line(here, capfd):
    both = grid_spec(grid=(3, 3, 2), filters=4, kernel=2, groups=2, unroll=True, classes=3, max_steps=16)
    network_file.write(here / "both.safetensors", random_network(both, 1))
    code, out, err = call(capfd, "build", "both.safetensors", "--plan")
    assert code == 2
    assert out.startswith("Why test has no hardware")
    assert "unroll false" in out
    assert "a convolution with groups" in out
    assert "block 0 layer 0" in out
    assert err.count("\n") == 1
    assert call(capfd, "build", "both.safetensors", "--plan", "--json")[1] == ""


def test_verify_refuses_a_top_of_another_generator(here, capfd):
    assert call(capfd, "build", "small.safetensors", "--no-synthesis")[0] == 0
    folder = here / "build" / "small-pynq-z2"
    spec = network_file.read(folder / "network.safetensors").spec
    spikes, labels = samples(spec, 4)
    np.savez(here / "small.npz", spikes=spikes, label=labels, split=np.array(["train", "test"] * 2))
    manifest = verify(folder)
    files = {name: (folder / name).read_bytes() for name in manifest["files"]}
    top = f"{manifest['top']}.v"
    files[top] = files[top].replace(b"1'h0", b"1'h1", 1)
    facts = {name: manifest[name] for name in ("board", "top", "core", "network", "specification")}
    write(BuildPlan(manifest["name"], facts, files), folder)        # signed again
    code, out, err = call(capfd, "verify", "build/small-pynq-z2", "--data", "small.npz", "--samples", "2")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"snnfpga: File build/small-pynq-z2/{top} must be what this snnfpga makes of the build's")
    assert not (folder / "verify.json").exists()


def test_vendor_tool_is_run_where_it_is(here, capfd, monkeypatch):
    tool = here / "bin" / "vivado"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho \"$@\" > snnfpga_pynq_z2.bit\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    code, out, _ = call(capfd, "build", "small.safetensors", "--no-synthesis", "--json")
    assert code == 0
    bitstream = here / json.loads(out)["bitstream"]
    assert bitstream.read_text().endswith("-source snnfpga_pynq_z2.tcl\n")
    verify(bitstream.parent)
    tool.write_text("#!/bin/sh\necho 'ERROR: timing is missed by 0.3 ns'\nexit 1\n")
    code, out, err = call(capfd, "build", "small.safetensors", "--no-synthesis")
    assert (code, out) == (1, "")
    assert err.startswith("snnfpga: vivado failed with status 1: ERROR: timing is missed by 0.3 ns; see ")


def test_a_design_that_yosys_finds_too_large_reaches_no_vendor_tool(here, capfd, monkeypatch):
    tool = here / "bin" / "vivado"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\ntouch started\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    much = Resources({**XC7Z020.budget, "ff": 200_000})
    monkeypatch.setattr(SevenSeries, "synthesise", lambda *_, **__: Synthesis(much, {}, ""))
    code, out, err = call(capfd, "build", "small.safetensors")
    assert code == 1
    assert "188.0 %" in out
    assert err == ("snnfpga: Network small must fit the XC7Z020 on TUL PYNQ-Z2, but Yosys counts 200000 FF of 106400; "
                   "take fewer neurons, inputs, lanes or weight bits, or a shorter window\n")
    assert not (here / "build").exists()


def test_boards_and_doctor(capfd):
    code, out, _ = call(capfd, "boards", "--json")
    assert code == 0
    (only,) = json.loads(out)["boards"]
    assert (only["name"], only["budget"]["lut"]) == ("pynq-z2", 53200)
    code, out, _ = call(capfd, "doctor", "--json")
    tools = {tool["name"]: tool for tool in json.loads(out)["tools"]}
    assert code == 0
    assert tools["amaranth"]["found"]
    assert {"python", "torch", "pyosys", "icarus", "verilator", "vivado", "cuda"} <= set(tools)
    assert all(tool["found"] or tool["missing"] for tool in tools.values())
    assert call(capfd, "doctor")[0] == call(capfd, "boards")[0] == 0
