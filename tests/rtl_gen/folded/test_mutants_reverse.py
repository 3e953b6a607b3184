"""The bench finds a reverse pass that is wrong in one line."""

import numpy as np

from ..cases import handed
from ..mutation import Target, folder, mutant_test, unchanged_test
from .test_reverse_pass import CASES

__all__ = ["folder"]


def reverse(case):
    spec = CASES[case]
    block = spec.blocks[0]
    return Target(lambda package: package("folded.reverse_pass").ReversePass(block, block.directives.lanes),
                  "sim.benches.reverse_pass", handed(spec), {"lanes": np.array(block.directives.lanes)})


TARGETS = {name: reverse(name) for name in (
    "two dense", "three dense", "convolutions", "cut off", "pooled readout", "recurrent",
    "residual", "thresholds", "one word", "lingering", "wide", "levels", "last level",
    "largest level")}
WORDS, WALK, SCAN, PRODUCT, MEMORY = (f"folded/{name}.py" for name in (
    "reverse_words", "reverse_walk", "reverse_scan", "dot_product", "credit_memory"))
FLOW, LASTING, ALIVE = (f"folded/{name}.py" for name in ("flow_credits", "lasting_credits", "alive_words"))
REACH = "contract/engines/folded/reach.py"

# A name, whether the quick run has it, the target that finds it, and one text of one file replaced.
MUTANTS = {
    "layer before its credits are there": (True, "two dense", WORDS, "with m.If(inside == 0):", "with m.If(1):"),
    "own rows before their credits are there": (False, "recurrent", WORDS, "(position == 0) | self._recurrent",
                                                "position == 0"),
    "lanes to spare have gates": (False, "two dense", WORDS, "spare = Mux(self._last_column,", "spare = Mux(0,"),
    "own credits of this step": (False, "recurrent", WORDS, "layer.word_base + self.engine.words for",
                                 "layer.word_base for"),
    "more words than there is room for": (False, "convolutions", WORDS, "self._room.eq(inside != self.engine.AHEAD)",
                                          "self._room.eq(1)"),
    "word before its feedback": (False, "two dense", WORDS, "(feedback < self.feedback_words)", "1"),
    "outside the loss as in it": (False, "three dense", WORDS, "position >= self.block.window - self.block.loss_steps",
                                  "1"),
    "own rows of the last position": (False, "recurrent", WORDS, "self._recurrent & ~opens", "self._recurrent"),
    "one place across": (False, "convolutions", WALK, "across_ends.eq(own | (across == word.more_across))",
                         "across_ends.eq(1)"),
    "one place down": (False, "convolutions", WALK, "down_ends.eq(own | (down == word.more_down))",
                       "down_ends.eq(1)"),
    "places down from where across ended": (False, "convolutions", WALK,
                                            "for each in rows[:way + 1]", "for each in rows[:1]"),
    "word of own rows of another": (False, "recurrent", WORDS, "for reach in self._reaches]) + self._lane)",
                                    "for reach in self._reaches]))"),
    "above and own in one sum": (False, "recurrent", WALK, "own.eq(Mux(lane_ends, ~word.above, 1))",
                                 "own.eq(~word.above)"),
    "what thresholds are given of a position": (False, "thresholds", SCAN, "eq(Mux(word.opens, 0, before))",
                                                "eq(0)"),
    "told in the last step alone": (False, "thresholds", SCAN, "held[-1].told | inject.any()", "inject.any()"),
    "half left out": (False, "two dense", PRODUCT, "half.eq(1 << shift >> 1)", "half.eq(0)"),
    "not saturated": (True, "two dense", PRODUCT, "self.total.eq(value)", "self.total.eq(shifted)"),
    "shift of another layer": (False, "recurrent", PRODUCT, "m.Switch(layers[cycles + 1])", "m.Switch(layers[0])"),
    "sums run on": (False, "two dense", PRODUCT, "Mux(first[-1], half, total)", "total"),
    "shadow bits read": (False, "two dense", PRODUCT, "weight_read(weights, stored, blank=Const(0))", "stored"),
    "carry through a reset to zero": (False, "three dense", SCAN, 'spike if layer.neuron.reset == "zero" else 0', "0"),
    "carry of another window": (False, "two dense", SCAN, "cut = word.opens | (", "cut = (0 & word.opens) | ("),
    "decay of another layer": (False, "three dense", SCAN, "Switch(self.layer):\n            for number, layer in",
                               "Switch(self.layer ^ 1):\n            for number, layer in"),
    "part of another word": (False, "two dense", SCAN, "following.place.eq(Mux(take, words.o.p.place, word.place))",
                             "following.place.eq(word.place)"),
    "what the readout cuts off has feedback": (False, "pooled readout", REACH, "int(line // pool.size < squares)", "1"),
    "what a pool cuts off has feedback": (False, "cut off", REACH, "return Taps(0, 0, 0)", "pass"),
    "own feedback taken for the other": (False, "recurrent", SCAN, "summed.en & (summed.own == number)", "summed.en"),
    "carry before it is written": (False, "one word", SCAN, "~words.o.p.first | ~under_way", "1"),
    "residual credit of another position": (False, "residual", FLOW, "part.position, word[",
                                            "part.position & 0, word["),
    "residual credit without its shift": (False, "residual", FLOW, "[lane] << layers[other].residual.shift", "[lane]"),
    "own shift in what goes back": (False, "residual", FLOW, "write.data.eq(Cat(currents))",
                                    "write.data.eq(Cat(told for told in self.told))"),
    "credit of one of two layers that add": (False, "wide", FLOW, "enumerate(engine.added_to(number))]",
                                             "enumerate(engine.added_to(number)[:1])]"),
    "credits of two layers that add in one place": (False, "wide", FLOW, "engine.flow_rank(number) == rank)",
                                                    "engine.flow_rank(number) is not None)"),
    "low digit taken for signed": (False, "wide", PRODUCT, "(number + 1) * DIGIT] for",
                                   "(number + 1) * DIGIT].as_signed() for"),
    "digits of one weight": (False, "wide", PRODUCT, "held << number * DIGIT", "held"),
    "levels of another window": (False, "levels", SCAN, "Mux(word.opens, 0, decayed_by", "Mux(0, 0, decayed_by"),
    "levels of another word": (False, "levels", SCAN, "at.place)),\n            write.data.eq(Cat(kept))",
                               "0)),\n            write.data.eq(Cat(kept))"),
    "every level as the last": (False, "last level", SCAN, 'word.opens if self.block.readout.reading',
                                '1 if self.block.readout.reading'),
    "feedback where no class is read": (False, "largest level", SCAN, "self.feedback_reader.read if self._by_position",
                                        "1 if self._by_position"),
    "feedback of another position": (False, "largest level", SCAN, "feedback_reader.position.eq(following.position)",
                                     "feedback_reader.position.eq(word.position)"),
    "lasting credits of another window": (False, "lingering", LASTING, "with m.If(~self.opens), m.Switch",
                                          "with m.If(1), m.Switch"),
    "lasting credits of another word": (False, "lingering", LASTING, "self.at.place)),\n            write.data",
                                        "0)),\n            write.data"),
    "lasting credits decay in every layer": (False, "lingering", LASTING, "m.Switch(self.layer)",
                                                 "m.Switch(self.layer & 0)"),
    "credits of membranes handed down": (True, "lingering", SCAN, "credits = list(lasting.lasting)", "pass"),
    "credits of two lanes counted as one": (False, "three dense", SCAN, "sum_of(credit.any() for credit in credits)",
                                            "Cat(credits).any()"),
    "list of the layer itself": (False, "two dense", ALIVE, "parity ^ ~self.place.own", "parity"),
    "list of another position": (False, "recurrent", WALK, "self.place.position.eq(word.position + own)",
                                 "self.place.position.eq(word.position)"),
    "words of the position before listed": (False, "two dense", ALIVE, "Mux(self.at.place == 0, 0, count)", "count"),
    "room in the list for words without": (False, "two dense", ALIVE, "count.eq(number + self.alive)",
                                           "count.eq(number + 1)"),
    "count of a part alone": (False, "two dense", SCAN, "Mux(at.part == 0, 0, count)", "0"),
    "credits of the word before alive": (False, "two dense", MEMORY, "Mux(come.opens, 0, lived)", "lived"),
    "part of another position": (False, "two dense", MEMORY, "address.eq(address + self.engine.words)",
                                 "address.eq(address + 1)"),
}


test_an_unchanged_copy_passes = unchanged_test(TARGETS)
test_a_mutant_is_found = mutant_test(TARGETS, MUTANTS)
