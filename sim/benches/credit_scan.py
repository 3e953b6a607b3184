"""cocotb bench of :mod:`rtl_gen.folded.credit_scan`. The bench plays gates, the readout's feedback, and who asks."""

import random

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from rtl_gen.contract.arithmetic import row_feedback_max, signed_bits
from rtl_gen.contract.engines.folded.reverse import FoldedReverse
from rtl_gen.contract.plan import plan_of
from rtl_gen.folded.ports import credit_layout

from ..bench import load_spec, start
from ..lanes import join, split
from ..reference.backward import current_credits
from ..reference.grid import spread
from ..stream import unpack
from .level_feedback import given, of_each, told


class Surroundings:
    """Gates and spikes, (R, places, filters), and the feedback of each of the readout's rows, (R, rows)."""

    def __init__(self, dut):
        self.dut, self.rng = dut, random.Random(cocotb.RANDOM_SEED)
        self.generator = np.random.default_rng(cocotb.RANDOM_SEED)
        self.block = load_spec().blocks[0]
        (self.layer,), self.plan = self.block.layers, plan_of(self.block)
        (self.words,) = self.plan.layers
        self.declared = FoldedReverse(self.plan)
        self.bound, self.steps, self.there = row_feedback_max(self.block.readout), 1, 0
        for name in ("feedback_groups", "gate_finder__gated", "gate_reader__gates", "feedback_reader__feedback",
                     "credits__steps",
                     "credits__word__valid", "credits__word__payload"):
            dut[name].value = 0
        self.draw()

    def draw(self):
        """Another window."""
        height, rows = self.layer.surrogate.height, self.block.readout.rows
        self.steps = self.rng.randint(1, self.block.window)
        shape = (self.steps, self.words.places, self.layer.columns)
        self.gates = self.generator.integers(0, height + 1, shape).astype(np.uint8)
        self.gates[self.generator.random(shape) < 0.4] = 0
        self.gates[:, self.generator.random(shape[1]) < 0.3] = 0
        self.spikes = (self.generator.random(shape) < 0.3).astype(np.uint8)
        bound = self.rng.choice((self.bound, 200, 3))
        self.feedback = given(self.block, self.generator.integers(-bound, bound + 1, rows), self.steps, self.rng)

    def expected(self):
        """Credits, (R, places, lanes of all its words)."""
        signal = spread(self.block.readout.pool, told(self.block, self.feedback))
        flat = (self.steps, -1)
        found = current_credits(
            self.layer, signal, self.gates.reshape(flat), self.spikes.reshape(flat))
        return self.padded(found)

    def gated(self):
        """Whether each word has a gate."""
        return self.padded(self.gates).any(axis=0).reshape(-1, self.plan.lanes).any(axis=1)

    def padded(self, values):
        values = values.reshape(self.steps, -1, self.layer.columns)
        found = np.zeros((*values.shape[:2], self.words.column_words * self.plan.lanes), np.int64)
        found[:, :, :self.layer.columns] = values
        return found

    async def run(self):
        """What the memories give, one cycle after it is asked for."""
        dut, lanes = self.dut, self.plan.lanes
        bits, gate_bits = signed_bits(self.bound), self.layer.surrogate.gate_bits + 1
        while True:
            await RisingEdge(dut.clk)
            place, column = divmod(int(dut.gate_reader__word.value), self.words.column_words)
            position, group = int(dut.gate_reader__position.value), int(dut.feedback_reader__group.value)
            gates = [self.rng.randrange(1 << gate_bits) for _ in range(lanes)]
            if place < self.words.places and position < self.steps:
                of_word = slice(column * lanes, (column + 1) * lanes)
                known = zip(self.padded(self.spikes)[position, place, of_word].tolist(),
                            self.padded(self.gates)[position, place, of_word].tolist(), strict=True)
                gates = [spike | gate << 1 for spike, gate in known]
            feedback = [self.rng.randrange(-self.bound, self.bound) for _ in range(lanes)]
            at = int(dut.feedback_reader__position.value) if of_each(self.block) else 0
            if group < self.there and at < self.steps:
                row = np.zeros((self.plan.readout_places, self.words.column_words * lanes), np.int64)
                row[:, :self.layer.columns] = self.feedback[at].reshape(-1, self.layer.columns)
                feedback = row.reshape(-1, lanes)[group].tolist() if self.feedback[at].any() else feedback
            if of_each(self.block):
                dut.feedback_reader__read.value = int(at < self.steps and self.feedback[at].any())
            asked = int(dut.gate_finder__word.value) // self.words.column_words
            dut.gate_finder__gated.value = int(asked < self.words.places and self.gated()[int(
                dut.gate_finder__word.value)])
            dut.gate_reader__gates.value = join(gates, gate_bits)
            dut.feedback_reader__feedback.value = join(feedback, bits)

    async def ask(self, word):
        """Credits of a word, (window, lanes), the lanes alive, and the cycles from the request to the last credit."""
        dut, layout = self.dut, credit_layout(self.block, self.declared.scan_lanes)
        found, cycles = np.zeros((self.block.window, self.plan.lanes), np.int64), 0
        dut.credits__word__payload.value, dut.credits__word__valid.value = word << 1, 1
        while True:
            await RisingEdge(dut.clk)
            taken, load = dut.credits__word__ready.value == 1, unpack(layout, int(dut.credits__load.value))
            await FallingEdge(dut.clk)
            if taken and not cycles:
                dut.credits__word__valid.value = 0
                dut.credits__word__payload.value = self.rng.randrange(self.words.words) << 1
                cycles = 1
                continue
            if load["valid"]:
                first = load["part"] * self.declared.scan_lanes
                values = split(load["credits"], self.declared.credit_bits, self.declared.scan_lanes)
                room = min(len(values), self.plan.lanes - first)
                assert not any(values[room:]), "a lane that there is not has a credit"
                found[load["position"], first:first + room] = values[:room]
                if load["ends"] and load["part"] == -(-self.plan.lanes // self.declared.scan_lanes) - 1:
                    return found, int(dut.credits__alive.value), cycles
            cycles += bool(cycles)


@cocotb.test(timeout_time=400, timeout_unit="us")
async def matches_reference(dut):
    there = Surroundings(dut)
    await start(dut)
    cocotb.start_soon(there.run())
    parts = -(-there.plan.lanes // there.declared.scan_lanes)
    some = 0
    for _ in range(6):
        there.draw()
        dut.credits__steps.value = there.steps
        there.there = dut.feedback_groups.value = 0
        expected = there.expected()
        cocotb.start_soon(grow(there))
        for word in range(there.words.words):
            place, column = divmod(word, there.words.column_words)
            told = there.there == there.plan.readout_words
            found, alive, cycles = await there.ask(word)
            lanes = slice(column * there.plan.lanes, (column + 1) * there.plan.lanes)
            wanted = expected[:, place, lanes]
            assert found[:there.steps].tolist() == wanted.tolist(), f"credits of word {word}"
            assert alive == wanted.any(axis=0).sum(), f"lanes alive of word {word}"
            if told:
                seen = spread(there.block.readout.pool, np.ones((1, there.block.readout.rows), np.int64))
                quiet = not there.gated()[word] or not seen.reshape(there.words.places, -1)[place].any()
                wanted = 1 if quiet else there.steps * parts + there.declared.fetched
                assert cycles == wanted, f"cycles of word {word}"
            some += int(alive)
    assert some, "no credit at all"


async def grow(there):
    """Feedback comes word by word."""
    while there.there < there.plan.readout_words:
        for _ in range(there.rng.choice((1, 2, 20))):
            await FallingEdge(there.dut.clk)
        there.there += 1
        there.dut.feedback_groups.value = there.there
