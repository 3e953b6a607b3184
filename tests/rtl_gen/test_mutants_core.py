"""The benches find blocks, and what surrounds them, that are wrong in one line."""

import json
from dataclasses import replace

import numpy as np

from tests.networks import block, network, network_spec

from .cases import handed
from .mutation import Target, folder, mutant_test, unchanged_test

__all__ = ["folder"]


def whole_block(samples=8, **settings):
    spec = network_spec(**settings)
    return Target(lambda package: package("block").Block(spec, 0), "sim.benches.block",
                  {**handed(spec), "SNNFPGA_DUTY": "0.5", "SNNFPGA_TIMEOUT_US": str(125 * samples)},
                  {"samples": np.array(samples), "density": np.array(0.3), "gain": np.array(0.5)})


CHAIN = network(block(12, 10), block(10, 7, learned=False, lanes=2)).spec
HELD = network(block(9, 10, lanes=8), block(10, 7, learned=False, lanes=2)).spec
SMALL = network_spec(inputs=9, sizes=(6,), lanes=1, window=4, max_steps=6, learned=False)
COUNTERS = (1, 16, 3, 1, 42)

TARGETS = {
    "block": whole_block(),
    "block of labelled steps": replace(whole_block(samples=40), seed=3),    # few of its windows have no label
    "block ahead": whole_block(ahead=5, window=2, sizes=(9,)),
    "registers": Target(lambda package: package("registers").Registers(CHAIN), "sim.benches.registers"),
    "ingest": Target(lambda package: package("ingest").Ingest(CHAIN), "sim.benches.ingest"),
    "slice": Target(lambda package: package("slice").Slice(8), "sim.benches.slice"),
    "counters": Target(lambda package: package("counter_bank").CounterBank(
        {f"c{number}": most for number, most in enumerate(COUNTERS)}, bits=8), "sim.benches.counter_bank",
        {"LARGEST": json.dumps(COUNTERS), "BITS": "8"}),
    "outlet": Target(lambda package: package("outlet").Outlet(), "sim.benches.outlet"),
    "host access": Target(lambda package: package("host_access").HostAccess(HELD), "sim.benches.host_access"),
    "bridge": Target(lambda package: package("axi3_bridge").Axi3Bridge(id_bits=12, address_bits=16, window_bits=30),
                     "sim.benches.axi3_bridge"),
    "core": Target(lambda package: package("core").Core(SMALL), "sim.benches.core_axi"),
}

MUTANTS = {
    # Block
    "fork without its other branch": (True, "block", "block_shell.py", "branch.valid.eq(spikes.valid & other.ready)",
                                      "branch.valid.eq(spikes.valid)"),
    "feedback taken before it is there": (False, "block", "block_shell.py",
                                          "learning.feedback_groups.eq(readout.feedback_groups)",
                                          "learning.feedback_groups.eq(learning.groups)"),
    "readout's reads not counted": (False, "block", "block_shell.py",
                                    'found["weights_read"].append(readout.operations)', "pass"),
    "block at a rate of 0": (False, "block", "block_shell.py", "learning.rate.eq(self.registers.rate.shift)",
                             "learning.rate.eq(0)"),
    "half of a block off": (False, "block", "block_shell.py", "way.engine.off.eq(self.registers.rate.off)",
                            "way.engine.off.eq(0)"),
    "tokens past their queue": (False, "block ahead", "block_shell.py", "return queue.o", "return tokens"),
    "ends of steps counted as spikes": (False, "block", "block.py", " & (spikes.p.kind == TokenKind.EVENT)", ""),
    "a step's label lost on its way": (
        False, "block of labelled steps", "serialiser.py", "Mux(is_step, word.label, word.payload)",
        "Mux(is_step, 0, word.payload)"),
    "a label outlives its window": (
        False, "block of labelled steps", "readout.py",
        "with m.If(self._of_steps):\n                m.d.sync += self._known.eq(0)",
        "with m.If(0):\n                m.d.sync += self._known.eq(0)"),
    "a window without a label is learned from": (
        False, "block of labelled steps", "readout.py", "self._sums.learnable & self._known", "self._sums.learnable"),
    "a window without a label has a number": (
        False, "block of labelled steps", "block_shell.py", "learning.learned & readout.labelled", "learning.learned"),
    "a window without a label counts as skipped": (
        False, "block of labelled steps", "readout.py", "windows_skipped.eq(self._known)", "windows_skipped.eq(1)"),
    "answers told as results": (False, "block", "readout.py", "Mux(self._last, Packet.RESULT, Packet.SO_FAR)",
                                "Packet.RESULT"),
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
    "all inputs are of none": (False, "core", "beat.py", "index >= spec.inputs", "Const(1)"),
    # Slice
    "kept payload lost": (False, "slice", "slice.py", "Mux(full, kept, self.i.payload)", "self.i.payload"),
    "stalled payload dropped": (False, "slice", "slice.py", "m.d.sync += full.eq(1)",
                                "pass"),
    "moves though stalled": (False, "slice", "slice.py", "moves.eq(self.o.ready | ~self.o.valid)", "moves.eq(1)"),
    "kept payload comes again": (False, "slice", "slice.py", "full.eq(0),", ""),
    # Counters
    "counted twice": (False, "counters", "counter_bank.py", "Mux(following == number, 0, aside)", "aside"),
    "a counter wraps": (False, "counters", "counter_bank.py", "grown[:-1] | grown[-1].replicate(self.bits)",
                        "grown[:-1]"),
    "cleared by nothing": (False, "counters", "counter_bank.py", "Mux(self.clear, 0, self.value)", "self.value"),
    "counters outlive a reset": (False, "counters", "counter_bank.py", "fresh, following = Signal(init=1),",
                                 "fresh, following = Signal(),"),
    # Outlet
    "memories first": (False, "outlet", "outlet.py", "m.Elif(~locked & ~self.results.valid)",
                       "m.Elif(~locked)"),
    "packets in one another": (False, "outlet", "outlet.py", "locked.eq(~out.i.p.last)", "locked.eq(0)"),
    "drained with a result in its slice": (False, "outlet", "outlet.py", "~self.results.valid & ~result_inside & ",
                                           "~self.results.valid & "),
    "drained within a packet": (False, "outlet", "outlet.py", " & ~(locked & ~memory))", ")"),
    # Host access
    "words before they settle": (False, "host access", "host_access.py",
                                 "(settle == 0) & (~self.o.valid | self.o.ready)", "~self.o.valid | self.o.ready"),
    "read while blocks work": (False, "host access", "host_access.py", "self.pending & self.may_read", "self.pending"),
    "written to every block": (False, "host access", "host_access.py",
                               "self.write.en & (self.write.block == block)", "self.write.en"),
    "a packet for each word": (False, "host access", "host_access.py", "self.o.p.last.eq(part_last & word_last)",
                               "self.o.p.last.eq(part_last)"),
    "served before its last beat": (False, "host access", "host_access.py",
                                    'with m.State("LAST"):\n                with m.If(self.o.ready):',
                                    'with m.State("LAST"):\n                with m.If(1):'),
    # Loader
    "a word too many": (False, "ingest", "loader.py", "(beats_left == 0) & (words_left == 1)",
                        "(beats_left == 0) & (words_left == 0)"),
    "written while blocks work": (False, "ingest", "loader.py", "self.i.ready.eq(self.drained)",
                                  "self.i.ready.eq(1)"),
    "a long packet not refused": (False, "ingest", "loader.py",
                                  "with m.Elif(complete):\n                        m.d.comb += self.refused.eq(1)",
                                  "with m.Elif(complete):\n                        m.d.comb += self.refused.eq(0)"),
    "an unfinished packet not refused": (False, "ingest", "loader.py",
                                         "with m.If(self.end):\n                    m.d.comb += self.refused.eq(1)",
                                         "with m.If(self.end):\n                    m.d.comb += self.refused.eq(0)"),
    "a short packet not refused": (False, "ingest", "loader.py", "self.refused.eq(~complete)", "self.refused.eq(0)"),
    "words on one another": (False, "ingest", "loader.py", "port.address.eq(port.address + 1)",
                             "port.address.eq(port.address)"),
    "a header within a sample": (False, "ingest", "loader.py", "known.eq(~self.refuse)", "known.eq(1)"),
    # Ingest
    "a step too many": (False, "ingest", "ingest.py", "step == self.spec.max_steps - 1", "step == self.spec.max_steps"),
    "steps of an aborted sample count": (False, "ingest", "ingest.py", "[self.open.eq(0), self._step.eq(0)]",
                                         "[self.open.eq(0)]"),
    "a label of no class": (False, "ingest", "ingest.py", "~of_steps & self.i.p.no_class",
                            "~of_steps & 0"),
    "a step's label of no class": (False, "ingest", "ingest.py", "labelled & self.i.p.no_class",
                                   "labelled & 0"),
    "what is left of a sample after a wrong label": (False, "ingest", "ingest.py", 'm.next = "REFUSED"          #',
                                                     'm.next = "OUTSIDE"          #'),
    "labels of steps looked at without learning": (False, "ingest", "ingest.py",
                                                   "self._takes_labels.eq(learn & of_steps)",
                                                   "self._takes_labels.eq(of_steps)"),
    "a start's label looked at beside those of steps": (False, "ingest", "ingest.py", "learn & ~of_steps & self",
                                                        "learn & self"),
    "an index of no input": (False, "ingest", "ingest.py", "m.Elif(self.i.p.no_input)", "m.Elif(0)"),
    "resumed before it halts": (False, "ingest", "ingest.py", "self.resume & self.halted", "self.resume"),
    "a sample opens while it is held": (False, "ingest", "ingest.py", "(self.hold | self.hold_start) & ~offered",
                                        "self.hold_start & ~offered"),
    # Watchdog
    "ended a cycle early": (True, "ingest", "ingest.py", "(longer >= self.watchdog)",
                            "(longer + 1 >= self.watchdog)"),
    "ended though beats come": (False, "ingest", "ingest.py", "waits.eq(begun & ~self.i.valid)", "waits.eq(begun)"),
    "a write that stands for ever": (False, "ingest", "ingest.py", "loader.end.eq(expired)", "loader.end.eq(0)"),
    "a refused sample that stands": (False, "ingest", "ingest.py", 'fsm.ongoing("REFUSED") | loader.active)',
                                     "loader.active)"),
    "a halted host is late": (False, "ingest", "ingest.py", 'self._watch(m, expired, fsm.ongoing("OPEN") |',
                              "self._watch(m, expired, self.open |"),
    "no watchdog ends all": (False, "ingest", "ingest.py", "(self.watchdog != 0) & ", ""),
    "a watchdog set too late": (False, "ingest", "ingest.py", "(longer >= self.watchdog)",
                                "(longer == self.watchdog)"),
    "a beat within the end": (False, "ingest", "ingest.py",
                              "m.d.comb += held.eq(1)\n                with m.If(self._emit(m, TokenKind.ABORT)):",
                              "with m.If(self._emit(m, TokenKind.ABORT)):"),
    "a watchdog never set": (False, "registers", "registers.py", "m.d.sync += self.watchdog.eq(self.bus.w_data)",
                             "pass"),
    # Bridge
    "wrapped beyond its block": (False, "bridge", "axi3_bridge.py", "(held.addr & ~wrap) | ((held.addr + 4) & wrap)",
                                 "held.addr + 4"),
    "a fixed burst goes on": (False, "bridge", "axi3_bridge.py", "following.eq(held.addr)",
                              "following.eq(held.addr + 4)"),
    "a part of a word written": (False, "bridge", "axi3_bridge.py", "burst.narrow | ~beat.strb.all()", "burst.narrow"),
    "the last answer of a burst": (False, "bridge", "axi3_bridge.py", "with m.If(met > worst):",
                                   "with m.If(met != worst):"),
    "read outside the window": (False, "bridge", "axi3_bridge.py", "burst.outside | burst.narrow", "burst.narrow"),
    "another burst's answer": (False, "bridge", "axi3_bridge.py", "self.id.eq(held.id)", "self.id.eq(self.request.id)"),
    "an address sent twice": (False, "bridge", "axi3_bridge.py", "self.lite.aw.valid.eq(~address_taken)",
                              "self.lite.aw.valid.eq(1)"),
    # Registers' bus
    "refused and answered OKAY": (False, "core", "axi_lite.py", "Mux(error, Response.SLVERR, Response.OKAY)",
                                  "Mux(error, Response.OKAY, Response.OKAY)"),
    "a flag lost as others are cleared": (False, "registers", "registers.py",
                                          "(errors & ~Mux(written, self.bus.w_data, 0)) | raised",
                                          "Mux(written, errors & ~self.bus.w_data, errors | raised)"),
    "a request over one that waits": (False, "registers", "registers.py", "self._known(value) & ~self.pending",
                                      "self._known(value)"),
    "another's counter cleared": (False, "registers", "registers.py", "(~counter | (self._bank.turn == turn))", "1"),
    "cleared by what is no counter's": (False, "registers", "registers.py", "self._write.due & self._write.counter",
                                        "self._write.due"),
}

test_an_unchanged_copy_passes = unchanged_test(TARGETS)
test_a_mutant_is_found = mutant_test(TARGETS, MUTANTS)
