"""The benches find filters, and readouts behind them, that are wrong in one line."""

import json

import numpy as np
import pytest

from rtl_gen.contract.division import GridDivisions
from rtl_gen.contract.grid import PoolSpec
from sim.benches.coordinates import CARRIED_BITS
from sim.benches.pool_filter import CLASSES, POOL_VARIABLE

from .test_mutants import FOUND, Target, copied, failures, folder

__all__ = ["folder"]

GRID = (5, 7, 3)
CUT = {"kind": "sum", "size": 2, "height": 3, "width": 5, "channels": 1}       # the value of a START is cut off too
INDICES = 32 * 33 + 5

TARGETS = {
    "coordinates": Target(lambda package: package("coordinates").Coordinates(GridDivisions(*GRID), CARRIED_BITS),
                          "sim.benches.coordinates", arrays={"grid": np.array(GRID)}),
    "pool": Target(lambda package: package("pool_filter").PoolFilter(PoolSpec(**CUT), CLASSES),
                   "sim.benches.pool_filter", {POOL_VARIABLE: json.dumps(CUT)}),
    "seen": Target(lambda package: package("seen_filter").SeenFilter(INDICES, CLASSES), "sim.benches.seen_filter",
                   arrays={"indices": np.array(INDICES)}),
}

# A name, whether the quick run has it, the target that finds it, and one text of one file replaced.
MUTANTS = {
    "channel a stage early": (False, "coordinates", "coordinates.py", 'self.o.p.c.eq(stages.later(channel, left, ',
                              'self.o.p.c.eq(stages.later(channel, left - 1, '),
    "quotient rounded up": (False, "coordinates", "coordinates.py", "[shift:shift + quotients]",
                            "[shift - 1:shift - 1 + quotients]"),
    "stages that do not wait": (False, "coordinates", "coordinates.py", "moves.eq(self.o.ready | ~self.o.valid)",
                                "moves.eq(1)"),
    "idle with an index inside": (False, "coordinates", "coordinates.py", "self.idle.eq(~self.i.valid & (valid == 0))",
                                  "self.idle.eq(~self.i.valid)"),
    "what the border cuts off is in the last square": (True, "pool", "pool_filter.py",
                                                       "added.eq(found & ~(is_event & cut))", "added.eq(found)"),
    "a step's end is cut off": (False, "pool", "pool_filter.py", "added.eq(found & ~(is_event & cut))",
                                "added.eq(found & ~cut)"),
    "squares one short": (False, "pool", "pool_filter.py", "min(pixel // self._pool.size, squares - 1)",
                          "min(pixel // self._pool.size, squares - 2)"),
    "an event passes twice": (False, "seen", "seen_filter.py", "seen.eq((before & mask).any())", "seen.eq(0)"),
    "a word of another step counts": (True, "seen", "seen_filter.py", "Mux(word.number == number, word.bits, 0)",
                                      "word.bits"),
    "an abort is no end": (False, "seen", "seen_filter.py",
                           "(self.i.p.kind == TokenKind.STEP) | (self.i.p.kind == TokenKind.ABORT)",
                           "self.i.p.kind == TokenKind.STEP"),
    "too few words cleared": (False, "seen", "contract/engines/seen.py",
                              "return -(-self.words // ((1 << self.NUMBER_BITS) - 1))", "return 1"),
    "words outlive a reset": (False, "seen", "seen_filter.py", "init=declared.words)", "init=0)"),
}


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_an_unchanged_copy_passes(target, icarus, folder):
    assert failures(TARGETS[target], copied(folder, f"rtl_gen_copy_{target.replace(' ', '_')}"), folder, icarus)[0] == []


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if quick else pytest.mark.slow)
                                  for name, (quick, *_) in MUTANTS.items()])
def test_a_mutant_is_found(name, icarus, folder):
    _, target, *replacement = MUTANTS[name]
    package = copied(folder, f"rtl_gen_copy_filters_{list(MUTANTS).index(name)}", *replacement)
    kinds, log = failures(TARGETS[target], package, folder, icarus)
    assert kinds, f"{target} does not find: {name}"
    assert set(kinds) <= FOUND, f"{name}: the bench broke down with {kinds} instead of finding a difference; see {log}"
