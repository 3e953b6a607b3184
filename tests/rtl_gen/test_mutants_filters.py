"""The benches find filters, and readouts behind them, that are wrong in one line."""

import json
from dataclasses import replace

import numpy as np

from rtl_gen.contract.division import GridDivisions
from rtl_gen.contract.grid import PoolSpec
from sim.benches.coordinates import CARRIED_BITS
from sim.benches.pool_filter import CLASSES, POOL_VARIABLE
from tests.grids import grid_spec
from tests.networks import network_spec

from .cases import handed
from .mutation import Target, folder, mutant_test, unchanged_test

__all__ = ["folder"]

GRID = (5, 7, 3)
NARROW = (2, 2, 33)             # a term of its division has fewer bits than the remainder
CUT = {"kind": "sum", "size": 2, "height": 3, "width": 5, "channels": 1}       # the value of a START is cut off too
INDICES = 32 * 33 + 5

CONV = grid_spec(grid=(4, 4, 1), filters=6, kernel=1, readout_pool=("sum", 2), lanes=4, window=3, loss_steps=2,
                 classes=3, readout_rate_shift=6)
CUT_CONV = grid_spec(grid=(3, 3, 1), filters=3, kernel=1, readout_pool=("or", 2), lanes=2, window=2, classes=3,
                     learned=False)
LAST = network_spec(sizes=(9,), lanes=4, window=3, loss_steps=2, answer="last", accumulate="cumulative")
LAST_LEVELS = network_spec(sizes=(9,), lanes=4, window=3, learning=False, readout_leak_shift=2, answer="last")
LAST_RUN = network_spec(sizes=(7,), lanes=4, window=3, answer="last", learning=False)
SIGNS = network_spec(sizes=(9,), lanes=4, window=3, classes=3, readout_weight_bits=1, shadow_bits=4,
                     readout_rate_shift=4)
SIGNS_FORWARD = network_spec(inputs=9, sizes=(11,), lanes=4, window=3, weight_bits=1, shadow_bits=0, threshold=2,
                             membrane_bits=6, surrogate_width=3, bias=False)


def readout(spec):
    return Target(lambda package: package("readout").Readout(spec, 0), "sim.benches.readout", handed(spec))


def coordinates(grid):
    return Target(lambda package: package("coordinates").Coordinates(GridDivisions(*grid), CARRIED_BITS),
                  "sim.benches.coordinates", arrays={"grid": np.array(grid)})


TARGETS = {
    "pooled readout": readout(CONV),
    "pooled readout, idle early": replace(readout(CONV), seed=3),
    "cut readout": readout(CUT_CONV),
    "last answer": readout(LAST),
    "last levels": readout(LAST_LEVELS),
    "last of one that runs": readout(LAST_RUN),
    "readout of signs": readout(SIGNS),
    "signs": Target(lambda package: package("forward").ForwardEngine(SIGNS_FORWARD.blocks[0]), "sim.benches.forward",
                    handed(SIGNS_FORWARD)),
    "coordinates": coordinates(GRID),
    "coordinates of few pixels": coordinates(NARROW),
    "pool": Target(lambda package: package("pool_filter").PoolFilter(PoolSpec(**CUT), CLASSES),
                   "sim.benches.pool_filter", {POOL_VARIABLE: json.dumps(CUT)}),
    "seen": Target(lambda package: package("seen_filter").SeenFilter(INDICES, CLASSES), "sim.benches.seen_filter",
                   arrays={"indices": np.array(INDICES), "most": np.array(1)}),
    "seen often": Target(lambda package: package("seen_filter").SeenFilter(INDICES, CLASSES, 3),
                         "sim.benches.seen_filter", arrays={"indices": np.array(INDICES), "most": np.array(3)}),
}

# A name, whether the quick run has it, the target that finds it, and one text of one file replaced.
MUTANTS = {
    "a short term cut and not extended": (True, "coordinates of few pixels", "coordinates.py",
                                          "term if len(term) >= remainders else term | Const(0, signed(remainders))",
                                          "term"),
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
    "an event passes twice": (False, "seen", "seen_filter.py",
                              "seen.eq(before.word_select(place, declared.count_bits) == self._most)", "seen.eq(0)"),
    "one event too many": (False, "seen often", "seen_filter.py", "declared.count_bits) == self._most)",
                           "declared.count_bits) == self._most + 1)"),
    "one event too few": (False, "seen often", "seen_filter.py", "declared.count_bits) == self._most)",
                          "declared.count_bits) == self._most - 1)"),
    "a word of another step counts": (False, "seen", "seen_filter.py", "Mux(word.number == number, word.bits, 0)",
                                      "word.bits"),
    "an abort is no end": (False, "seen", "seen_filter.py",
                           "(self.i.p.kind == TokenKind.STEP) | (self.i.p.kind == TokenKind.ABORT)",
                           "self.i.p.kind == TokenKind.STEP"),
    "too few words cleared": (False, "seen", "contract/engines/seen.py",
                              "return -(-self.words // ((1 << self.NUMBER_BITS) - 1))", "return 1"),
    "an event of a square behind another is lost": (True, "pooled readout", "spike_counts.py",
                                                    "transparent_for=(write,) if self._again else ()",
                                                    "transparent_for=()"),
    "words of feedback across places": (False, "pooled readout", "backward.py", "if self._place_rows is None:",
                                        "if True:"),
    "squares that come twice count twice": (False, "cut readout", "readout.py", 'if pool.kind == "sum":', "if True:"),
    "idle with spikes in the pool": (False, "pooled readout, idle early", "readout.py", "idle & self._pool_idle",
                                     "idle"),
    "an answer of all windows": (False, "last answer", "class_sums.py", "with m.If(self.begins | self.restarts):",
                                 "with m.If(self.begins):"),
    "logits of the last window alone": (False, "last answer", "class_sums.py",
                                        'logit = total("logits", Mux(self.in_loss, held, 0), fresh)',
                                        'logit = total("logits", Mux(self.in_loss, held, 0), fresh_answer)'),
    "an answer is gone as its window ends": (False, "last of one that runs", "readout.py",
                                             "takes & self._window_over &", "self._window_over | takes &"),
    "levels outlive their window in an answer": (False, "last levels", "levels.py",
                                                 "with m.If(self.restarts & ~self.step_ends):", "with m.If(0):"),
    "a step without events restarts nothing": (False, "last levels", "levels.py", "Mux(self.restarts, 0, answer)",
                                               "Mux(0, 0, answer)"),
    "a sign of its lowest bit": (False, "readout of signs", "readout.py",
                                 "Mux(stored < 0 if readout.learned else stored,", "Mux(stored[0],"),
    "feedback of signs the other way": (False, "readout of signs", "backward.py",
                                        "return stored < 0 if self.readout.signs", "return stored >= 0 if "
                                                                                   "self.readout.signs"),
    "a word of none is a weight of one": (True, "signs", "weight_read.py", "Cat(~blank, (stored < 0) & ~blank)",
                                          "Cat(1, stored < 0)"),
    "words outlive a reset": (False, "seen", "seen_filter.py", "init=declared.words)", "init=0)"),
}


test_an_unchanged_copy_passes = unchanged_test(TARGETS)
test_a_mutant_is_found = mutant_test(TARGETS, MUTANTS)
