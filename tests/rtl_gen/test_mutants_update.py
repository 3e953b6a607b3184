"""The benches find an update engine, its window buffer and its rounding, that are wrong in one line."""

import numpy as np

from rtl_gen.contract.current import CurrentSpec

from .mutation import Target, engine, folder, mutant_test, unchanged_test
from .test_rounding import WEIGHTS, Weights, Words, word_vectors

__all__ = ["folder"]


def update(**settings):
    return engine("update", lambda package, spec, gates: package("update").UpdateEngine(
        spec.blocks[0], spec.layer_number(0, 0), gates), **settings)


def credit(**settings):
    return engine("credit", lambda package, spec, gates: package("credit").CreditScan(spec.blocks[0], gates),
                  **settings)


TARGETS = {
    "words": Target(lambda package: Words(word_vectors()["layers"].tolist(), package("rounding").RandomDraw),
                    "sim.benches.random_word", arrays=word_vectors()),
    "stored": Target(lambda package: Weights(WEIGHTS, package("rounding").StoredUpdate, package("rounding").row_addend),
                     "sim.benches.stored_update", arrays={"parameters": np.array(WEIGHTS)}),
    "window": engine("window", lambda package, spec, gates: package("window").WindowBuffer(spec.blocks[0], gates),
                     inputs=13, sizes=(10,), lanes=4, window=5),
    "credit": credit(lanes=2, window=5, loss_steps=3, leak_shift=2),
    "credit-shifts": credit(lanes=2, window=5, leak_shifts=(2, -4, 5)),
    "credit-zero": credit(lanes=2, window=3, reset="zero"),
    "credit-lasting": credit(lanes=2, window=5, reset="zero", current=CurrentSpec(bits=9, leak_shifts=(1, -3))),
    "credit-levels": credit(lanes=2, window=5, loss_steps=3, readout_leak_shift=2),
    "credit-last-level": credit(lanes=2, window=4, readout_leak_shift=3, reading="last", accumulate="cumulative"),
    "credit-largest-level": credit(lanes=2, window=4, readout_leak_shift=3, reading="maximum", accumulate="cumulative",
                                   feedback_shift=2),
    "update-largest-level": update(inputs=9, sizes=(11,), lanes=4, window=4, rate_shift=8, readout_leak_shift=2,
                                   reading="maximum", accumulate="cumulative", feedback_shift=2),
    "update": update(inputs=13, sizes=(18,), lanes=4, window=4, rounding="stochastic", shadow_bits=0, rate_shift=9),
    "update-unrolled": update(inputs=13, sizes=(18,), lanes=5, window=5, rate_shift=8, unroll=True),
    "update-nearest": update(inputs=9, sizes=(11,), lanes=4, window=3, loss_steps=2, rate_shift=8),
}

MUTANTS = {
    # Window
    "row listed twice": (False, "window", "window.py", "list_write.en.eq(marks & (mask == 0))",
                         "list_write.en.eq(marks)"),
    "mask not cleared": (False, "window", "window.py",
                         "mask_write.en.eq(marks | self.reader.clear_en | self.clearing.en)",
                         "mask_write.en.eq(marks | self.clearing.en)"),
    "masks outlive a reset": (False, "window", "window.py", "self.reader.clear_en | self.clearing.en)",
                              "self.reader.clear_en)"),
    "row read without being asked": (False, "window", "window.py", "list_read.en.eq(self.reader.advance)",
                                     "list_read.en.eq(1)"),
    "mask read without being asked": (False, "window", "window.py", "self.recorder.touch_en | self.reader.advance),",
                                      "1),"),
    "mask of one position": (False, "window", "window.py", "mask | (1 << position)", "1 << position"),
    "gates of the last window": (False, "window", "window.py", "Mux(self.recorder.gate_first, 0, following)",
                                 "following"),
    # Credit
    "decay rounded down": (True, "credit", "neurons/lif.py", "Cat(~upward, ~lost)", "Cat(1, ~lost)"),
    "decay of shifts rounded down": (True, "credit-shifts", "neurons/lif_shifts.py",
                                     "((_product(neuron, credit) + upward) >> neuron.leak_bits)",
                                     "(_product(neuron, credit) >> neuron.leak_bits)"),
    "carry through a reset to zero": (False, "credit-zero", "credit.py",
                                      'first | (spike if layer.neuron.reset == "zero" else 0)', "first"),
    "loss window one short": (False, "credit", "credit.py",
                              "self.position >= loss_begins", "self.position > loss_begins"),
    "feedback where no class is read": (False, "credit-largest-level", "credit.py", "self.read if self._by_position",
                                        "1 if self._by_position"),
    "feedback of another position": (False, "update-largest-level", "credit_walk.py",
                                     "self.feedback_reader.position.eq(now)",
                                     "self.feedback_reader.position.eq(position)"),
    "credit of the first position only": (False, "credit-zero", "credit.py",
                                          "now.eq((credit != 0) | (before & ~first[-1]))", "now.eq(credit != 0)"),
    "credits forgotten come out": (False, "credit", "credit.py", "self.load.valid.eq(valid[-1] & ~self.forget)",
                                   "self.load.valid.eq(valid[-1])"),
    "carry from one part to the next": (False, "credit", "credit.py",
                                        "Mux(first | (spike", "Mux((spike"),
    "levels from one part to the next": (False, "credit-levels", "credit.py", "Mux(self.first, 0, decayed_by",
                                         "Mux(0, 0, decayed_by"),
    "levels do not leak": (True, "credit-levels", "credit.py", "decayed_by(self.block.readout.leak_shift, told)",
                           "told"),
    "every level as the last": (False, "credit-last-level", "credit.py", "told.eq(read + carry)",
                                "told.eq(self.feedback[lane] + carry)"),
    "gates a cycle before their levels": (False, "credit-levels", "credit.py", "Mux(held.gate[bit]",
                                          "Mux(gates.gate[bit]"),
    "spike a cycle before its gate": (False, "credit-zero", "credit.py", "spike.eq(held.spike)",
                                      "spike.eq(gates.spike)"),
    "lasting from one part to the next": (False, "credit-lasting", "credit.py", "Mux(first, 0, lif_shifts",
                                          "Mux(0, 0, lif_shifts"),
    "lasting decays as membranes do": (False, "credit-lasting", "credit.py",
                                       "lif_shifts.decayed(self.layer.current, lasting)",
                                       "kind_of(self.layer.neuron).decayed(self.layer.neuron, lasting)"),
    "lasting cut by a reset": (False, "credit-lasting", "credit.py", "with m.If(found):\n",
                               "with m.If(found & (credit != 0)):\n"),
    "lanes of the last part alone": (False, "credit", "credit.py", "Mux(self.load.part == 0, 0, self.alive)", "0"),
    "pairs of one": (False, "update-unrolled", "credit_store.py", "loaded.credits[place] + before)",
                     "loaded.credits[place])"),
    "credits walked as they are loaded": (False, "update-unrolled", "credit_store.py",
                                          "with m.If(self.select.opens):", "with m.If(1):"),
    "one half of the store": (False, "update", "credit_store.py", "Cat(load.position, self.load_half)",
                              "Cat(load.position, Const(0, 1))"),
    "sums of rows run on": (True, "update", "credit_store.py", "Mux(select.first, self.addend, self.sums[lane])",
                            "self.sums[lane]"),
    # Update
    "host's word lost": (False, "update", "update.py", "writes.eq(inside[-2] | self.host.en)",
                         "writes.eq(inside[-2])"),
    "number not used by a skipped window": (True, "update", "update.py",
                                            "with m.If(self.skip):\n                    m.d.sync += uses_number.eq(1)",
                                            "with m.If(self.skip):\n                    m.d.sync += uses_number.eq(0)"),
    "number used by a discarded window": (False, "update", "update.py", "self.learned.eq(uses_number)",
                                          "self.learned.eq(1)"),
    "done before the last row is written": (False, "update", "update.py", "with m.If(self._pipeline_empty):",
                                            "with m.If(1):"),
    "masks of a discarded window stay": (False, "update", "row_walk.py", "~now.empty & last)",
                                         "~now.empty & last & credited)"),
    "masks forgotten at each group": (False, "update", "row_walk.py", "~now.empty & last)", "~now.empty)"),
    "bias one step short": (False, "update", "row_walk.py", "Cat(self.steps > p for p in",
                            "Cat(self.steps > p + 1 for p in"),
    "row left at its second position": (False, "update", "row_walk.py", "(rest == 0) | ~credited", "1"),
    "highest position for the lowest": (False, "update", "row_walk.py", "lowest = left & ~less", "lowest = left"),
    "an addend is a sum": (False, "update", "update.py", "[:len(added)] != added)", "[:len(added)] != 0)"),
    "a bit is an update": (False, "update", "update.py", "ends.eq(step.valid & step.last)", "ends.eq(step.valid)"),
    "list read on while a row is walked": (False, "update", "row_walk.py", "self.reader.advance.eq(advance)",
                                           "self.reader.advance.eq(1)"),
    "rows before their credits": (False, "update", "row_walk.py", "ahead.opens & ~self.taken)", "0)"),
    "a pause between groups": (False, "update", "row_walk.py", "(group_ends | waits) & self.ready", "waits & self.ready"),
    "group without rows walked for none": (False, "update-no-bias", "row_walk.py", "empty.eq(rows == 0)", "empty.eq(0)"),
    "group before its feedback": (False, "update", "credit_walk.py", "(group < self.feedback_groups) & ", ""),
    "next group over the one that is ready": (False, "update", "credit_walk.py",
                                              "scan.forget.eq(self.ready | self.restart)",
                                              "scan.forget.eq(self.restart)"),
    "group of weights passed over with its credits": (False, "update", "credit_walk.py",
                                                      "with m.If(self.taken | (ended & ~found)):",
                                                      "with m.If(self.taken):"),
    "group without credit is walked": (False, "update", "credit_walk.py", "ended & ((self.alive != 0) | self.last)",
                                       "ended"),
    # Rounding
    "nearest without half": (False, "update-nearest", "rounding.py", "(rate == number for number in range(most + 1))",
                             "(Const(0, 1) for number in range(most + 1))"),
    "half of a rate of 0": (False, "update-nearest", "rounding.py", "(rate == number for number in range(most + 1))",
                            "(Const(number == 0, 1) for number in range(most + 1))"),
    "word one bit short": (False, "update", "rounding.py", "Cat(word[:rate_shift],",
                           "Cat(word[:rate_shift - 1], Const(0, 1),"),
    "word beyond the rate": (False, "update", "rounding.py", "word[rate_shift + bit] & (rate > bit)",
                             "word[rate_shift + bit]"),
    "word of 16 bits": (False, "words", "rounding.py", "Cat(y, x)", "Cat(y, y)"),
    "rate without effect": (True, "update", "rounding.py", "self.summed >> shift >> self.rate",
                            "self.summed >> shift >> (self.rate & 0)"),
    "no room for a large addend": (False, "stored", "rounding.py",
                                   "signed_bits(delta_max + (1 << addend_bits(rate_shift, most)) - 1)",
                                   "signed_bits(delta_max)"),
    "another mix": (False, "update", "rounding.py", "x.rotate_right(7)", "x.rotate_right(6)"),
    "window number of 16 bits": (False, "words", "rounding.py", "key.seed[16:], key.window_number[16:]",
                                 "key.seed[16:], key.window_number[:16]"),
    "saturated is changed": (False, "stored", "rounding.py", "self.changed.eq(updated != self.stored)",
                             "self.changed.eq(rounded != 0)"),
    "rounds half down": (False, "stored", "rounding.py", "return Cat(Const(0, max(0, rate_shift - 1)), halves)",
                         "return Cat(Const(0, max(0, rate_shift - 1)), halves) - 1"),
    "nothing is an underflow": (False, "update", "rounding.py", "not_zero & (rounded == 0)", "rounded == 0"),
}

test_an_unchanged_copy_passes = unchanged_test(TARGETS)
test_a_mutant_is_found = mutant_test(TARGETS, MUTANTS)
