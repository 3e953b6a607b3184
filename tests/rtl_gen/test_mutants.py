"""The benches find engines that are wrong in one line."""

import importlib
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import rtl_gen
from rtl_gen.contract.current import CurrentSpec
from sim import runner
from tests.networks import block, network, network_spec

from .cases import handed
from .test_errors import LOGIT_BITS, READOUTS, Errors
from .test_rounding import WEIGHTS, Weights, Words, word_vectors

SOURCE = Path(rtl_gen.__file__).parent
FOUND = {"AssertionError", "SimTimeoutError"}     # a difference, or the bench's watchdog


@dataclass(frozen=True)
class Target:
    """A component of a copied package, and the bench it must pass."""

    make: Callable
    bench: str
    environment: dict = field(default_factory=dict)
    arrays: dict = field(default_factory=dict)


def whole_block(**settings):
    spec = network_spec(**settings)
    return Target(lambda package: package("block").Block(spec, 0), "sim.benches.block",
                  {**handed(spec), "SNNFPGA_DUTY": "0.5", "SNNFPGA_TIMEOUT_US": "1000"},
                  {"samples": np.array(8), "density": np.array(0.3), "gain": np.array(0.5)})


def engine(bench, make, **settings):
    """A component made of a block and its gate layout."""
    spec = network_spec(**settings)
    return Target(lambda package: make(package, spec, package("forward_layouts").gate_layout(spec.blocks[0])),
                  f"sim.benches.{bench}", handed(spec))


def forward(**settings):
    return engine("forward", lambda package, spec, _: package("forward").ForwardEngine(spec.blocks[0]), **settings)


def update(**settings):
    return engine("update", lambda package, spec, gates: package("update").UpdateEngine(
        spec.blocks[0], spec.layer_number(0, 0), gates), **settings)


def readout(**settings):
    return engine("readout", lambda package, spec, _: package("readout").Readout(spec, 0), **settings)


def credit(**settings):
    return engine("credit", lambda package, spec, gates: package("credit").CreditScan(spec.blocks[0], gates),
                  **settings)


CHAIN = network(block(12, 10), block(10, 7, learned=False, lanes=2)).spec

TARGETS = {
    "events": Target(lambda package: package("event_list").EventList(13, 3), "sim.benches.event_list",
                     arrays={"indices": np.array(13), "classes": np.array(3), "reads": np.array(1),
                             "first": np.array(0)}),
    "event pairs": Target(lambda package: package("event_list").EventList(8, 3, reads=2, first=1),
                          "sim.benches.event_list",
                          arrays={"indices": np.array(8), "classes": np.array(3), "reads": np.array(2),
                                  "first": np.array(1)}),
    "addresses": Target(lambda package: package("addresses").WeightAddress(13, 3), "sim.benches.addresses",
                        arrays={"rows": np.array(13), "groups": np.array(3)}),
    "fifo": Target(lambda package: package("fifo").StreamFifo(8, 5), "sim.benches.fifo", arrays={"depth": np.array(5)}),
    "words": Target(lambda package: Words(word_vectors()["layers"].tolist(), package("rounding").RandomDraw),
                    "sim.benches.random_word", arrays=word_vectors()),
    "stored": Target(lambda package: Weights(WEIGHTS, package("rounding").StoredUpdate, package("rounding").row_addend),
                     "sim.benches.stored_update", arrays={"parameters": np.array(WEIGHTS)}),
    "forward": forward(sizes=(18,), lanes=4, inputs=11, update_interval=2, window=3, loss_steps=2),
    "forward-shifts": forward(sizes=(14,), lanes=4, window=3, membrane_bits=10, threshold=100, leak_shifts=(3, -5, 7)),
    "forward-amount": forward(sizes=(10,), lanes=4, window=2, membrane_bits=8, threshold=60, reset_amount=95),
    "forward-currents": forward(sizes=(26,), lanes=4, window=3, learning=False, leak_shift=2, threshold=100,
                                current=CurrentSpec(bits=9, leak_shifts=(1, -4))),
    "forward-currents-one": forward(sizes=(5,), lanes=8, learning=False, threshold=150,
                                    current=CurrentSpec(bits=9, leak_shifts=(2,))),
    "forward-bounds": forward(sizes=(15,), lanes=4, window=2),
    "forward-one-group": forward(sizes=(5,), lanes=8, membrane_bits=8, threshold=60, window=3, surrogate_width=100),
    "forward-no-bias": forward(sizes=(14,), lanes=4, window=3, bias=False),
    "forward-two-reads": forward(sizes=(18,), lanes=4, inputs=11, update_interval=2, window=3, loss_steps=2, reads=2),
    "forward-two-no-bias": forward(sizes=(14,), lanes=4, inputs=10, window=3, bias=False, reads=2),
    "weights-two-reads": engine("weight_memory", lambda package, spec, _: package("weight_memory").WeightMemory(
        spec.blocks[0]), sizes=(9,), lanes=4, reads=2),
    "weights": engine("weight_memory", lambda package, spec, _: package("weight_memory").WeightMemory(spec.blocks[0]),
                      sizes=(9,), lanes=4),
    "turns": Target(lambda package: package("turns").Turns(), "sim.benches.turns"),
    "window": engine("window", lambda package, spec, gates: package("window").WindowBuffer(spec.blocks[0], gates),
                     inputs=13, sizes=(10,), lanes=4, window=5),
    "credit": credit(lanes=2, window=5, loss_steps=3, leak_shift=2),
    "credit-shifts": credit(lanes=2, window=5, leak_shifts=(2, -4, 5)),
    "credit-zero": credit(lanes=2, window=3, reset="zero"),
    "update": update(inputs=13, sizes=(18,), lanes=4, window=4, rounding="stochastic", shadow_bits=0, rate_shift=9),
    "update-unrolled": update(inputs=13, sizes=(18,), lanes=5, window=5, rate_shift=8, unroll=True),
    "update-nearest": update(inputs=9, sizes=(11,), lanes=4, window=3, loss_steps=2, rate_shift=8),
    "readout": readout(sizes=(18,), lanes=4, window=4, loss_steps=3, classes=5, rounding="stochastic", shadow_bits=0,
                       readout_rate_shift=5, update_interval=2, feedback_shift=1, classes_per_cycle=2),
    "readout-quiet": readout(sizes=(9,), lanes=8, window=3, classes=2, shadow_bits=4, readout_rate_shift=6,
                             update_interval=2, error_function="hard_sigmoid", dead_zone=62, logit_shift=3),
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
    "block": whole_block(),
    "registers": Target(lambda package: package("registers").Registers(CHAIN), "sim.benches.registers"),
    "ingest": Target(lambda package: package("ingest").Ingest(CHAIN), "sim.benches.ingest"),
}

# A name, whether the quick run has it, the target that finds it, and one text of one file replaced.
MUTANTS = {
    # Events
    "duplicate accepted": (False, "events", "event_list.py", "self.accepted.eq(take & ~seen)",
                           "self.accepted.eq(take)"),
    "seen bit not given back": (True, "events", "event_list.py", "mark.data.eq(~(clear | cleared.en))",
                               "mark.data.eq(1)"),
    "seen bits outlive a reset": (False, "events", "event_list.py", "mark.en.eq(clear | cleared.en | (",
                                  "mark.en.eq(clear | ("),
    "taken before it is cleared": (False, "events", "event_list.py", "self.i.ready.eq(~self.step.valid & ~clearing)",
                                   "self.i.ready.eq(~self.step.valid)"),
    "busy bank filled": (False, "events", "event_list.py", "free.eq(~busy.bit_select(fill, 1) & ~clearing)",
                          "free.eq(~clearing)"),
    "pairs without a place for the bias": (False, "event pairs", "event_list.py",
                                           "number, second_bits = count + self._first,",
                                           "number, second_bits = count,"),
    "release lost at a step": (False, "events", "event_list.py", "busy.eq((busy & ~self.reader.release) | (1 << fill))",
                               "busy.eq(busy | (1 << fill))"),
    # Between and below the engines
    "group one row short": (False, "addresses", "addresses.py", "base + self._rows)", "base + self._rows - 1)"),
    "restart does not win": (False, "addresses", "addresses.py", "with m.If(self.restart):",
                             "with m.If(self.restart & ~self.advance):"),
    "fifo overflows": (False, "fifo", "fifo.py", "self.i.ready.eq(buffer.w_rdy)", "self.i.ready.eq(1)"),
    # Forward
    "short window not closed": (False, "forward", "forward_walk.py",
                                "window_last.eq((position == block.window - 1) | step.p.last)",
                                "window_last.eq(position == block.window - 1)"),
    "bias is an event": (False, "forward", "forward_walk.py",
                         "issued.event.eq((first >= layer.weights.bias) & (first < rows))",
                         "issued.event.eq(first < rows)"),
    "discard off by one": (False, "forward", "forward_walk.py",
                           "discard.eq(position < block.window - block.loss_steps)",
                           "discard.eq(position <= block.window - block.loss_steps)"),
    "padding lanes counted": (False, "forward", "forward.py",
                              "return Mux(entry.group_last, self.plan.last_lanes, self.lanes)",
                              "return Const(self.lanes)"),
    "interval off by one": (True, "forward", "forward_walk.py",
                            "record.eq(self.learn & (next_windows == block.update_interval - 1))",
                            "record.eq(self.learn & (next_windows == 0))"),
    "membrane outlives its sample": (False, "forward", "forward.py",
                                     "with m.If(entry.first_step):", "with m.If(0):"),
    "sum of the group before": (False, "forward", "forward.py", "Mux(entry.first, leaked[lane], exact)", "exact"),
    "word of a silent step": (False, "forward-no-bias", "forward_walk.py", "engine.blank[0].eq(entry.valid",
                              "engine.blank[0].eq(0 & entry.valid"),
    "abort ends an empty window": (False, "forward", "forward_walk.py",
                                   "with m.If(self.record & (self.position != 0)):",
                                   "with m.If(self.record):"),
    "gates of an unrecorded window": (False, "forward", "forward.py", "gate_en.eq(done & entry.record)",
                                      "gate_en.eq(done)"),
    "bank released early": (False, "forward", "forward_walk.py",
                            "with m.If(entry.valid & ~entry.discard & entry.last & entry.group_last):",
                            "with m.If(entry.valid & ~entry.discard & entry.last):"),
    "membrane read before it is written": (False, "forward-one-group", "contract/engines/forward.py", "LEAST_WORDS = 5",
                                           "LEAST_WORDS = 4"),
    "window recorded while off": (False, "forward", "forward_walk.py",
                                  "value[index_bits(block.readout.classes)] & ~self._engine.off",
                                  "value[index_bits(block.readout.classes)]"),
    "second word of no event": (False, "forward-two-no-bias", "forward_walk.py", "engine.blank[1].eq(~entry.second)",
                                "engine.blank[1].eq(0)"),
    "second of a pair not given back": (False, "forward-two-reads", "forward_walk.py",
                                        "marked |= entry.second & (entry.group == 1)", "pass"),
    "first given back in place of the second": (
        True, "forward-two-reads", "forward_walk.py", "index = Mux(entry.group == 0, reader.index, reader.second)",
        "index = reader.index"),
    "aborted seconds stay": (False, "forward-two-reads", "forward_walk.py",
                             "with m.If(self.entry_last & (self.group == self._reads - 1)):",
                             "with m.If(self.entry_last & (self.group == 0)):"),
    # Weight memory and turns
    "second port not the forward engine's": (False, "weights-two-reads", "weight_memory.py", "with m.If(forward):",
                                             "with m.If(0):"),
    "word of another's address": (True, "weights", "weight_memory.py", "with m.Case(owner):",
                                  "with m.Case(*([owner] if owner == Owner.UPDATE else [Owner.FORWARD, Owner.HOST])):"),
    "blank a cycle early": (False, "weights", "weight_memory.py", "with m.If(blanks[1]):", "with m.If(blanks[0]):"),
    "word a cycle early": (False, "weights", "weight_memory.py", "word.eq(held)]", "word.eq(fetched)]"),
    "update's turn never begins": (False, "turns", "turns.py", "with m.If(self.handed):", "with m.If(0):"),
    "update's turn never ends": (False, "turns", "turns.py", "self.done | (self.owner != Owner.UPDATE)",
                                 "self.owner != Owner.UPDATE"),
    "host's turn in a busy block": (False, "turns", "turns.py", "Mux(self.free, Owner.HOST, Owner.FORWARD)",
                                    "Owner.HOST"),
    # Neuron
    "strict threshold": (True, "forward-one-group", "neuron.py", "spike.eq(~above[-1])", "spike.eq(above > 0)"),
    "boxcar one wider": (False, "forward-bounds", "neuron.py", "below(above, width) &",
                         "below(above, width + 1) &"),
    "gate of a saturated membrane": (False, "forward-one-group", "neuron.py", "Mux(spike, gates[1], gates[0])",
                                     "Mux(spike, gates[0], gates[1])"),
    # Currents that linger
    "a current outlives its sample": (False, "forward-currents", "lingering.py", "with m.If(leaking.first_step):",
                                      "with m.If(0):"),
    "membranes of the next group": (False, "forward-currents", "lingering.py", "exact.eq(held + current)",
                                    "exact.eq(membranes[lane] + current)"),
    "a current kept unsaturated": (False, "forward-currents", "lingering.py", "self._now[lane].eq(current)",
                                   "self._now[lane].eq(added[lane])"),
    "a saturated current not counted": (False, "forward-currents", "lingering.py", "cut.eq(over)", "cut.eq(0)"),
    "a current read before it is written": (False, "forward-currents-one", "contract/engines/forward.py",
                                            "self.LEAST_WORDS + self._lingers", "self.LEAST_WORDS"),
    # Levels of a leaky readout
    "a level that never leaks": (False, "readout-levels", "levels.py", "level - (level >> readout.leak_shift)",
                                 "level"),
    "a level outlives its sample": (False, "readout-last", "levels.py", "level.eq(0), answer.eq(0)", "answer.eq(0)"),
    "the last level after its leak": (False, "readout-last", "levels.py", '"last": level,',
                                      '"last": level - (level >> readout.leak_shift),'),
    "a maximum of at least 0": (False, "readout-maximum", "levels.py", "first | (level > answer)", "level > answer"),
    "a maximum that forgets": (False, "readout-maximum", "levels.py", "first.eq(0)", "first.eq(1)"),
    "another amount's reset": (False, "forward-amount", "neuron.py", "exact - amount)", "above)"),
    "a saturated reset by the threshold": (False, "forward-amount", "neuron.py", "high - amount",
                                           "high - spec.neuron.threshold"),
    "leak rounded up": (False, "forward", "neurons/lif.py", "(membrane >> neuron.leak_shift)",
                        "((membrane + 1) >> neuron.leak_shift)"),
    "leak of shifts rounded up": (False, "forward-shifts", "neurons/lif_shifts.py",
                                  "(_product(neuron, membrane) >> neuron.leak_bits)",
                                  "((_product(neuron, membrane) + 1) >> neuron.leak_bits)"),
    "a shift's sign lost": (False, "forward-shifts", "neurons/lif_shifts.py",
                            "total + copy if shift > 0 else total - copy", "total + copy"),
    "saturation at the wrong bound": (False, "forward-one-group", "saturate.py", "exact[bits - 1:]", "exact[bits:]"),
    # Window
    "row listed twice": (False, "window", "window.py", "list_write.en.eq(touched & (mask_read.data == 0))",
                         "list_write.en.eq(touched)"),
    "mask not cleared": (False, "window", "window.py",
                         "mask_write.en.eq(touched | self.reader.clear_en | self.clearing.en)",
                         "mask_write.en.eq(touched | self.clearing.en)"),
    "masks outlive a reset": (False, "window", "window.py", "self.reader.clear_en | self.clearing.en)",
                              "self.reader.clear_en)"),
    "row read without being asked": (False, "window", "window.py", "list_read.en.eq(self.reader.advance)",
                                     "list_read.en.eq(1)"),
    "mask read without being asked": (False, "window", "window.py", "self.recorder.touch_en | self.reader.advance),",
                                      "1),"),
    "mask of one position": (False, "window", "window.py", "mask_read.data | (1 << touched_position)",
                             "1 << touched_position"),
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
                              "self.position >= self.block.window", "self.position > self.block.window"),
    "credit of the first position only": (False, "credit-zero", "credit.py",
                                          "now.eq((credit != 0) | (before & ~first_found))", "now.eq(credit != 0)"),
    "credits forgotten come out": (False, "credit", "credit.py", "self.load.valid.eq(found & ~self.forget)",
                                   "self.load.valid.eq(found)"),
    "carry from one part to the next": (False, "credit", "credit.py",
                                        "Mux(first | (spike", "Mux((spike"),
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
    "host's word lost": (False, "update", "update.py", "self.writer.en.eq(written | hosted)",
                         "self.writer.en.eq(written)"),
    "number not used by a skipped window": (True, "update", "update.py",
                                            "with m.If(self.skip):\n                    m.d.sync += uses_number.eq(1)",
                                            "with m.If(self.skip):\n                    m.d.sync += uses_number.eq(0)"),
    "number used by a discarded window": (False, "update", "update.py", "self.learned.eq(uses_number)",
                                          "self.learned.eq(1)"),
    "done before the last row is written": (False, "update", "update.py", "with m.If(self._pipeline_empty):",
                                            "with m.If(1):"),
    "masks of a discarded window stay": (False, "update", "row_walk.py", "~now.bias & row_ends & last)",
                                         "~now.bias & row_ends & last & credited)"),
    "masks forgotten at each group": (False, "update", "row_walk.py", "~now.bias & row_ends & last)",
                                      "~now.bias & row_ends)"),
    "bias one step short": (False, "update", "row_walk.py", "Cat(self.steps > p for p in",
                            "Cat(self.steps > p + 1 for p in"),
    "row left at its second position": (False, "update", "row_walk.py", "(rest == 0) | ~credited", "1"),
    "highest position for the lowest": (False, "update", "row_walk.py", "lowest = left & ~less", "lowest = left"),
    "an addend is a sum": (False, "update", "update.py", "[:len(added)] != added)", "[:len(added)] != 0)"),
    "a bit is an update": (False, "update", "update.py", "ends.eq(step.valid & step.last)", "ends.eq(step.valid)"),
    "list read on while a row is walked": (False, "update", "row_walk.py", "self.reader.advance.eq(advance)",
                                           "self.reader.advance.eq(1)"),
    "rows before their credits": (False, "update", "row_walk.py", "Mux(now.opens, self.ready & ~last, row_ends)",
                                  "Mux(now.opens, ~last, row_ends)"),
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
    "nearest without half": (False, "update-nearest", "rounding.py", "(rate == number for number in RATE_SHAPE)",
                             "(Const(0, 1) for number in RATE_SHAPE)"),
    "half of a rate of 0": (False, "update-nearest", "rounding.py", "(rate == number for number in RATE_SHAPE)",
                            "(Const(number == 0, 1) for number in RATE_SHAPE)"),
    "word one bit short": (False, "update", "rounding.py", "Cat(word[:rate_shift],",
                           "Cat(word[:rate_shift - 1], Const(0, 1),"),
    "word beyond the rate": (False, "update", "rounding.py", "word[rate_shift + bit] & (rate > bit)",
                             "word[rate_shift + bit]"),
    "word of 16 bits": (False, "words", "rounding.py", "Cat(y, x)", "Cat(y, y)"),
    "rate without effect": (True, "update", "rounding.py", "self.summed >> shift >> self.rate",
                            "self.summed >> shift >> (self.rate & 0)"),
    "no room for a large addend": (False, "stored", "rounding.py",
                                   "signed_bits(delta_max + (1 << addend_bits(rate_shift)) - 1)",
                                   "signed_bits(delta_max)"),
    "another mix": (False, "update", "rounding.py", "x.rotate_right(7)", "x.rotate_right(6)"),
    "window number of 16 bits": (False, "words", "rounding.py", "key.seed[16:], key.window_number[16:]",
                                 "key.seed[16:], key.window_number[:16]"),
    "saturated is changed": (False, "stored", "rounding.py", "self.changed.eq(updated != self.stored)",
                             "self.changed.eq(rounded != 0)"),
    "rounds half down": (False, "stored", "rounding.py", "return Cat(Const(0, max(0, rate_shift - 1)), halves)",
                         "return Cat(Const(0, max(0, rate_shift - 1)), halves) - 1"),
    "nothing is an underflow": (False, "update", "rounding.py", "not_zero & (rounded == 0)", "rounded == 0"),
    # Readout
    "tie to the highest": (False, "readout-cumulative", "answer.py", "(answer > best_answer)",
                           "(answer >= best_answer)"),
    "cumulative logits reset": (True, "readout-cumulative", "class_sums.py", "logit if cumulative else held", "held"),
    "steps before the loss are the logits'": (False, "readout-cumulative", "class_sums.py", "self.in_loss, held, 0",
                                              "1, held, 0"),
    "sums not taken over where the loss begins": (False, "readout", "readout.py", "loss_begins if self.learns",
                                                  "0 if 1"),
    "sums taken over twice": (False, "readout", "class_sums.py", "self.taken | self.begins)", "self.begins)"),
    "sums of an aborted sample stay": (False, "readout", "class_sums.py", "self.taken | self.begins)", "self.taken)"),
    "answers of the sample before": (False, "readout", "class_sums.py", "with m.If(self.begins):", "with m.If(0):"),
    "answers without the window that goes on": (False, "readout", "class_sums.py", 'total("answers", held)',
                                                'total("answers", Mux(took, held, 0))'),
    "answers outlive a reset": (False, "readout", "class_sums.py", "fresh = Signal(init=1)", "fresh = Signal()"),
    "feedback of padding lanes": (False, "readout", "backward.py", "[value.eq(0) for value in word[1:]]", "[]"),
    "spikes outside the loss counted": (False, "readout", "readout.py", "self._adds & self._learns_from",
                                        "self._adds & self._learn"),
    "spikes of an aborted window stay": (False, "readout", "readout.py",
                                         "TokenKind.ABORT):\n                    m.d.comb += self._forget.eq(1)",
                                         "TokenKind.ABORT):\n                    pass"),
    "spikes of a skipped window stay": (False, "readout-quiet", "readout.py", "self.skip.eq(1), self._forget.eq(1),",
                                        "self.skip.eq(1),"),
    "spikes outlive a reset": (False, "readout", "backward.py", 'init="CLEAR" if learned else "IDLE"',
                               'init="IDLE"'),
    "a token while counts are cleared": (False, "readout", "readout.py", "~self._adding) & self._backward_idle),",
                                         "~self._adding)),"),
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
    "neurons numbered on": (False, "serialiser", "serialiser.py", "base.eq(Mux(closes, 0, base + lanes))",
                            "base.eq(base + lanes)"),
    "last of the sample before": (False, "serialiser", "serialiser.py", "is_step & group.last)", "group.last)"),
    # Block
    "fork without its other branch": (True, "block", "block.py", "branch.valid.eq(spikes.valid & other.ready)",
                                      "branch.valid.eq(spikes.valid)"),
    "feedback taken before it is there": (False, "block", "block.py",
                                          "update.feedback_groups.eq(readout.feedback_groups)",
                                          "update.feedback_groups.eq(update.groups)"),
    "readout's reads not counted": (False, "block", "block.py",
                                    'found["weights_read"].append(readout.operations)', "pass"),
    "block at a rate of 0": (False, "block", "block.py", "update.rate.eq(self.registers.rate.shift)",
                             "update.rate.eq(0)"),
    "half of a block off": (False, "block", "block.py", "self._forward.off.eq(self.registers.rate.off)",
                            "self._forward.off.eq(0)"),
    # Rates
    "rate written as others come into force": (False, "registers", "rates.py", "with m.Elif(self.renew):",
                                               "with m.If(self.renew):"),
    "rate in force at once": (False, "registers", "rates.py", "with m.If(self.renew):", "with m.If(1):"),
    "off is a rate": (False, "registers", "rates.py", "written == RATE_OFF", "written > RATE_OFF"),
    "any rate accepted": (False, "registers", "registers.py", "value <= RATE_OFF", "value <= 7"),
    "rates change within a sample": (False, "ingest", "ingest.py", "self.between.eq(outside & held & self.drained)",
                                     "self.between.eq(held & self.drained)"),
    "rates change before a sample has left": (False, "ingest", "ingest.py",
                                              "self.between.eq(outside & held & self.drained)",
                                              "self.between.eq(outside & held)"),
    "rates change as a sample begins": (False, "ingest", "ingest.py", "self.between.eq(outside & held & self.drained)",
                                        "self.between.eq(outside & self.drained)"),
}


def copied(folder, name, file=None, old=None, new=None):
    """A copy of the package under another name with one text replaced, as a function from module to module."""
    shutil.copytree(SOURCE, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    if file is not None:
        path = folder / name / file
        text = path.read_text()
        assert text.count(old) == 1, f"{file} holds {text.count(old)} times {old!r}; bring the mutant up to date"
        path.write_text(text.replace(old, new))
    return lambda module: importlib.import_module(f"{name}.{module}")


def failures(target, package, folder, simulator):
    """Kinds of exception with which tests of the target's bench ended, and its log; the design itself must build."""
    design = runner.build(target.make(package), build_dir=folder / "build", simulator=simulator)
    label = target.bench.rpartition(".")[2]
    try:
        runner.run(design, bench=target.bench, environment=target.environment, arrays=target.arrays)
    except runner.SimulationError:
        results = ElementTree.parse(design.build_dir / f"{label}.results.xml")
        return [element.get("type") for kind in ("failure", "error") for element in results.iter(kind)], (
            design.build_dir / f"{label}.log")
    return [], None


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("rtl_gen_copy")]:
        del sys.modules[name]


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_an_unchanged_copy_passes(target, icarus, folder):
    assert failures(TARGETS[target], copied(folder, f"rtl_gen_copy_{target.replace('-', '_')}"), folder,
                    icarus)[0] == []


def test_mutants_are_up_to_date_and_reach_every_engine():
    for _, _, file, old, _ in MUTANTS.values():
        assert (SOURCE / file).read_text().count(old) == 1, f"{file} must hold once {old!r}"
    engines = {"event_list", "forward", "neuron", "window", "credit", "update", "rounding", "readout", "errors",
               "backward", "readout_update", "error_parts", "feedback", "class_sums",
               "serialiser", "block", "rates"}
    assert engines <= {file.removesuffix(".py") for _, _, file, _, _ in MUTANTS.values()}
    assert len(MUTANTS) >= 20


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if quick else pytest.mark.slow)
                                  for name, (quick, *_) in MUTANTS.items()])
def test_a_mutant_is_found(name, icarus, folder):
    _, target, *replacement = MUTANTS[name]
    package = copied(folder, f"rtl_gen_copy_{list(MUTANTS).index(name)}", *replacement)
    kinds, log = failures(TARGETS[target], package, folder, icarus)
    assert kinds, f"{target} does not find: {name}"
    assert set(kinds) <= FOUND, f"{name}: the bench broke down with {kinds} instead of finding a difference; see {log}"
