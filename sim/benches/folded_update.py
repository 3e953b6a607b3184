"""cocotb bench of :mod:`rtl_gen.folded.update`. The bench plays window buffer, credits and weight memory."""

import os
import random
from collections import deque

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from rtl_gen.contract.engines.folded.credit_memories import has_thresholds, injected_bits
from rtl_gen.contract.engines.folded.reverse import FoldedReverse
from rtl_gen.contract.engines.folded.reverse_cycles import LayerWork, UpdateCycles
from rtl_gen.contract.memories import WEIGHT_LATENCY
from rtl_gen.contract.network import MAX_RATE
from rtl_gen.contract.plan import plan_of
from rtl_gen.folded.ports import credit_layout

from ..bench import load_spec, start
from ..lanes import join
from ..stream import pack
from .folded_surroundings import COUNTERS, Weights, random_window, recorded_memories


class Surroundings:
    """The memories around the component, and a record of what it did to them."""

    def __init__(self, dut, spec, rng):
        self.dut, self.spec, self.rng, self.block = dut, spec, rng, spec.blocks[0]
        self.plan, self.declared = plan_of(self.block), FoldedReverse(plan_of(self.block))
        self.load_lanes = int(os.environ["SNNFPGA_CREDIT_LANES"])
        self.generator = np.random.default_rng(rng.getrandbits(32))
        self.weights = Weights(spec, self.generator)
        self.masks, self.lists, self.pixels, self.window = {}, [[] for _ in self.plan.layers], {}, None
        self.counters, self.asked = dict.fromkeys(COUNTERS, 0), []
        self.most_pause, self.busy_cycles, self.hosting = 0, 0, False
        for name in ("start", "learns", "steps", "forget", "credits__load", "credits__alive", "credits__word__ready",
                     "masks__mask", "weight_reader__weights", "host__en", "host__address", "host__weights", "rate",
                     "key__window_number"):
            dut[name].value = 0
        dut.key__seed.value = spec.seed
        self.has_thresholds = has_thresholds(self.block)
        self.has_lists, self.has_pixels = self.declared.row_list is not None, self.declared.occupied is not None
        if self.has_lists:
            dut.lists__rows.value = dut.lists__source.value = 0
        if self.has_pixels:
            dut.pixels__channels.value = 0

    def record(self, window):
        self.window = window
        self.masks, self.lists, self.pixels = recorded_memories(self.block, window.counts, self.rng)

    async def run(self):
        """The memories, cycle by cycle: what they give comes one cycle later, weights after their latency."""
        dut, coming = self.dut, deque([0] * WEIGHT_LATENCY, maxlen=WEIGHT_LATENCY)
        given = {"masks__mask": 0, "lists__source": 0, "pixels__channels": 0}
        while True:
            await RisingEdge(dut.clk)
            busy = dut.busy.value == 1
            self.busy_cycles += busy
            if dut.masks__en.value == 1:
                given["masks__mask"] = self.masks.get(int(dut.masks__source.value), 0)
            if self.has_lists and dut.lists__en.value == 1:
                found, place = self.lists[int(dut.lists__layer.value)], int(dut.lists__place.value)
                given["lists__source"] = found[place] if place < len(found) else 0
            if self.has_pixels and dut.pixels__en.value == 1:
                given["pixels__channels"] = self.pixels.get(int(dut.pixels__address.value), 0)
            self._clear()
            coming.append(self.weights.words[int(dut.weight_reader__address.value) % len(self.weights.words)])
            if dut.writer__en.value == 1:
                assert busy or self.hosting, "a weight was written by nobody"
                address = int(dut.writer__address.value)
                assert address < len(self.weights.words), f"there is no word of weights {address}"
                self.weights.words[address] = int(dut.writer__weights.value)
            for name in COUNTERS:
                self.counters[name] += int(dut[f"counts__{name}"].value)
            dut.weight_reader__weights.value = coming[0]
            for name, value in given.items():
                if (self.has_lists or not name.startswith("lists")) and (self.has_pixels or name[0] != "p"):
                    dut[name].value = value
            if self.has_lists:
                await FallingEdge(dut.clk)
                dut.lists__rows.value = len(self.lists[int(dut.lists__layer.value)])

    def _clear(self):
        dut = self.dut
        if dut.masks__clear_en.value == 1:
            assert self.masks.pop(int(dut.masks__clear_source.value), 0), "a mask was forgotten that was none"
        if self.has_pixels and dut.pixels__clear_en.value == 1:
            self.pixels.pop(int(dut.pixels__clear_address.value), None)

    async def serve(self):
        """Credits, word by word, after a while, with pauses."""
        dut, rng, layout = self.dut, self.rng, credit_layout(self.block, self.load_lanes)
        members = dut.credits__word__payload
        last = self.plan.layers[-1]
        layer_bits = max(1, (self.block.depth - 1).bit_length())
        parts = -(-self.plan.lanes // self.load_lanes)
        while True:
            if dut.credits__word__valid.value == 0 or rng.random() < 0.2 * (self.most_pause > 0):
                await FallingEdge(dut.clk)
                continue
            dut.credits__word__ready.value = 1
            await RisingEdge(dut.clk)
            asked, payload = dut.credits__word__valid.value == 1, int(members.value)
            await FallingEdge(dut.clk)
            dut.credits__word__ready.value = 0
            if not asked:
                continue
            number, word = payload & ((1 << layer_bits) - 1), payload >> layer_bits
            assert word < last.word_base + last.words
            credits = self._word(number, word, self.window.credits[number])
            injected = None
            if self.has_thresholds:
                injected = self._word(number, word, self.window.injected[number])
            self.asked.append(word)
            dut.credits__alive.value = rng.randrange(self.plan.lanes + 1)
            for part in range(parts):
                positions = list(range(self.window.steps))
                rng.shuffle(positions)
                for place, position in enumerate(positions):
                    for _ in range(rng.randint(0, self.most_pause)):
                        await FallingEdge(dut.clk)
                    lanes = [int(credit) for credit in
                             credits[position, part * self.load_lanes:(part + 1) * self.load_lanes]]
                    bits = self.declared.credit_bits
                    last_of_part = place == len(positions) - 1
                    given = {} if injected is None else self._given(
                        injected[:, part * self.load_lanes:(part + 1) * self.load_lanes] * last_of_part)
                    dut.credits__load.value = pack(layout, {
                        "valid": 1, "ends": int(last_of_part), "part": part, "position": position,
                        "credits": join(lanes, bits), **given})
                    await FallingEdge(dut.clk)
                    dut.credits__load.value = pack(layout, {"ends": 1, "part": part})
            dut.credits__alive.value = int(credits.any(axis=0).sum())

    def _given(self, injected):
        """What some lanes were given, (R, lanes), as a load has it."""
        bits = injected_bits(self.block)
        values = [int(lane.any()) | (int(lane.sum()) & (1 << bits) - 1) << 1 for lane in injected.T]
        return {"injected": join(values, 1 + bits)}

    def _word(self, number, word, values):
        """Those of ``values`` of all neurons, (R, outputs), that are of a word's lanes, (R, lanes), padding and all."""
        plan = self.plan.layers[number]
        place, column = divmod(word - plan.word_base, plan.column_words)
        assert 0 <= place < plan.places, f"word {word} was asked for as one of layer {number}"
        padded = np.zeros((self.window.steps, plan.places, plan.column_words * plan.lanes), np.int64)
        padded[:, :, :plan.layer.columns] = values.reshape(self.window.steps, plan.places, plan.layer.columns)
        return padded[:, place, column * plan.lanes:(column + 1) * plan.lanes]

    def work(self):
        """What there is to learn from, as the formula of the cycles has it."""
        found = []
        for number, (layer, sources) in enumerate(zip(self.plan.layers, self.declared.sources, strict=True)):
            told = self.window.credits[number] != 0
            if layer.layer.neuron.threshold_shift is not None:
                told |= self.window.injected[number] != 0
            credited = [bool(self._word(number, layer.word_base + word, told).any()) for word in range(layer.words)]
            bits = {source: mask.bit_count() for source, mask in self.masks.items()}
            pixels = []
            if not sources.listed:
                grid, width = layer.layer.synapses, self.declared.occupied.width
                for pixel in range(grid.height * grid.width):
                    first = layer.source_base + pixel * grid.channels
                    pixels += [[bits[first + channel] for channel in range(part * width, min(
                        (part + 1) * width, grid.channels)) if first + channel in bits]
                        for part in range(sources.parts)]
            found.append(LayerWork(credited=credited, rows=[bits[source] for source in self.lists[number]],
                                   pixels=pixels))
        return found

    async def pass_window(self, window, learns, recorded=False):
        """Have it learned from, or only forgotten; returns the cycles that took."""
        dut = self.dut
        if not recorded:
            self.record(window)
        self.asked = []
        dut.start.value, dut.learns.value, dut.steps.value = 1, int(learns), window.steps
        began = self.busy_cycles
        await FallingEdge(dut.clk)
        dut.start.value = 0
        await FallingEdge(dut.clk)
        while dut.busy.value == 1:
            await FallingEdge(dut.clk)
        assert not self.masks, "masks were not forgotten"
        assert not any(self.pixels.values()), "pixels were not forgotten"
        assert not learns or sorted(self.asked) == list(range(self.declared.all_words)), "words asked for"
        if self.has_lists:
            dut.forget.value = 1
        await FallingEdge(dut.clk)
        dut.forget.value = 0
        self.lists = [[] for _ in self.lists]
        return self.busy_cycles - began


async def begin(dut):
    there = Surroundings(dut, load_spec(), random.Random(cocotb.RANDOM_SEED))
    await start(dut)
    cocotb.start_soon(there.run())
    there.server = cocotb.start_soon(there.serve())
    while dut.clearing.value == 1:
        await FallingEdge(dut.clk)
    return there


@cocotb.test(timeout_time=400, timeout_unit="us")
async def matches_reference(dut):
    there = await begin(dut)
    block, generator = there.block, there.generator
    totals = dict.fromkeys(COUNTERS, 0)
    for index in range(int(os.environ.get("SNNFPGA_WINDOWS", "16"))):
        steps, rate, number = int(generator.integers(1, block.window + 1)), index % (MAX_RATE + 1), 0xFFFFFFFE + index
        window = random_window(block, generator, steps)
        learns, there.most_pause = index % 5 != 3, index % 3
        dut.rate.value, dut.key__window_number.value = rate, number & 0xFFFFFFFF
        if learns:
            for name, amount in zip(COUNTERS, there.weights.learn(window, rate, number & 0xFFFFFFFF), strict=True):
                totals[name] += int(amount)
        await there.pass_window(window, learns)
        where = f"window {index} ({'learned from' if learns else 'forgotten'}, {steps} steps, rate {rate})"
        differ = there.weights.differences()
        assert not differ, f"{where}: {len(differ)} words differ, first at layer, word, row {differ[0]}"
        assert there.counters == totals, f"{where}: counters"
    assert min(totals.values()) > 0, f"something of {totals} never was"


@cocotb.test(timeout_time=400, timeout_unit="us")
async def takes_the_cycles_of_the_formula(dut):
    there = await begin(dut)
    block, generator, plan = there.block, there.generator, there.plan
    random_words = any(layer.update.rounding == "stochastic" for layer in block.layers)
    for index in range(10):
        steps = int(generator.integers(1, block.window + 1))
        window = random_window(block, generator, steps)
        fetch, learns = steps * -(-plan.lanes // there.load_lanes), index % 4 != 2
        there.record(window)
        expected = UpdateCycles(plan, [sources.parts for sources in there.declared.sources],
                                drawing=2 * random_words, fetch=fetch).of(there.work(), steps, learns=learns)
        took = await there.pass_window(window, learns, recorded=True)
        assert took == expected, f"window {index} ({'learned from' if learns else 'forgotten'}), {steps} steps"


@cocotb.test(timeout_time=400, timeout_unit="us")
async def a_reset_leaves_nothing(dut):
    there = await begin(dut)
    block, generator = there.block, there.generator
    for index in range(4):
        window = random_window(block, generator, block.window)
        learned = cocotb.start_soon(there.pass_window(window, True))
        for _ in range(there.rng.randrange(20, 200)):
            await FallingEdge(dut.clk)
        learned.cancel()
        there.server.cancel()
        dut.credits__word__ready.value = dut.credits__load.value = dut.start.value = 0
        dut.rst.value = 1
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        there.server = cocotb.start_soon(there.serve())
        while dut.clearing.value == 1:
            await FallingEdge(dut.clk)
        # Nobody writes weights or what was recorded back as they were.
        there.weights.reset()
        there.weights.learn(window, 0, 0)
        dut.key__window_number.value = 0
        await there.pass_window(window, True)
        assert not there.weights.differences(), f"reset {index}"


@cocotb.test(timeout_time=400, timeout_unit="us")
async def writes_the_words_of_the_host(dut):
    there = await begin(dut)
    word = there.rng.getrandbits(there.plan.lanes * there.weights.bits)
    address = len(there.weights.words) - 1
    there.hosting = True
    dut.host__address.value, dut.host__weights.value, dut.host__en.value = address, word, 1
    await FallingEdge(dut.clk)
    dut.host__en.value = 0
    await ClockCycles(dut.clk, 3)
    assert there.weights.words[address] == word
