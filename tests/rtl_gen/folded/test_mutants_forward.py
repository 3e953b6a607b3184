"""The benches find a folded forward engine that is wrong in one line."""

import numpy as np

from ..cases import handed
from ..mutation import Target, folder, mutant_test, unchanged_test
from . import test_block, test_forward, test_taps

__all__ = ["folder"]


def whole(case, duty="0.6", samples=8):
    spec = test_block.CASES[case]
    return Target(lambda package: package("folded.block").FoldedBlock(spec, 0), "sim.benches.block",
                  {**handed(spec), "SNNFPGA_DUTY": duty, "SNNFPGA_STEPS": "1", "SNNFPGA_TIMEOUT_US": "400"},
                  {"samples": np.array(samples), "density": np.array(0.3), "gain": np.array(0.7)})


def forward(case):
    spec = test_forward.CASES[case]
    return Target(lambda package: package("folded.forward").FoldedForwardEngine(spec.blocks[0]),
                  "sim.benches.folded_forward", handed(spec))


def taps(case):
    spec = test_taps.WALKS[case]
    return Target(lambda package: package("folded.taps").TapWalk(package("contract.plan").plan_of(spec.blocks[0])),
                  "sim.benches.taps", handed(spec))


TARGETS = {
    **{f"block {case}": whole(case) for case in (
        "two-layers", "no-bias", "conv-dense", "sum-pool-between", "or-pool", "recurrent-deep", "thresholds-alone",
        "residual", "neurons", "lingering")},
    "block thresholds": whole("thresholds", duty="1.0", samples=9),     # whose last step has a word of nothing
    **{f"engine {case}": forward(case) for case in test_forward.CASES},
    "taps": taps("layers"),
}
LINGERING = "folded/lingering.py"
TAPS, LISTS, WALK, ENTRIES, CLOCK, PIPELINE, FIRE, ROUTER, FORWARD, BLOCK = (f"folded/{name}.py" for name in (
    "taps", "lists", "walk", "entries", "window_clock", "pipeline", "fire", "router", "forward", "block"))

# A name, whether the quick run has it, the target that finds it, and one text of one file replaced.
MUTANTS = {
    "taps of the event before": (False, "taps", TAPS, "m.d.sync += columns.eq(first)",
                                 "m.d.sync += []"),
    "tap a row too far": (False, "taps", TAPS, "tap * row, word, conv.stride * row", "tap * row, word, row"),
    "last filters of a place": (False, "taps", TAPS, "self.o.p.place_ends.eq(part_last)", "self.o.p.place_ends.eq(1)"),
    "list not emptied": (False, "block two-layers", LISTS, "with m.If((reader.taken & one) |", "with m.If((0 & one) |"),
    "own spikes of an aborted sample": (False, "engine recurrent", LISTS, "(reader.forget if number else 0)", "0"),
    "own spikes into this step's list": (True, "block recurrent-deep", LISTS, "bank.eq(~self._bank)",
                                         "bank.eq(self._bank)"),
    "next step before own spikes": (False, "engine own spikes alone", LISTS,
                                    "self.reader.settled.eq(~Cat(pending).any())", "self.reader.settled.eq(1)"),
    "layer before its events": (True, "block two-layers", WALK, "known = self._complete | ~self._closes",
                                "known = Const(1)"),
    "words before their events": (False, "block sum-pool-between", WALK,
                                  "with m.If(self._complete & (~there", "with m.If((~there"),
    "layer before the one below has left": (False, "block two-layers", WALK, "entries.empty & self.pipeline_empty",
                                            "entries.empty"),
    "steps while a window is dealt with": (False, "engine conv", CLOCK, "self.free.eq(~over & ~busy)",
                                           "self.free.eq(~over)"),
    "window of an aborted sample": (False, "engine conv", CLOCK, "with m.If(self.aborts & self.record",
                                    "with m.If(0 & self.record"),
    "other windows recorded": (False, "engine recurrent", CLOCK, "(next_windows == block.update_interval - 1)),",
                               "(next_windows == 0)),"),
    "recorded while off": (False, "engine pools", WALK, "& ~self.off", ""),
    "words before their taps": (False, "block conv-dense", ENTRIES, "self._tapping.eq(inside != 0)",
                                "self._tapping.eq(0)"),
    "event marked with each word": (False, "engine recurrent", WALK, "event & (self._word == 0)", "event"),
    "channel of another event": (False, "engine pools", ENTRIES, "self.touch_channel.eq(apart.o.p.c)",
                                 "self.touch_channel.eq(0)"),
    "sum met again too early": (True, "block conv-dense", PIPELINE, "& Cat(near).any()", "& 0"),
    "sum met again not kept": (False, "engine no bias", PIPELINE, "self.i.p.loaded & ~self._same", "self.i.p.loaded"),
    "sums of the step before": (False, "block conv-dense", PIPELINE, "Mux(storing.closes | ~self._cleared, 0,",
                                "Mux(~self._cleared, 0,"),
    "spikes for which there is no room": (False, "engine one tap", PIPELINE, "(self.room | ~entry.closes)",
                                          "1"),
    "nothing's word for the host": (False, "block no-bias", PIPELINE,
                                    "self.i.valid & ~(entry.event", "~(entry.event"),
    "membranes of the sample before": (False, "block two-layers", PIPELINE, "Mux(self.first_step, 0,", "Mux(0, 0,"),
    "currents of another layer": (False, "block residual", PIPELINE, "bases[sources.get(number, min(bases))]",
                                  "bases[min(bases)]"),
    "currents of the sample before": (False, "block lingering", LINGERING, "Mux(self.first_step, 0, once",
                                      "Mux(0, 0, once"),
    "currents kept over another layer's": (False, "block lingering", LINGERING, "write.addr.eq(words[1] + bases)",
                                           "write.addr.eq(words[1])"),
    "currents kept that do not linger": (False, "block lingering", LINGERING, "closes[1] & lingers", "closes[1]"),
    "currents held to another layer's bits": (False, "block lingering", LINGERING, "saturate(m, exact, bits,",
                                              "saturate(m, exact, 9,"),
    "saturated currents not counted": (True, "block lingering", LINGERING, "eq(over & closes[0]",
                                       "eq(0 & closes[0]"),
    "thresholds as weights": (False, "block thresholds", PIPELINE, "Mux(entry.threshold, 0, word)", "word"),
    "threshold of the next word": (False, "block thresholds", FIRE, "range(2 + self._engine.charged_late)",
                                   "range(1 + self._engine.charged_late)"),
    "threshold beyond the membrane": (False, "block thresholds-alone", FIRE, "Mux(exact > most, most, exact)",
                                      "exact"),
    "reset of another layer": (False, "block neurons", FIRE, "(layer.neuron.reset, layer.neuron.reset_amount is None)",
                               "0"),
    "neurons of padding": (False, "engine conv", ROUTER, "return Mux(word.place_ends,", "return Mux(0,"),
    "own spikes behind the last step": (False, "block recurrent-deep", ROUTER, "& recurrent & ~token.last",
                                        "& recurrent"),
    "square's second event": (False, "block or-pool", ROUTER, 'self._pool.kind == "or"', "False"),
    "sources of another layer": (False, "engine conv", FORWARD, "sources + walk.touch_source", "walk.touch_source"),
    "weights of another layer": (False, "block two-layers", BLOCK, "layer.weight_base for layer", "0 for layer"),
}


test_an_unchanged_copy_passes = unchanged_test(TARGETS)
test_a_mutant_is_found = mutant_test(TARGETS, MUTANTS)
