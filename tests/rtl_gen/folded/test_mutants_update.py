"""The benches find a folded update that is wrong in one line."""

from ..cases import handed
from ..mutation import Target, folder, mutant_test, unchanged_test
from .test_credit_scan import CASES as SCANS
from .test_update import CASES as UPDATES
from .test_window import CASES as WINDOWS

__all__ = ["folder"]


def window(case):
    spec = WINDOWS[case]
    return Target(lambda package: package("folded.window").FoldedWindow(spec.blocks[0]), "sim.benches.folded_window",
                  handed(spec))


def scan(case):
    spec = SCANS[case]
    return Target(lambda package: package("folded.credit_scan").ScannedCredits(spec.blocks[0]),
                  "sim.benches.credit_scan", handed(spec))


def update(case):
    spec, lanes = UPDATES[case]
    return Target(lambda package: package("folded.update").FoldedUpdate(
        spec.blocks[0], spec.layer_number(0, 0), lanes), "sim.benches.folded_update",
        {**handed(spec), "SNNFPGA_CREDIT_LANES": str(lanes)})


TARGETS = {
    **{f"window {case}": window(case) for case in WINDOWS},
    **{f"scan {case}": scan(case) for case in ("plain", "pooled", "largest-level")},
    **{f"update {case}": update(case) for case in UPDATES},
}
WINDOW, SCAN, STORE, ROWS, HEADS, LIST, FIELD, WORDS, DELTAS, PIPELINE, UPDATE = (f"folded/{name}.py" for name in (
    "window", "credit_scan", "credit_store", "row_steps", "heads", "list_walk", "field_walk", "word_walk",
    "delta_memory", "row_pipeline", "update"))

# A name, whether the quick run has it, the target that finds it, and one text of one file replaced.
MUTANTS = {
    "mask as it was fetched": (True, "window mixed", WINDOW, "self._touched & (recorder.touch_source == source)",
                               "Const(0)"),
    "pixel as it was fetched": (False, "window mixed", WINDOW, "_newest(m, convolves & (asked == address)",
                                "_newest(m, Const(0)"),
    "masks left by a reset": (False, "window dense", WINDOW, "self._touched | self.clearing | masks.clear_en",
                              "self._touched | masks.clear_en"),
    "list of another layer": (False, "window dense", WINDOW, "lengths[lists.layer]", "lengths[0]"),
    "part of a pixel left out": (False, "window many-channels", WINDOW, "Cat(part, recorder.touch_pixel)",
                                 "Cat(part & 0, recorder.touch_pixel)"),
    "gates of another position": (False, "window dense", WINDOW, "bases[asked.position] + asked.word", "asked.word"),
    "word before its feedback": (False, "scan plain", SCAN, "self.feedback_groups > place.word",
                                 "self.feedback_groups >= place.word"),
    "what the border cuts off is told": (False, "scan pooled", SCAN, "int(word is None)", "0"),
    "feedback of another position": (False, "scan largest-level", SCAN, "self.feedback_reader.position.eq(position)",
                                     "self.feedback_reader.position.eq(0)"),
    "credits of the word before alive": (False, "scan pooled", SCAN, "Mux(was_cut, 0, scan.alive)", "scan.alive"),
    "one half of the store": (True, "update one-conv", STORE, "write.addr.eq(Cat(load.position, self.load_half))",
                              "write.addr.eq(Cat(load.position, Const(0, 1)))"),
    "lanes alive of the word before": (False, "update one-conv", STORE, "m.d.sync += lanes.eq(0)", "pass"),
    "counts worth one": (False, "update mixed", STORE, "credit << select.bit", "credit"),
    "thresholds without their shift": (False, "update thresholds", STORE, "Array(given << (shift or 0) for",
                                       "Array(given for"),
    "thresholds where there is credit": (False, "update thresholds", PIPELINE,
                                         "Mux(adding.thresholds, store.told, store.alive)", "store.alive"),
    "words without credit but told": (False, "update thresholds", WORDS, "(credits.alive != 0) | self.told",
                                      "(credits.alive != 0) | 0"),
    "what was given is added": (False, "update thresholds", STORE, "~self._shifted", "self._shifted"),
    "same row too soon": (False, "update one-conv", ROWS, "waited | ~now.word.gathers", "1"),
    "bias of a whole window": (False, "update one-conv", ROWS, "self.steps > p", "1"),
    "masks kept": (False, "update dense", ROWS, "row_ends & word.clears", "row_ends & 0"),
    "released once more in the next window": (False, "update mixed", ROWS, "m.d.sync += word.credited.eq(0)", "pass"),
    "bias of words without credit": (False, "update dense", HEADS, "self._has_bias.eq(word.credited & ",
                                     "self._has_bias.eq(1 & "),
    "bias is not the last row": (False, "update thresholds", HEADS, "plan.rows - 1 for", "plan.layer.event_rows for"),
    "list of the block's sources": (False, "update dense", LIST, "self.lists.source - row_base", "self.lists.source"),
    "fields beyond the border": (False, "update one-conv", FIELD, "Mux(word.clears | (corner >= 0), 0, -corner)", "0"),
    "fields of no pixel": (False, "update beyond-the-border", FIELD, "heads.last & begun.empty", "0"),
    "lines of another width": (False, "update mixed", FIELD, '"pixel_line": grid.width * parts',
                               '"pixel_line": grid.height * parts'),
    "channels of the first word alone": (False, "update many-channels", FIELD, '"last_part": last', '"last_part": 0'),
    "pixels kept": (False, "update one-conv", FIELD, "reads & advance & now.word.clears", "reads & advance & 0"),
    "places of another stride": (False, "update two-convs", WORDS, '"stride": stride', '"stride": 1'),
    "third half of the store": (False, "update one-conv", WORDS, "credits.word.valid.eq(held != 2)",
                                "credits.word.valid.eq(1)"),
    "last word without credit passed over": (False, "update dense", WORDS, "credited | dense & column_last",
                                             "credited"),
    "weights of the first column": (False, "update one-conv", WORDS, "by_layer(self._layer, [plan.rows for",
                                    "by_layer(self._layer, [0 for"),
    "sums left by a reset": (False, "update one-conv", DELTAS, "self.clearing | self.w_en", "self.w_en"),
    "sums of the word before": (False, "update one-conv", PIPELINE, "sums[lane].eq(Mux(added.writes, 0, total))",
                                "sums[lane].eq(total)"),
    "touched by the last place alone": (False, "update one-conv", PIPELINE, "Mux(gathers | writes, left.touched",
                                        "Mux(writes, left.touched"),
    "silent in the last step": (False, "window one-channel", WINDOW, "gates_any | (earlier &",
                                "gates_any | (0 &"),
    "words without a gate": (False, "scan plain", SCAN, "place.cut | ~self.gate_finder.gated",
                             "place.cut | 0"),
    "written before all is gathered": (False, "update one-conv", PIPELINE,
                                       "stage.word.gathers for stage in stages[1:3]", "0 for stage in stages[1:3]"),
    "rate of the first layer": (False, "update mixed", PIPELINE, "by_layer(summing.word.layer, more)", "more[0]"),
    "random words of the first layer": (False, "update mixed", PIPELINE, "self._layer_number + self.step.word.layer",
                                        "self._layer_number"),
    "rounding of another layer": (False, "update mixed", PIPELINE, "addends[way] for way in ways)[adding.word.layer]",
                                  "addends[way] for way in ways)[0]"),
    "half filled while it is read": (False, "update mixed", PIPELINE, "return 2 + self._wait", "return 1"),
    "fields and lists at once": (False, "update mixed", UPDATE, "walk.ready.eq(one.i.ready & Cat(others).all())",
                                 "walk.ready.eq(one.i.ready)"),
}


test_an_unchanged_copy_passes = unchanged_test(TARGETS)
test_a_mutant_is_found = mutant_test(TARGETS, MUTANTS)
