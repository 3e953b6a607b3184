"""cocotb bench of :mod:`rtl_gen.update`. The bench plays window buffer, readout and weight memory."""

import random
from collections import deque
from dataclasses import dataclass

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from numpy.typing import NDArray

from rtl_gen.contract.arithmetic import row_feedback_max, signed_bits
from rtl_gen.contract.engines.learning.reverse import FORWARD_READS, Reverse
from rtl_gen.contract.engines.readout import Readout
from rtl_gen.contract.memories import FLAT_WEIGHT_LATENCY
from rtl_gen.contract.memory_map import weights_to_words, words_to_weights
from rtl_gen.contract.network import MAX_RATE
from rtl_gen.contract.plan import plan_of
from rtl_gen.forward_layouts import window_end_layout

from ..bench import load_spec, start
from ..lanes import join, split
from ..reference.backward import current_credits
from ..reference.rounding import addends
from ..reference.update import update
from ..stream import StreamSource
from .level_feedback import given, of_each, told

COUNTERS = ("updates", "written", "underflows", "saturations")
DISCARD, SKIP, LEARN = "discard", "skip", "learn"


@dataclass
class Window:
    """What was recorded: (R, inputs), (R, padded neurons) twice, and the feedback, (R, padded neurons)."""

    active: NDArray[np.uint8]
    spikes: NDArray[np.uint8]
    gates: NDArray[np.uint8]
    feedback: NDArray[np.int64]
    rows: list[int]             # the list, in order of first touch


class Surroundings:
    """The memories around the engine, and a record of what it did to them."""

    def __init__(self, dut, spec, rng):
        self.dut, self.spec, self.rng = dut, spec, rng
        # What nobody may look at is drawn apart, so that windows do not depend on how many cycles the engine takes.
        self.noise = random.Random(rng.getrandbits(32))
        self.block = spec.blocks[0]
        (self.layer,) = self.block.layers
        (plan,) = plan_of(self.block).layers
        self.lanes, self.groups = plan.lanes, plan.words
        high = 1 << (self.layer.weights.stored_bits - 1)
        generator = np.random.default_rng(3)
        self.stored = generator.integers(-high, high, (self.layer.rows, self.layer.outputs)).astype(np.int32)
        # Some at the bounds, so that updates saturate.
        self.stored[generator.random(self.stored.shape) < 0.1] = high - 1
        self.stored[generator.random(self.stored.shape) < 0.1] = -high
        self.words = [join(word, self.layer.weights.stored_bits)
                      for word in weights_to_words(spec, 0, 0, self.stored).tolist()]
        self.feedback_bits, readout = signed_bits(row_feedback_max(self.block.readout)), Readout(plan_of(self.block))
        self.feedback_lanes, self.feedback_parts = readout.feedback_lanes, readout.feedback_parts
        self.window, self.masks, self.cleared = None, {}, []
        self.counters, self.number, self.rate = dict.fromkeys(COUNTERS, 0), 0, 0
        self.finished = self.done_for = 0           # cycles since a window was dealt with
        self.hosting = self.learned = False
        self.active_cycles, self.fed = 0, 0     # parts of groups that have feedback
        for name in ("learn", "skip", "feedback_groups", "gate_reader__gates", "reader__rows", "reader__row",
                     "reader__mask", "feedback_reader__feedback", "weight_reader__weights", "key__seed",
                     "key__window_number", "host__en", "host__address", "host__weights", "rate",
                     *["feedback_parts"][:self.feedback_parts > 1]):
            dut[name].value = 0

    def feed(self, parts):
        """So many parts of groups have feedback."""
        self.fed = parts
        self.dut.feedback_groups.value = parts // self.feedback_parts
        if self.feedback_parts > 1:
            self.dut.feedback_parts.value = parts % self.feedback_parts

    async def write(self, address, word):
        """As the host does."""
        dut = self.dut
        self.hosting = True
        dut.host__address.value, dut.host__weights.value, dut.host__en.value = address, word, 1
        await FallingEdge(dut.clk)
        dut.host__en.value = 0
        await ClockCycles(dut.clk, 2)
        await FallingEdge(dut.clk)
        self.hosting = False
        assert self.words[address] == word, "the host's word was not written"
        self.stored, _ = self.read()

    def record(self, window):
        self.window = window
        self.masks = {row: int(join(window.active[:, row], 1)) for row in window.rows}
        self.cleared = []
        self.dut.reader__rows.value = len(window.rows)

    async def run(self):
        dut = self.dut
        dut.key__seed.value, dut.key__window_number.value = self.spec.seed, self.number
        row, mask = 0, 0
        coming = deque([0] * FLAT_WEIGHT_LATENCY, maxlen=FLAT_WEIGHT_LATENCY)
        while True:
            await RisingEdge(dut.clk)
            self.active_cycles += dut.active.value == 1
            active = dut.active.value == 1
            gates, feedback = self._gates(), self._feedback()
            if dut.reader__advance.value == 1:
                row, mask = self._row(), self.masks.get(self._value("reader__mask_row", self.layer.inputs), 0)
            word = self.words[min(self._value("weight_reader__address", len(self.words)), len(self.words) - 1)]
            self._record(active)
            coming.append(word if active else self.noise.getrandbits(self.lanes * self.layer.weights.stored_bits))
            # What the memories give one cycle later, weights after their latency; gates and weights are the engine's
            # while it is active.
            dut.gate_reader__gates.value = gates if active else self.noise.getrandbits(
                self.lanes * (1 + self.layer.surrogate.gate_bits))
            dut.weight_reader__weights.value = coming[0]
            dut.feedback_reader__feedback.value, dut.reader__row.value, dut.reader__mask.value = feedback, row, mask

    def _value(self, name, count):
        """A port that says one of ``count``; it has no bits where there is only one."""
        return int(self.dut[name].value) if count > 1 else 0

    def _gates(self):
        position = self._value("gate_reader__position", self.block.window)
        group = self._value("gate_reader__group", self.groups)
        if self.window is None or position >= len(self.window.gates):
            return self.noise.getrandbits(self.lanes * (1 + self.layer.surrogate.gate_bits))
        lanes = slice(group * self.lanes, (group + 1) * self.lanes)
        return join((int(spike) | int(gate) << 1 for spike, gate in zip(
            self.window.spikes[position, lanes], self.window.gates[position, lanes], strict=True)),
            1 + self.layer.surrogate.gate_bits)

    def _feedback(self):
        group, part = self._value("feedback_reader__group", self.groups), 0
        if self.feedback_parts > 1:
            part = self._value("feedback_reader__part", self.feedback_parts)
        # Of a part of a group that has no neurons nothing is ever kept.
        first = group * self.lanes + part * self.feedback_lanes
        none = self.noise.getrandbits(self.feedback_lanes * self.feedback_bits)
        if self.window is None or group * self.feedback_parts + part >= self.fed or first >= self.layer.outputs:
            return none
        at = self._value("feedback_reader__position", self.block.window) if of_each(self.block) else 0
        if at >= len(self.window.feedback):
            return none
        if of_each(self.block):
            self.dut.feedback_reader__read.value = int(self.window.feedback[at].any())
            if not self.window.feedback[at].any():
                return none
        behind = min(first + self.feedback_lanes, (group + 1) * self.lanes)
        return join(self.window.feedback[at, first:behind].tolist(), self.feedback_bits)

    def _row(self):
        place = self._value("reader__list_position", self.layer.inputs)
        rows = [] if self.window is None else self.window.rows
        return rows[place] if place < len(rows) else self.noise.randrange(self.layer.inputs)

    def _record(self, active):
        dut = self.dut
        if dut.reader__clear_en.value == 1:
            self.cleared.append(self._value("reader__clear_row", self.layer.inputs))
            self.masks[self.cleared[-1]] = 0
        if dut.writer__en.value == 1:
            address = self._value("writer__address", len(self.words))
            # The next step may have begun, and comes to this word of neurons.
            read = self.done_for >= FORWARD_READS + address // self.layer.rows
            assert active or self.hosting or not read, "a weight was written when it might have been read"
            self.words[address] = int(dut.writer__weights.value)
        for name in COUNTERS:
            self.counters[name] += int(dut[f"counts__{name}"].value)
        # The block counts a cycle later.
        if self.learned:
            self.number = (self.number + 1) & 0xFFFFFFFF
            dut.key__window_number.value = self.number
        self.learned = dut.learned.value == 1
        assert not self.learned or dut.window_done.value == 1
        assert dut.reader__forget.value == dut.window_done.value
        self.done_for += 1
        if dut.window_done.value == 1:
            self.finished, self.done_for = self.finished + 1, 1
            assert sorted(self.cleared) == sorted(self.window.rows), "masks forgotten"
            dut.reader__rows.value = 0

    def read(self):
        words = [split(word, self.layer.weights.stored_bits, self.lanes) for word in self.words]
        return words_to_weights(self.spec, 0, 0, np.array(words)), np.array(words)

    def expected(self, window):
        """Updates the reference's weights by a window that is learned from; returns the counts."""
        layer, credit = self.layer, self.credits(window)
        addend = addends(layer.update, self.rate, layer.rows, self.spec.seed, self.number,
                         self.spec.layer_number(0, 0))
        return update(self.stored, layer.weights.stored_bits, layer.update.rate_shift + self.rate, addend,
                      window.active, int(layer.weights.bias), credit)

    def credits(self, window):
        """Credits of a window, (R, neurons)."""
        shape = slice(0, self.layer.outputs)
        return current_credits(
            self.layer, told(self.block, window.feedback[:, shape]), np.ascontiguousarray(window.gates[:, shape]),
            np.ascontiguousarray(window.spikes[:, shape]))


def random_window(there, steps):
    rng, block, layer = there.rng, there.block, there.layer
    generator = np.random.default_rng(rng.getrandbits(32))
    padded = there.groups * there.lanes
    gates = generator.integers(0, layer.surrogate.height + 1, (steps, padded)).astype(np.uint8)
    gates[generator.random(gates.shape) < 0.5] = 0
    spikes = (generator.random(gates.shape) < 0.3).astype(np.uint8)
    bound = rng.choice((row_feedback_max(block.readout), 300, 2))
    feedback = generator.integers(-bound, bound + 1, padded)
    feedback[generator.random(padded) < 0.2] = 0
    # Whole groups without a credit are passed over; padding lanes have a gate but no feedback.
    for group in range(there.groups):
        if rng.random() < 0.3:
            feedback[group * there.lanes:(group + 1) * there.lanes] = 0
    feedback[layer.outputs:] = 0
    active = (generator.random((steps, layer.inputs)) < rng.choice((0.0, 0.2, 0.6, 1.0))).astype(np.uint8)
    rows = np.flatnonzero(active.any(axis=0)).tolist()
    rng.shuffle(rows)
    return Window(active=active, spikes=spikes, gates=gates, feedback=given(block, feedback, steps, rng), rows=rows)


async def pass_window(there, source, window, kind, delay, pause=0):
    """Hand a window over and wait until it was dealt with; returns the cycles in which the engine was active.

    The first part of a group has feedback as soon as the readout begins, each other up to ``pause`` cycles after the
    one before.
    """
    dut = there.dut
    there.record(window)
    finished, active = there.finished, there.active_cycles
    await source.send([{"steps": len(window.gates), "discard": int(kind == DISCARD)}])
    if kind != DISCARD:
        await ClockCycles(dut.clk, delay)
        await FallingEdge(dut.clk)
        dut[kind].value = 1
        there.feed(0)
        await FallingEdge(dut.clk)
        dut[kind].value = 0
    while kind == LEARN and there.fed < there.groups * there.feedback_parts:
        there.feed(there.fed + 1 if pause else there.groups * there.feedback_parts)
        await ClockCycles(dut.clk, there.rng.randint(0, pause))
        await FallingEdge(dut.clk)
    while there.finished == finished:
        await FallingEdge(dut.clk)
    took = there.active_cycles - active
    await FallingEdge(dut.clk)
    while dut.idle.value == 0:
        await FallingEdge(dut.clk)
    return took


@cocotb.test(timeout_time=100, timeout_unit="us")
async def matches_reference(dut):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    there = Surroundings(dut, spec, rng)
    there.number = 0xFFFFFFFE                   # and on past its end
    source = StreamSource(dut, "window_end", rng=rng, layout=window_end_layout(there.block), duty=0.5)
    await start(dut)
    cocotb.start_soon(there.run())
    totals, number = dict.fromkeys(COUNTERS, 0), there.number
    loss_start = there.block.window - there.block.loss_steps
    for index in range(30):
        kind = rng.choice((LEARN, LEARN, LEARN, SKIP, DISCARD))
        steps = rng.randint(1 if kind == DISCARD else loss_start + 1, there.block.window)
        window = random_window(there, steps)
        there.rate = index % (MAX_RATE + 1)
        dut.rate.value = there.rate
        if kind == LEARN:
            for name, amount in zip(COUNTERS, there.expected(window), strict=True):
                totals[name] += int(amount)
        number = number + (kind != DISCARD) & 0xFFFFFFFF
        await pass_window(there, source, window, kind, rng.randint(1, 5), pause=rng.choice((0, 3, 40)))
        where = f"window {index} ({kind}, {steps} steps, {len(window.rows)} rows, rate {there.rate})"
        found, words = there.read()
        differ = np.argwhere(found != there.stored)
        assert not len(differ), f"{where}: {len(differ)} weights differ, first at {differ[0]}"
        real = there.layer.outputs - (there.groups - 1) * there.lanes
        assert not words[-there.layer.rows:, real:].any(), f"{where}: a padding lane's weight is not 0"
        assert there.number == number, f"{where}: window number"
        assert there.counters == totals, f"{where}: counters"
        assert dut.idle.value == 1
        if rng.random() < 0.3:
            group = rng.randrange(there.groups) * there.layer.rows
            rows = rng.randrange(there.layer.rows), rng.randrange(there.layer.rows)
            await there.write(group + rows[0], there.words[group + rows[1]])
    assert totals["written"] > 0, "nothing changed"
    if there.layer.inputs > 1:
        assert totals["saturations"] > 0, "nothing was saturated"
        assert totals["underflows"] > 0, "no update was rounded to nothing"


@cocotb.test(timeout_time=100, timeout_unit="us")
async def takes_the_cycles_of_the_formula(dut):
    there = Surroundings(dut, load_spec(), random.Random(cocotb.RANDOM_SEED))
    source = StreamSource(dut, "window_end", rng=there.rng, layout=window_end_layout(there.block))
    await start(dut)
    cocotb.start_soon(there.run())
    reverse, block = Reverse(plan_of(there.block)), there.block
    walked = 0
    for number in range(20):
        window = random_window(there, there.rng.randint(block.window - block.loss_steps + 1, block.window))
        if number % 4 == 0:
            window.active[:], window.rows = 1, list(range(there.layer.inputs))
        credited = there.credits(window).any(axis=0)
        words = [bool(credited[first:first + there.lanes].any()) for first in range(0, len(credited), there.lanes)]
        walked += any(words) and len(window.rows) > 1
        expected = reverse.cycles(len(window.rows), len(window.gates), int(window.active.sum()), words,
                                  [[0]] * there.groups)
        took = await pass_window(there, source, window, LEARN, there.rng.randint(1, 8))
        assert took == expected, f"window {number}: {len(window.gates)} steps, {window.active.sum()} events in " \
                                 f"{len(window.rows)} rows, words with credit {words}"
    assert walked > 1 or there.layer.inputs == 1
