from dataclasses import replace

import pytest

from board.outlook import FITS, FITS_NOT, MAY_FIT, Outlook, lanes_that_fit
from board.part import Logic
from board.pynq_z2.board import BOARD
from board.report import all_memories, estimated
from board.xilinx.folded_logic import FOLDED_TERMS
from board.xilinx.logic import TERMS, fitted, memory_luts, terms
from board.xilinx.logic_fit import DESIGNS, ERROR, LUTS
from board.xilinx.parts import SevenSeries
from rtl_gen.activity import Activity, mean_cycles
from rtl_gen.contract.current import CurrentSpec
from tests.board.scratch_vendor.board import BOARD as SCRATCH
from tests.folded_networks import conv, dense, folded_spec, pool
from tests.networks import block, network, network_spec

SPEC = network(block(12, 10), block(10, 8)).spec
BUSY = Activity(steps=8, windows=3, events=4, silent=0.25, rows=6)
IDLE = Activity(steps=8, windows=3, events=1, silent=0.5, rows=2)


def outlook(spec=SPEC, board=BOARD, activity=(BUSY, IDLE)):
    return Outlook(spec=spec, board=board, activity=activity, clock_mhz=50)


def logic_of(monkeypatch, luts):
    monkeypatch.setattr(SevenSeries, "logic", lambda _, spec: Logic(
        amount="lut", much=luts(spec), error=0.1, origin="a fit"))


def test_the_slowest_block_sets_the_time():
    found = outlook()
    each = [mean_cycles(one, activity, learn=False) for one, activity in zip(SPEC.blocks, (BUSY, IDLE), strict=True)]
    assert each[0] > each[1]
    assert found.microseconds(learn=False) == each[0] / 50
    assert found.microseconds(learn=True) > found.microseconds(learn=False)
    assert outlook(activity=None).microseconds(learn=False) is None
    silent = network_spec(learning=False)
    assert outlook(silent, activity=(BUSY,)).microseconds(learn=True) is None
    assert outlook(silent, activity=(BUSY,)).microseconds(learn=False) is not None


def test_memories_are_by_formula_and_logic_by_the_fit():
    found = outlook()
    memories = estimated(all_memories(SPEC, BOARD), BOARD.part)
    assert dict(found.needs) == {"lut": round(fitted(SPEC).much), **memories}
    assert found.to_dict()["verdict"] == FITS
    assert found.to_dict()["needs"] == dict(found.needs)


@pytest.mark.parametrize(("luts", "verdict", "exceeded"), [
    (47_000, FITS, []), (50_000, MAY_FIT, []), (56_000, MAY_FIT, ["lut"]), (59_000, FITS_NOT, ["lut"])])
def test_the_error_of_the_fit_leaves_it_open(monkeypatch, luts, verdict, exceeded):
    """Ten per cent of 53,200: 48,363 may be 53,737 and 58,520 may be 53,200."""
    logic_of(monkeypatch, lambda spec: luts)
    assert (outlook().verdict, outlook().exceeded) == (verdict, exceeded)


def test_memories_that_do_not_fit_leave_nothing_open():
    found = outlook(network(block(4000, 900, lanes=16)).spec, activity=(BUSY,))
    assert (found.verdict, found.exceeded) == (FITS_NOT, ["ramb36"])
    assert lanes_that_fit(found) is None


def test_fewer_lanes_are_found(monkeypatch):
    logic_of(monkeypatch, lambda spec: 10_000 * sum(block.directives.lanes for block in spec.blocks))
    fewer = lanes_that_fit(outlook())
    assert [block.directives.lanes for block in fewer.spec.blocks] == [2, 2]
    assert fewer.microseconds(learn=False) > outlook().microseconds(learn=False)
    uneven = replace(SPEC, blocks=(SPEC.blocks[0], replace(SPEC.blocks[1], directives=replace(
        SPEC.blocks[1].directives, lanes=1))))
    assert [block.directives.lanes for block in lanes_that_fit(outlook(uneven)).spec.blocks] == [3, 1]
    logic_of(monkeypatch, lambda spec: 60_000)
    assert lanes_that_fit(outlook()) is None


@pytest.mark.parametrize(("lanes", "room", "found"), [
    (64, 45, 40), (64, 39, 34), (40, 39, 34), (16, 12, 12), (512, 128, 100), (9, 8, 8), (3, 1, 1)])
def test_lanes_are_those_that_leave_fewest_over(monkeypatch, lanes, room, found):
    """200 neurons in 5 groups take 40 lanes, in 6 groups 34; 45 lanes would compute them in 5 as well."""
    logic_of(monkeypatch, lambda spec: 1 if spec.blocks[0].directives.lanes <= room else 100_000)
    fewer = lanes_that_fit(outlook(network(block(20, 200, lanes=lanes)).spec, activity=(BUSY,)))
    assert [block.directives.lanes for block in fewer.spec.blocks] == [found]


def test_lanes_of_a_convolution_are_those_of_its_filters(monkeypatch):
    """24 filters in 3 groups take 8 lanes, of which the 5 neurons above them use 5."""
    spec = folded_spec(conv(5, 5, 1, 24, 3), dense(216, 5), lanes=16)
    logic_of(monkeypatch, lambda spec: 1 if spec.blocks[0].directives.lanes <= 11 else 100_000)
    assert [block.directives.lanes for block in lanes_that_fit(outlook(spec, activity=None)).spec.blocks] == [8]


def test_a_part_without_a_fit_promises_nothing():
    found = outlook(board=SCRATCH)
    assert found.verdict == MAY_FIT
    assert set(found.needs) == {"dp16k", "lut4"}
    assert found.error == 0
    much = outlook(network(block(400, 900, lanes=16)).spec, SCRATCH, (BUSY,))
    assert much.verdict == FITS_NOT


def test_terms_are_those_that_were_fitted():
    assert tuple(LUTS) == tuple(TERMS) == tuple(terms(SPEC))
    assert all(value >= 0 for value in LUTS.values())
    assert 0 < ERROR < 0.5
    assert DESIGNS > len(LUTS) / 2
    assert terms(SPEC)["blocks"] == 2
    one = network_spec(lanes=4, learning=False)
    assert {name for name, much in terms(one).items() if not much} == {
        "learning", "positions", "update", "random", "gates", "window", "readout", "rows",
        *set(FOLDED_TERMS)}
    twice, once = terms(network_spec(lanes=8, unroll=True)), terms(network_spec(lanes=4, unroll=True))
    assert [name for name in TERMS if twice[name] == 2 * once[name] > 0] == [
        "lanes", "sums", "membranes", "update", "gates", "window"]
    assert terms(network_spec(window=8, unroll=True))["window"] > 5 * once["window"] - 1
    assert terms(network_spec(window=3, unroll=True))["window"] == 0
    assert terms(network_spec(window=8))["window"] == 0
    assert terms(network_spec(lanes=4, reads=2))["sums"] == terms(network_spec(lanes=4))["sums"] + 4 * (8 + 1)
    deep, deeper = (terms(network_spec(sizes=(2000,), reads=reads)) for reads in (1, 2))
    assert deeper["rows"] > deep["rows"]
    assert 0 == max(terms(SPEC)[name] for name in FOLDED_TERMS)
    assert fitted(SPEC).much == memory_luts(SPEC) + sum(LUTS[name] * much for name, much in terms(SPEC).items())


def test_terms_of_folded_blocks_are_of_what_they_have():
    """Each kind of layer has its own, and the terms of widths are of the lanes."""
    plain, more = (terms(folded_spec(dense(12, 9), dense(9, 8), lanes=4, learning=learning))
                   for learning in (False, True))
    assert {name for name in FOLDED_TERMS if plain[name]} == {"folded", "layers"}
    assert {name for name in FOLDED_TERMS if more[name]} == {
        "folded", "layers", "walks", "folded update", "reverse", "reached", "products"}
    assert (plain["layers"], more["reached"]) == (2, 2)
    grid = terms(folded_spec(conv(4, 4, 2, 5, 3), readout_pool=pool("or", 2, 2, 2, 5), learning=True))
    assert not grid["reverse"]          # what one layer is told comes from the readout alone
    assert (grid["convolutions"], grid["fields"], grid["pools"]) == (1, 1, 1)
    assert grid["gathered"] > 4 * 8
    alike = terms(folded_spec(*(conv(4, 4, 2, 2, 3, padding=1) for _ in range(5)), learning=True))
    assert (alike["layers"], alike["convolutions"], alike["fields"]) == (5, 1, 1)   # of one shape
    twice = terms(folded_spec(dense(12, 9), dense(9, 8), lanes=8, learning=True))
    assert [name for name in FOLDED_TERMS if twice[name] == 2 * more[name] > 0] == ["folded update", "products"]
    lingers = terms(folded_spec(dense(12, 9), dense(9, 8, current=CurrentSpec(bits=10, leak_shifts=(2,))), lanes=4))
    assert lingers["membranes"] == plain["membranes"] + 4 * 10
