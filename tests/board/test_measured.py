from dataclasses import replace
from pathlib import Path

import pytest

from board.outlook import Outlook
from board.pynq_z2.board import BOARD
from board.report import markdown, report
from rtl_gen.activity import Activity, mean_cycles
from rtl_gen.measured import MeasuredCycles
from snnfpga.report.plan import plan, rows
from tests.networks import network_spec

SPEC, WIDER = (network_spec(sizes=(20,), lanes=lanes) for lanes in (4, 8))
RUN_ONLY = network_spec(sizes=(20,), learning=False)
MEASURED = MeasuredCycles(spec=SPEC, running=1234.5, learning=2000)
BUSY = (Activity(steps=8, windows=2, events=4, silent=0.25, rows=6),)


def test_a_note_is_read_back_or_is_none():
    assert MeasuredCycles.from_json(MEASURED.to_json(), SPEC) == MEASURED
    alone = MeasuredCycles(spec=RUN_ONLY, running=7, learning=None)
    assert MeasuredCycles.from_json(alone.to_json(), RUN_ONLY) == alone
    assert alone.of(learn=True) == 7
    for text in ("", "null", "[]", "{}", '{"running": 1}', MEASURED.to_json()[:-2]):
        assert MeasuredCycles.from_json(text, SPEC) is None
    for number in ("NaN", "Infinity", "-5", "0"):
        assert MeasuredCycles.from_json(MEASURED.to_json().replace("1234.5", number), SPEC) is None, number
    assert MeasuredCycles.from_json(MEASURED.to_json(), WIDER) is None, "of other lanes they are not those"


@pytest.mark.parametrize("learn", [False, True])
def test_other_lanes_change_them_as_the_formula_of_means_does(learn):
    own, wider = (Outlook(spec=spec, board=BOARD, activity=BUSY, clock_mhz=100, measured=MEASURED)
                  for spec in (SPEC, WIDER))
    assert own.cycles(learn=learn) == MEASURED.of(learn=learn)
    less = mean_cycles(WIDER.blocks[0], BUSY[0], learn=learn) / mean_cycles(SPEC.blocks[0], BUSY[0], learn=learn)
    assert less < 0.8
    assert wider.cycles(learn=learn) == pytest.approx(less * MEASURED.of(learn=learn))


def test_other_queues_are_not_in_them_and_that_is_said():
    spec = network_spec(sizes=(20, 12), ahead=64)
    unasked = replace(spec, blocks=tuple(replace(block, directives=replace(block.directives, ahead=0))
                                         for block in spec.blocks))
    found = Outlook(spec=spec, board=BOARD, activity=BUSY * 2, clock_mhz=100)
    assert found.measured_ahead == [0, 0], "the formula of means knows of no queue"
    measured = MeasuredCycles(spec=spec, running=1234.5, learning=2000)
    assert replace(found, measured=measured).measured_ahead is None
    assert replace(found, measured=measured, spec=unasked).measured_ahead == [64, 64]
    assert replace(found, measured=measured, spec=unasked).to_dict()["measured_ahead"] == [64, 64]
    assert "were ahead 64, 64: what other queues change is not in it" in dict(rows(
        replace(found, measured=measured, spec=unasked), [], plan(found, [], Path("x"), False)))["time of a sample"]
    assert replace(found, activity=None).measured_ahead is None, "no time is said"


def test_a_plan_has_them_and_scales_them():
    def mean(spec, **known):
        outlook = Outlook(spec=spec, board=BOARD, clock_mhz=100, **known)
        return plan(outlook, [], Path("x"), False)["cycles"]["sample_mean"]

    assert mean(SPEC, activity=BUSY, measured=MEASURED) == {"running": 1234.5, "learning": 2000}
    wider = mean(WIDER, activity=BUSY, measured=MEASURED)
    assert wider["running"] < 0.8 * 1234.5
    assert wider["learning"] < 0.8 * 2000
    assert mean(SPEC, activity=None, measured=MEASURED) is None
    assert mean(RUN_ONLY, activity=BUSY)["learning"] is None


def test_a_report_has_them():
    found = report(SPEC, BOARD, resources=None, logic_delay_ps=None, measured=MEASURED)
    assert found["cycles"]["sample_mean"] == {"running": 1234.5, "learning": 2000}
    assert "A mean sample of its data takes 1234.5 cycles, 2000 where it is learned from" in markdown(found)
    assert "mean sample" not in markdown(report(SPEC, BOARD, resources=None, logic_delay_ps=None))
