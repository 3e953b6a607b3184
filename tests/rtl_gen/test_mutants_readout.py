"""The benches find a readout, its errors and what comes before it, that are wrong in one line."""

import numpy as np

from .mutation import Target, engine, folder, mutant_test, unchanged_test
from .test_errors import LOGIT_BITS, READOUTS, Errors

__all__ = ["folder"]


def readout(**settings):
    return engine("readout", lambda package, spec, _: package("readout").Readout(spec, 0), **settings)


TARGETS = {
    "readout": readout(sizes=(18,), lanes=4, window=4, loss_steps=3, classes=5, rounding="stochastic", shadow_bits=0,
                       readout_rate_shift=5, update_interval=2, feedback_shift=1, classes_per_cycle=2),
    "readout-quiet": readout(sizes=(9,), lanes=8, window=3, classes=2, shadow_bits=4, readout_rate_shift=6,
                             update_interval=2, error_function="hard_sigmoid", dead_zone=62, logit_shift=3),
    "readout-at-once": readout(sizes=(30,), lanes=8, window=2, classes=3, readout_rate_shift=3),
    "readout-cumulative": readout(sizes=(9,), lanes=8, window=3, loss_steps=2, learned=False, accumulate="cumulative",
                                  error_function="hard_sigmoid", dead_zone=40, logit_shift=0),
    "readout-levels": readout(sizes=(9,), lanes=2, learning=False, readout_leak_shift=2),
    "readout-last": readout(sizes=(9,), lanes=2, learning=False, readout_leak_shift=2, reading="last",
                            accumulate="cumulative"),
    "readout-maximum": readout(sizes=(9,), lanes=2, learning=False, readout_leak_shift=3, reading="maximum",
                               accumulate="cumulative"),
    "errors": Target(lambda package: Errors(package("errors").class_error), "sim.benches.errors",
                     arrays={"readouts": np.array(READOUTS), "logit_bits": np.array(LOGIT_BITS)}),
    "serialiser": engine("serialiser", lambda package, spec, _: package("serialiser").Serialiser(spec.blocks[0]),
                         sizes=(18,), lanes=4),
}

MUTANTS = {
    # Levels of a leaky readout
    "a level that never leaks": (False, "readout-levels", "levels.py", "level - (level >> readout.leak_shift)",
                                 "level"),
    "a level outlives its sample": (False, "readout-last", "levels.py", "level.eq(0), answer.eq(0)", "answer.eq(0)"),
    "the last level after its leak": (False, "readout-last", "levels.py", '"last": level,',
                                      '"last": level - (level >> readout.leak_shift),'),
    "a maximum of at least 0": (False, "readout-maximum", "levels.py", "first | (level > answer)", "level > answer"),
    "a maximum that forgets": (False, "readout-maximum", "levels.py", "first.eq(0)", "first.eq(1)"),
    # Readout
    "tie to the highest": (False, "readout-cumulative", "answer.py", "(held > best_answer)",
                           "(held >= best_answer)"),
    "cumulative logits reset": (True, "readout-cumulative", "class_sums.py", "logit if cumulative else held", "held"),
    "steps before the loss are the logits'": (False, "readout-cumulative", "class_sums.py", "self.in_loss, held, 0",
                                              "1, held, 0"),
    "sums not taken over where the loss begins": (False, "readout", "readout.py", "loss_begins if self.learns",
                                                  "0 if 1"),
    "sums taken over twice": (False, "readout", "class_sums.py", "self.taken | began)", "began)"),
    "sums of an aborted sample stay": (False, "readout", "class_sums.py", "self.taken | began)", "self.taken)"),
    "answers of the sample before": (False, "readout", "class_sums.py", "with m.If(self.begins):", "with m.If(0):"),
    "answers without the window that goes on": (False, "readout", "class_sums.py",
                                                'total("answers", held, fresh_answer)',
                                                'total("answers", Mux(took, held, 0), fresh_answer)'),
    "answers outlive a reset": (False, "readout", "class_sums.py", "fresh = fresh_answer = Signal(init=1)",
                                "fresh = fresh_answer = Signal()"),
    "feedback of padding lanes": (False, "readout", "backward.py", "[value.eq(0) for value in word[1:]]", "[]"),
    "spikes outside the loss counted": (False, "readout", "readout.py", "self._adds & self._learns_from",
                                        "self._adds & self._learn"),
    "counts never forgotten": (False, "readout", "spike_counts.py", "Mux(forget, 0, read.data + 1)", "read.data + 1"),
    "spikes of an aborted window stay": (False, "readout", "readout.py",
                                         "TokenKind.ABORT):\n                    m.d.comb += self._forget.eq(1)",
                                         "TokenKind.ABORT):\n                    pass"),
    "spikes of a skipped window stay": (False, "readout-quiet", "readout.py", "self.skip.eq(1), self._forget.eq(1),",
                                        "self.skip.eq(1),"),
    "spikes outlive a reset": (False, "readout", "backward.py", 'init="CLEAR" if learned else "IDLE"',
                               'init="IDLE"'),
    "a token while counts are cleared": (False, "readout-at-once", "readout.py",
                                         "~self._adding) & self._backward_idle),", "~self._adding)),"),
    "feedback said to be there early": (False, "readout", "backward.py", "with m.Elif(closed):",
                                        "with m.Elif(closes):"),
    "feedback of the window before": (False, "readout", "backward.py", "m.d.sync += self.feedback_groups.eq(0)",
                                      "m.d.sync += []"),
    "silent rows updated": (False, "readout", "readout_update.py", "self.valid & (self.count != 0)",
                            "self.valid"),
    "a part written as another": (False, "readout", "readout_update.py", "Cat(*parts, newest)",
                                  "Cat(newest, *parts)"),
    "a part of the host's lost": (False, "readout", "readout_update.py", "Value.cast(hosted_parts[number]), after",
                                  "after, after"),
    "a row written after its last part": (False, "readout", "readout_update.py", "fires[-1] & last[-1]",
                                          "fires[-1] & last[-2]"),
    "parts summed on": (False, "readout", "feedback.py", "Mux(first[-1], 0, ", "Mux(first[0], 0, "),
    "a part's errors one cycle late": (False, "readout", "backward.py", "errors.part.eq(fetched.part)",
                                       "errors.part.eq(chosen.part)"),
    "errors in other places": (False, "readout", "error_parts.py", "number.eq(0), place.eq(0), part.eq(0)",
                               "number.eq(0), part.eq(0)"),
    "errors of the window before count": (False, "readout-quiet", "take_over.py", "number.eq(0), self.learnable.eq(0)",
                                          "number.eq(0)"),
    "other windows learned from": (False, "readout", "readout.py", "(self._windows == block.update_interval - 1) &",
                                   "(self._windows == 0) &"),
    "negative errors count as positive": (False, "readout", "feedback.py", "negative = error.value < 0",
                                          "negative = Const(0)"),
    "digit of the feedback lost": (False, "readout", "feedback.py", "Mux(low, thrice, once << 1)",
                                   "Mux(low, once, once << 1)"),
    "feedback rounded down": (False, "readout", "feedback_rounding.py", "half = 1 << shift >> 1", "half = 0"),
    "feedback not saturated": (False, "readout", "feedback_rounding.py", "return value", "return rounded[:len(value)]"),
    "host writes another row": (False, "readout", "readout_update.py", "self.w_row.eq(self.host_row)",
                                "self.w_row.eq(self.w_row + 1)"),
    "rows of the host's written on": (False, "readout", "readout_update.py", "with m.Elif(self.start):",
                                      "with m.Elif(0):"),
    "readout at a rate of 0": (False, "readout", "readout_update.py", "update.rate.eq(self.rate)",
                               "update.rate.eq(0)"),
    "readout learns while off": (False, "readout", "readout.py", "token.value[label_bits] & ~self.rate.off",
                                 "token.value[label_bits]"),
    # Errors
    "dead zone one short": (True, "errors", "errors.py", "(exact <= readout.dead_zone)",
                            "(exact < readout.dead_zone)"),
    "logit not clamped": (False, "errors", "errors.py", "Mux(place < 0, 0, ", "Mux(0, 0, "),
    # Serialiser
    "neurons numbered on": (False, "serialiser", "serialiser.py",
                            "base.eq(Mux(closes, 0, base + self._neurons(word)))",
                            "base.eq(base + self._neurons(word))"),
    "last of the sample before": (False, "serialiser", "serialiser.py", "~spiking & is_step & word.last)",
                                  "~spiking & word.last)"),
}

test_an_unchanged_copy_passes = unchanged_test(TARGETS)
test_a_mutant_is_found = mutant_test(TARGETS, MUTANTS)
