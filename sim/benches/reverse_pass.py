"""cocotb bench of :mod:`rtl_gen.folded.reverse_pass`. The bench plays window buffer, readout, weights and update."""

import random
from collections import deque
from dataclasses import dataclass

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge
from numpy.typing import NDArray

from rtl_gen.contract.arithmetic import index_bits
from rtl_gen.contract.engines.folded.credit_memories import has_thresholds
from rtl_gen.contract.engines.folded.credits import FoldedCredits
from rtl_gen.contract.memories import WEIGHT_LATENCY
from rtl_gen.contract.memory_map import weights_to_words
from rtl_gen.contract.plan import plan_of, slots_of
from rtl_gen.folded.ports import credit_layout

from ..bench import load_arrays, load_spec, start
from ..lanes import join
from ..reference.backward import credits_of, weighed
from ..reference.forward import Trace
from ..reference.grid import spread
from ..reference.readout import divided, feedback
from ..reference.window import Window
from .level_feedback import of_each


@dataclass
class Past:
    """What happened in a window, and what the readout says of it.

    ``gates`` and ``spikes`` are (R, slots), of all lanes of all words: of those that are no neurons anything.
    """

    steps: int
    gates: NDArray[np.uint8]
    spikes: NDArray[np.uint8]
    feedback: NDArray[np.int64]         # (positions, readout words, lanes); one position where all are alike
    credits: list[NDArray[np.int64]]    # (R, neurons), a layer each
    injected: list[NDArray[np.int64]]   # (R, neurons), a layer each: what they were given
    multiplies: int
    entries: list[NDArray[np.int64]]    # (R, words), a layer each


class Surroundings:
    """The memories around the pass, and the weights in them."""

    def __init__(self, dut, spec, rng, lanes):
        self.dut, self.rng = dut, rng
        self.block = block = spec.blocks[0]
        self.plan = plan = plan_of(block)
        self.engine = FoldedCredits(plan)
        self.generator = np.random.default_rng(rng.randrange(1 << 32))
        self.stored = [self._random(layer.rows, layer.columns, layer.weights.stored_bits) for layer in block.layers]
        readout = block.readout
        self.readout = (self._random(readout.rows, readout.classes, readout.stored_bits) if readout.learned else
                        self.generator.choice(np.array([-1, 1], np.int32), (readout.rows, readout.classes)))
        self.stored_bits = block.layers[0].weights.stored_bits
        self.words = [join(word, self.stored_bits) for number, stored in enumerate(self.stored)
                      for word in weights_to_words(spec, 0, number, stored).tolist()]
        self.gate_bits = 1 + max(layer.surrogate.gate_bits for layer in block.layers)
        self.layout = credit_layout(block, lanes)
        self.past, self.multiplies, self.cycle, self.reads = None, 0, 0, 0
        for name in ("start", "steps", "feedback_words", "gate_reader__gates", "feedback_reader__feedback",
                     "weight_reader__weights", "credits__steps", "credits__word__valid"):
            dut[name].value = 0

    def _random(self, rows, columns, bits):
        """Stored weights, some of them at the bounds."""
        high = 1 << (bits - 1)
        found = self.generator.integers(-high, high, (rows, columns)).astype(np.int32)
        found[self.generator.random(found.shape) < 0.1] = high - 1
        found[self.generator.random(found.shape) < 0.1] = -high
        return found

    def window(self, steps, density, size=127):
        """A past at random, with so many of the neurons near their thresholds, and errors up to ``size``."""
        block, plan, lanes = self.block, self.plan, self.plan.lanes
        slots, generator = self.engine.words * lanes, self.generator
        gates, spikes = np.zeros((steps, slots), np.uint8), (generator.random((steps, slots)) < 0.4).astype(np.uint8)
        for layer in plan.layers:
            part = slice(layer.word_base * lanes, (layer.word_base + layer.words) * lanes)
            height = layer.layer.surrogate.height
            gates[:, part] = np.where(generator.random(gates[:, part].shape) < density, generator.integers(
                1, height + 1, gates[:, part].shape), 0)
        error = generator.integers(-size, size + 1, block.readout.classes).astype(np.int64)
        traces, at = [], []
        for layer in plan.layers:
            at.append(layer.word_base * lanes + layer.slots)
            none = np.zeros((steps, layer.layer.outputs), np.int32)
            traces.append(Trace(np.ascontiguousarray(spikes[:, at[-1]]), np.ascontiguousarray(gates[:, at[-1]]), none))
        counts = np.zeros((steps, block.readout.rows), np.uint8)
        until = generator.integers(1, steps + 1, len(error)) if of_each(block) else np.full(len(error), steps)
        found, multiplies = credits_of(block, self.stored, self.readout, error, until,
                                       Window(0, traces=traces, read=counts))
        readout = block.readout
        multiplies -= readout.rows * readout.classes if readout.learned else 0
        credits = [weighed(layer, credit.current) for layer, credit in zip(block.layers, found, strict=True)]
        feedback = self._feedback(error) if not of_each(block) else np.concatenate(
            [self._feedback(np.where(until == last, error, 0)) for last in range(1, steps + 1)])
        return Past(steps, gates, spikes, feedback, credits, [
            trace.gates * credit.feedback for trace, credit in zip(traces, found, strict=True)],
            multiplies, [self._entries(number, gates[:, slot], credits) for number, slot in enumerate(at)])

    def _feedback(self, error):
        """Words of the readout's feedback at one position, (1, words, lanes); lanes that are no rows hold none."""
        block, readout, plan = self.block, self.block.readout, self.plan
        (exact,) = feedback(self.readout, readout.weight_bits, readout.shadow_bits, error, 1, 0)
        words = np.zeros(plan.readout_words * plan.lanes, np.int64)
        words[slots_of(plan.readout_places, block.layers[-1].columns, plan.lanes)] = divided(
            exact, readout.feedback_shift)
        return words.reshape(1, -1, plan.lanes)

    def _alive(self, number, credits):
        """Column words of a layer that are walked at each position, (R,): where they are listed those with a credit."""
        layer = self.plan.layers[number]
        if not self.engine.is_listed(number):
            return np.full(len(credits[number]), layer.column_words)
        slots = np.zeros((len(credits[number]), layer.words * layer.lanes), bool)
        slots[:, layer.slots] = credits[number] != 0
        return slots.reshape(len(slots), layer.words, layer.lanes).any(axis=2).sum(axis=1)

    def _entries(self, number, gates, credits):
        """Words of weights that are read for each word of a layer, (R, words), by counting what each neuron reaches."""
        block, layer, steps = self.block, self.plan.layers[number], len(gates)
        found = np.zeros((steps, layer.words * layer.lanes), np.int64)
        if number < block.depth - 1:
            above = self.plan.layers[number + 1]
            reached = spread(above.layer.pool, reached_by(above.layer)[None])
            found[:, layer.slots] += np.where(gates > 0, reached * self._alive(number + 1, credits)[:, None], 0)
        if layer.layer.synapses.recurrent:
            found[:-1, layer.slots] += np.where(gates[:-1] > 0, self._alive(number, credits)[1:, None], 0)
        return found.reshape(steps, layer.words, layer.lanes).sum(axis=2)

    async def run(self):
        dut = self.dut
        coming = deque([0] * WEIGHT_LATENCY, maxlen=WEIGHT_LATENCY)
        while True:
            await RisingEdge(dut.clk)
            self.cycle += 1
            assert dut.multiplies.value.is_resolvable, "products of credits that are not there"
            self.multiplies += int(dut.multiplies.value)
            gates, values = self._gates(), self._values()
            coming.append(self.words[min(int(dut.weight_reader__address.value), len(self.words) - 1)])
            dut.gate_reader__gates.value, dut.feedback_reader__feedback.value = gates, values
            dut.weight_reader__weights.value = coming[0]

    def _gates(self):
        position, word = int(self.dut.gate_reader__position.value), int(self.dut.gate_reader__word.value)
        if self.past is None or position >= self.past.steps or word >= self.engine.words:
            return self.rng.getrandbits(self.plan.lanes * self.gate_bits)
        lanes = slice(word * self.plan.lanes, (word + 1) * self.plan.lanes)
        return join((int(spike) | int(gate) << 1 for spike, gate in zip(
            self.past.spikes[position, lanes], self.past.gates[position, lanes], strict=True)), self.gate_bits)

    def _values(self):
        word = int(self.dut.feedback_reader__group.value) if self.plan.readout_words > 1 else 0
        at = int(self.dut.feedback_reader__position.value) if of_each(self.block) else 0
        if of_each(self.block) and self.past is not None and at < len(self.past.feedback):
            is_read = self.past.feedback[at].any()
            self.dut.feedback_reader__read.value = int(is_read)
            if not is_read:
                return self.rng.getrandbits(self.plan.lanes * self.engine.feedback_bits)
        if self.past is None or word >= int(self.dut.feedback_words.value) or at >= len(self.past.feedback):
            return self.rng.getrandbits(self.plan.lanes * self.engine.feedback_bits)
        return join(self.past.feedback[at, word].tolist(), self.engine.feedback_bits)

    async def find(self, past, late=False):
        """Runs the pass once; returns its cycles."""
        dut, words = self.dut, self.plan.readout_words
        self.past, self.multiplies = past, 0
        dut.steps.value = dut.credits__steps.value = past.steps
        dut.start.value = 1
        await FallingEdge(dut.clk)
        started = self.cycle
        dut.start.value = 0
        dut.feedback_words.value = 0 if late else words
        if late:
            cocotb.start_soon(self._feed(words))
        while dut.done.value != 1:
            await FallingEdge(dut.clk)
        cycles = self.cycle - started + 1
        await FallingEdge(dut.clk)
        assert dut.busy.value == 0
        return cycles

    async def _feed(self, words):
        """The readout's feedback comes bit by bit."""
        for word in range(words):
            for _ in range(self.rng.randrange(20)):
                await FallingEdge(self.dut.clk)
            self.dut.feedback_words.value = word + 1

    async def read(self, layer, word):
        """Credits of a word, (R, lanes), how many lanes hold one, and what they were given, (lanes,)."""
        dut, lanes = self.dut, self.plan.lanes
        layer_bits = index_bits(self.block.depth)
        dut.credits__word__payload.value = layer | word << layer_bits
        dut.credits__word__valid.value = 1
        found, given, parts = {}, {}, -(-lanes // self.layout["credits"].shape.length)
        while dut.credits__word__ready.value != 1:
            await FallingEdge(dut.clk)
        await FallingEdge(dut.clk)
        dut.credits__word__valid.value = 0
        while True:
            if dut.credits__load.value[0] == 1:         # what else is there may be of no word
                load = self.layout.from_bits(int(dut.credits__load.value))
                assert (load.part, load.position) not in found, "credits came twice"
                found[load.part, load.position] = list(load.credits)
                if has_thresholds(self.block):
                    given[load.part] = [(int(lane.sum), bool(lane.told)) for lane in load.injected]
                if load.ends:
                    break
            await FallingEdge(dut.clk)
        assert len(found) == parts * self.past.steps, "credits that came"
        await FallingEdge(dut.clk)
        alive = int(dut.credits__alive.value)
        rows = [[int(value) for part in range(parts) for value in found[part, position]]
                for position in range(self.past.steps)]
        assert not any(value for row in rows for value in row[lanes:]), "a lane that there is not has a credit"
        injected = [value for part in sorted(given) for value in given[part]]
        return np.array(rows, np.int64)[:, :lanes], alive, injected[:lanes]

    async def check(self, past, late=False):
        """The credits of all words, in any order, products, and cycles by the formula."""
        cycles = await self.find(past, late)
        words = [(layer, word) for layer, plan in enumerate(self.plan.layers) for word in range(plan.words)]
        self.rng.shuffle(words)
        for number, word in words:
            layer = self.plan.layers[number]
            expected = np.zeros((past.steps, layer.words * layer.lanes), np.int64)
            expected[:, layer.slots] = past.credits[number]
            expected = expected[:, word * layer.lanes:(word + 1) * layer.lanes]
            found, alive, given = await self.read(number, layer.word_base + word)
            assert found.tolist() == expected.tolist(), f"credits of layer {number} word {word}"
            if has_thresholds(self.block):
                injected, lanes = [(0, False)] * (layer.words * layer.lanes), slice(word * layer.lanes,
                                                                                    (word + 1) * layer.lanes)
                for slot, values in zip(layer.slots.tolist(), past.injected[number].T.tolist(), strict=True):
                    injected[slot] = (sum(values), any(values))
                assert given == injected[lanes], "what was given"
            assert alive == expected.any(axis=0).sum(), f"lanes with a credit of layer {number} word {word}"
        assert self.multiplies == past.multiplies, "products"
        if not late:
            assert cycles == self.engine.cycles([layer.tolist() for layer in past.entries], past.steps), "cycles"


def reached_by(layer):
    """How many places each input of a layer's synapses is seen from, (inputs,)."""
    conv = layer.synapses
    if conv.kind == "dense":
        return np.ones(conv.inputs, np.int64)
    found = np.zeros((conv.height, conv.width, conv.channels), np.int64)
    for oy in range(conv.out_height):
        for ox in range(conv.out_width):
            y, x = oy * conv.stride - conv.padding, ox * conv.stride - conv.padding
            found[max(0, y):y + conv.kernel, max(0, x):x + conv.kernel] += 1
    return found.reshape(-1)


@cocotb.test(timeout_time=1000, timeout_unit="us")
async def matches_reference(dut):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    around = Surroundings(dut, spec, rng, int(load_arrays()["lanes"]))
    await start(dut)
    cocotb.start_soon(around.run())
    block, reached, dead = around.block, 0, 0
    shortest = block.window - block.loss_steps + 1
    for number in range(14):
        density, size = rng.choice((0.1, 0.3, 0.8)), rng.choice((127, 127, 5))
        past = around.window(rng.choice((block.window, rng.randint(shortest, block.window))), density,
                             0 if number == 6 else size)
        await around.check(past, late=number % 3 == 2)
        reached = max(reached, *(abs(credits).max() for credits in past.credits[:-1] or past.credits))
        dead += not any(credits.any() for credits in past.credits)
    assert reached > 0, "nothing was found"
    assert dead, "nothing was without credit"
