"""The benches find a forward engine, and what is before and beside it, that is wrong in one line."""

from dataclasses import replace

import numpy as np

from rtl_gen.contract.current import CurrentSpec

from .mutation import Target, engine, folder, mutant_test, unchanged_test

__all__ = ["folder"]


def forward(**settings):
    return engine("forward", lambda package, spec, _: package("forward").ForwardEngine(spec.blocks[0]), **settings)


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
    "weight-rows": engine("weight_memory", lambda package, spec, _: package("weight_memory").WeightMemory(
        spec.blocks[0]), sizes=(16,), lanes=8, inputs=2200),
    "weights": engine("weight_memory", lambda package, spec, _: package("weight_memory").WeightMemory(spec.blocks[0]),
                      sizes=(9,), lanes=4),
    "turns": Target(lambda package: package("turns").Turns(), "sim.benches.turns"),
}

# Here an abort comes where a window that is learned from would begin.
TARGETS["forward, an abort"] = replace(TARGETS["forward"], seed=3)

MUTANTS = {
    # Events
    "duplicate accepted": (False, "events", "event_list.py", "self.accepted.eq(known & ~again)",
                           "self.accepted.eq(known)"),
    "step closed before its last event": (False, "events", "event_list.py", "total = (count + self.accepted)",
                                          "total = (count + 0)"),
    "event right behind itself": (False, "events", "event_list.py", "marked = known & (known_index == came_index)",
                                  "marked = 0"),
    "seen bit not given back": (True, "events", "event_list.py", "marks.eq(~(clear | cleared.en))",
                               "marks.eq(1)"),
    "seen bits outlive a reset": (False, "events", "event_list.py", "writes.eq(clear | cleared.en | (",
                                  "writes.eq(clear | ("),
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
    "abort ends an empty window": (False, "forward, an abort", "forward_walk.py",
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
    "second port not the forward engine's": (False, "weights-two-reads", "weight_memory.py",
                                             "Mux(en, written, self.second.address)", "written"),
    "no word in the forward engine's turn": (False, "weights-two-reads", "weight_memory.py", "Mux(en, written,",
                                             "Mux(self.owner != Owner.FORWARD, written,"),
    "word of another's address": (True, "weights", "weight_memory.py", "with m.Case(owner):",
                                  "with m.Case(*([owner] if owner == Owner.UPDATE else [Owner.FORWARD, Owner.HOST])):"),
    "blank a cycle early": (False, "weights", "weight_memory.py", "blank = early", "blank = blank"),
    "address a cycle early": (False, "weights", "weight_memory.py", 'self._early(m, address, "address")',
                              "address"),
    "word a cycle early": (False, "weights", "weight_memory.py", "word.eq(reduce(or_, found))",
                           "word.eq(reduce(or_, fetched))"),
    "a lane that is not counted": (True, "forward", "addends.py", "return sum(addends, Const(0))",
                                   "return sum(addends[:-1], Const(0))"),
    "words of all rows": (False, "weight-rows", "weight_memory.py", "blank | ~self._is_in(address, number)", "blank"),
    "written in all rows": (False, "weight-rows", "weight_memory.py", "en & self._is_in(address, number)", "en"),
    "row a cycle early": (False, "weight-rows", "weight_memory.py", 'self._registers(m, early,',
                          'self._registers(m, address,'),
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
}

test_an_unchanged_copy_passes = unchanged_test(TARGETS)
test_a_mutant_is_found = mutant_test(TARGETS, MUTANTS)
