import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from board import build as build_module
from board.build import check_sources, make_plan, with_lanes
from board.part import Logic, Resources, Synthesis
from board.plan import BuildError, verify, write
from board.registry import BoardError, get, names
from board.report import FitError, all_memories, check_counted, check_fit, report
from rtl_gen.contract import network_file
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.network import spec_digest
from tests.networks import block, network

BOARD = get("pynq-z2")


@pytest.fixture(scope="module")
def plan():
    return make_plan(network(), BOARD, notes={"accuracy": "0.9"}, synthesis=False)


def test_build_folder_is_whole(plan, tmp_path):
    folder = tmp_path / plan.name
    write(plan, folder)
    manifest = verify(folder)
    assert plan.name == "small-pynq-z2"
    assert (manifest["board"], manifest["top"], manifest["core"]) == ("pynq-z2", BOARD.top, "core")
    assert re.search(r"^module core\(", (folder / "core.v").read_text(), re.M)
    assert re.search(rf"^module {BOARD.top}\(", (folder / f"{BOARD.top}.v").read_text(), re.M)
    found = network_file.read(folder / manifest["network"])
    assert found.spec == network().spec
    assert network_file.read_notes(folder / manifest["network"]) == {"accuracy": "0.9"}
    assert spec_digest(found.spec) == manifest["specification"]
    assert (folder / "driver" / "board" / "host" / "host.py").exists()
    assert "| block0.weights | 39 | 48 |" in (folder / "report.md").read_text()
    assert json.loads((folder / "report.json").read_text())["resources"] is None


@pytest.mark.parametrize("damage", [lambda path: path.write_text(path.read_text().replace("1'h0", "1'h1", 1)),
                                    lambda path: path.unlink()])
def test_sources_of_another_generator_are_refused(plan, tmp_path, damage):
    write(plan, tmp_path)
    assert set(check_sources(tmp_path, network().spec, BOARD)) == {
        name for name in plan.files if "snnfpga_pynq_z2" in name and "/" not in name}
    top = tmp_path / f"{BOARD.top}.v"
    damage(top)
    with pytest.raises(BuildError, match=f"^File {re.escape(str(top))} must be what this snnfpga makes of the build's "
                                         "network, and is not: it was edited, or made by another snnfpga or Yosys; "
                                         "build again with: snnfpga build$"):
        check_sources(tmp_path, network().spec, BOARD)


def test_the_same_network_gives_the_same_bytes(plan):
    """In another process, with another seed of its hashes."""
    code = ("from board.build import make_plan\n"
            "from board.registry import get\n"
            "from tests.networks import network\n"
            "plan = make_plan(network(), get('pynq-z2'), notes={'accuracy': '0.9'}, synthesis=False)\n"
            "print(plan.digest)\n")
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": "7", "PATH": "/usr/bin:/bin"},
                          capture_output=True, text=True, check=True)
    assert done.stdout.strip() == plan.digest


def test_lanes_change_the_layout_and_nothing_else():
    wide = with_lanes(network(), 8)
    assert {b.directives.lanes for b in wide.spec.blocks} == {8}
    assert replace(wide, spec=network().spec) == replace(network(), weights=wide.weights, readouts=wide.readouts)
    with pytest.raises(SpecError, match=r"^Lanes must be an integer in 1..512, not 0$"):
        with_lanes(network(), 0)


def test_what_cannot_fit_is_refused_before_anything_is_made(monkeypatch):
    monkeypatch.setattr(build_module, "driver", None)
    large = network(block(4000, 900, lanes=16))
    with pytest.raises(FitError, match=r"^Network small must fit the 140 block RAMs of the XC7Z020 on TUL PYNQ-Z2, "
                                         r"but takes \d+(\.5)? by formula \(ramb36\); take network.weight_bits \d "
                                         r"and on_chip.shadow_bits 0 .*, or .* of each layer \(\d+(\.5)?\)$") as raised:
        make_plan(large, BOARD, notes={}, synthesis=True)
    assert raised.value.rows[0][0] == "block0.weights"
    assert [row[0] for row in raised.value.rows].count("mailbox.rx") == 1
    assert len(raised.value.rows) == len(all_memories(large.spec, BOARD))
    check_fit(network().spec, BOARD)


def test_not_every_lut_can_be_a_memory():
    """So many bits of weights would fit the LUTs of the part, but not those of them that can be RAM."""
    base = block(784, 100, lanes=16)
    spread = network(replace(base, directives=replace(base.directives, memory="distributed")))
    with pytest.raises(FitError, match=r"^Network small must fit the 17400 LUTs as memory of the XC7Z020 on TUL "
                                       r"PYNQ-Z2, but takes (\d+) by formula \(lut_as_memory\); take net") as raised:
        check_fit(spread.spec, BOARD)
    assert 17_400 < sum(int(row[3]) for row in raised.value.rows) < 53_200


def test_what_yosys_counts_must_fit(monkeypatch):
    budget = BOARD.part.budget
    check_counted(network().spec, BOARD, budget)
    much = Resources({**budget, "lut": budget["lut"] + 1, "ramb36": 140.5})
    monkeypatch.setattr(type(BOARD.part), "logic", lambda _, spec: Logic(
        amount="lut", much=1000 * sum(one.directives.lanes for one in spec.blocks), error=0.1, origin="a test"))
    message = ("Network small must fit the XC7Z020 on TUL PYNQ-Z2, but Yosys counts 53201 LUT of 53200, 140.5 RAMB36 "
               "of 140; take hardware.lanes 2 (35500)")
    with pytest.raises(FitError, match=f"^{re.escape(message)}$") as raised:
        check_counted(network().spec, BOARD, much)
    assert raised.value.rows[3] == ("RAMB36", "140.5", "140", "100.4 %")
    blocks = Resources({**budget, "ramb36": 140.5})
    with pytest.raises(FitError, match=r"take fewer neurons, inputs, lanes or weight bits, or a shorter window$"):
        check_counted(network().spec, BOARD, blocks)
    monkeypatch.setattr(type(BOARD.part), "synthesise", lambda *_, **__: Synthesis(much, {}, ""))
    monkeypatch.setattr(build_module, "report", None)
    with pytest.raises(FitError):
        make_plan(network(block(4, 4)), BOARD, notes={}, synthesis=True)


def test_report_holds_what_programs_ask_for():
    found = report(network().spec, BOARD, resources=BOARD.part.budget, logic_delay_ps=5000)
    assert {"board", "part_name", "part", "cycles", "lanes", "resources", "budget", "state_buffer_bits",
            "top"} <= set(found)
    assert set(found["shares"].values()) == {1.0}
    assert found["lanes"] == [4, 2]
    assert found["state_buffer_bits"] == sum(found["state_buffer_bits_of_blocks"])
    longer = report(replace(network().spec, max_steps=32), BOARD, resources=None, logic_delay_ps=None)
    assert longer["state_buffer_bits"] == found["state_buffer_bits"]
    assert longer["cycles"]["sample_full"] > 1.9 * found["cycles"]["sample_full"]


def test_an_unknown_board_is_refused():
    assert names() == ("pynq-z2",)
    with pytest.raises(BoardError, match=r"^Board must be one of those that snnfpga boards lists, not 'pynq-z3'; did "
                                         r"you mean pynq-z2\?$"):
        get("pynq-z3")
    with pytest.raises(BoardError, match=r"not 'ulx'; known: pynq-z2$"):
        get("ulx")
