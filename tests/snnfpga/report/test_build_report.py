"""The report of a build: what the hardware takes, and whether it was proven."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from board.build import with_lanes
from board.part import Resources
from board.plan import read_manifest, verify
from rtl_gen.contract.declared import engines_of, state_buffer_bits
from rtl_gen.estimate import cycles, memories
from snnfpga.report import build
from snnfpga.report.page import render
from snnfpga.report.parts import number
from snnfpga.report.target import run_of
from tests.folded_networks import conv, dense, folded_spec
from tests.networks import block, network
from tests.snnfpga.report.pages import curves, figures, make_build, text
from tests.verbs import call

VERIFIED = {"simulator": "icarus", "samples": 3, "mismatches": 0, "cycles": 4321, "busy_lane_share": 0.5,
            "compared": {"spikes": 10, "membranes": 10, "readouts": 6, "weights": 9, "counters": 39}}


def test_a_build_shows_blocks_cycles_and_memories(here, capfd):
    code, out, _ = call(capfd, "report", "build/small", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["kind"] == "build"
    assert set(found["missing"]) == {"Verification", "Learning on chip"}
    assert "`snnfpga verify build/small`" in found["missing"]["Verification"]
    assert "`snnfpga learn runs/small`" in found["missing"]["Learning on chip"]
    html = Path(found["report"]).read_text()
    words, spec = text(html), with_lanes(network(), 2).spec
    bits = [state_buffer_bits(spec, b) for b in range(2)]
    within = sum(memory.bits for memory in memories(spec) if "feedback" in memory.name or "credits" in memory.name)
    for shown in ("Not synthesised", "This is the core alone: on the board the processor hands it every event through "
                  "registers, which takes longer", "groups 5 4", "lanes 2 2",
                  f"state for learning, bits {bits[0]} {bits[1]}",
                  f"learning, within an update, bits {number(within)} of",
                  f"state for learning, bits {sum(bits)} of"):     # the table by formula, the bar by its memories
        assert shown in words
    drawn = curves(figures(html)["Cycles of a step"])
    assert drawn["block 0"] == [cycles(spec.blocks[0]).forward(events) for events in range(13)]
    ends = cycles(spec.blocks[1])
    assert curves(figures(html)["Cycles of a window's end"])["block 1"] == [
        ends.readout + ends.update(rows, 3) for rows in range(11)]
    assert verify(Path("build/small"))      # a report beside the files does not break their manifest


def test_resources_stand_against_the_budget(here):
    make_build(Path("build/small"), network(), Resources({
        "lut": 5320, "lut_as_memory": 1740, "ff": 0, "ramb36": 70, "dsp": 440}))
    html = render(build.page(Path("build/small")))
    words = text(html)
    for shown in ("LUT: logic, and small memories 5320 of 53200 (10.0 %)", "1740 of 17400 (10.0 %)", "(50.0 %)",
                  "440 of 220 (200.0 %)", "takes 5.60 ns"):
        assert shown in words
    assert re.findall(r'<i class="(\w+)" style="width:([\d.]+)%">', html)[:5] == [
        ("some", "10.00"), ("some", "10.00"), ("none", "0.00"), ("some", "50.00"), ("over", "100.00")]


def record_of_verify(folder, **changes):
    digest = read_manifest(folder)["digest"]
    (folder / "verify.json").write_text(json.dumps(VERIFIED | {"digest": digest} | changes))


@pytest.mark.parametrize(("changes", "kind", "verdict"), [
    ({}, "good", "Every value that was compared is equal"),
    ({"mismatches": 4, "described": ["weight 3"]}, "bad", "The hardware is not what was specified"),
    ({"compared": {"spikes": 10, "weights": 0}}, "bad", "Nothing was compared of weights, so nothing is proven"),
    ({"compared": {}}, "bad", "Nothing was compared of anything"),
])
def test_verification_is_judged(here, changes, kind, verdict):
    record_of_verify(Path("build/small"), **changes)
    html = render(build.page(Path("build/small")))
    assert f'<p class="verdict {kind}">{verdict}' in html
    assert "4321 clock cycles simulated" in text(html)


def test_verification_of_an_earlier_build_is_not_shown(here):
    folder = Path("build/small")
    record_of_verify(folder)
    make_build(folder, with_lanes(network(), 4))
    assert (folder / "verify.json").exists()
    assert build.page(folder).missing["Verification"].startswith(
        "Not run on this build: `verify.json` is of an earlier one. `snnfpga verify build/small` ")


def test_an_edited_build_gets_no_report(here, capfd):
    path = Path("build/small/report.json")
    path.write_text(path.read_text().replace("pynq-z2", "pynq-z9"))
    code, out, err = call(capfd, "report", "build/small")
    assert (code, out) == (1, "")
    assert err == ("snnfpga: Build folder build/small was edited: report.json is not what was built; build again with: "
                   "snnfpga build\n")
    assert not Path("build/small/report.html").exists()


def test_a_builds_run_has_its_weights(here):
    made = network()
    assert run_of(with_lanes(made, 8)) == Path("runs/small")
    Path("runs/cut").mkdir()
    Path("runs/cut/network.safetensors").write_bytes(Path("runs/small/network.safetensors").read_bytes()[:99])
    assert run_of(made) == Path("runs/small")       # past a newer run that is damaged
    weights = made.weights[0][0].copy()
    weights[0, 0] += 1
    assert run_of(replace(made, weights=((weights,), made.weights[1]))) is None
    other = network(block(12, 10, window=4), block(10, 7, learned=False, lanes=2))
    assert run_of(replace(made, spec=other.spec)) is None


@pytest.mark.parametrize("spec", [
    folded_spec(conv(4, 4, 2, 6, 3, padding=1), learning=True),
    folded_spec(dense(9, 8), dense(8, 7, recurrent=True, threshold_shift=0), learning=True)])
def test_every_memory_that_learns_has_a_role(spec):
    roles = {memory.name: build.ROLES.get(memory.name.rstrip("0123456789"))
             for memory in engines_of(spec.blocks[0]).learning.memories}
    assert set(roles.values()) == {"state for learning", "learning, within an update"}, roles
