"""cocotb bench of :mod:`rtl_gen.folded.window`."""

import random

import cocotb
from cocotb.triggers import FallingEdge

from rtl_gen.contract.engines.folded.reverse import FoldedReverse
from rtl_gen.contract.plan import plan_of

from ..bench import load_spec, start
from ..lanes import join, split


class Buffer:
    """Drives the buffer's ports, one action a cycle, and keeps what it must hold."""

    def __init__(self, dut, spec):
        self.dut, self.block = dut, spec.blocks[0]
        self.plan = plan_of(self.block)
        self.declared = FoldedReverse(self.plan)
        self.gate_bits = self.declared.gates.width // self.plan.lanes
        self.counts, self.lists, self.pixels = {}, {layer: [] for layer in range(self.block.depth)}, {}
        self.has_lists, self.has_pixels = self.declared.row_list is not None, self.declared.occupied is not None
        for name in ("recorder__touch_en", "recorder__gate_en", "masks__en", "masks__clear_en", "masks__source",
                     "masks__clear_source", "recorder__touch_layer", "recorder__touch_source", "recorder__touch_pixel",
                     "recorder__touch_channel", "recorder__touch_position", "recorder__gate_word",
                     "recorder__gate_position", "recorder__gates", "gate_reader__position", "gate_reader__word"):
            dut[name].value = 0
        if self.declared.scans:
            dut.gate_finder__word.value = 0
        if self.has_lists:
            for name in ("layer", "en", "place", "forget"):
                dut[f"lists__{name}"].value = 0
        if self.has_pixels:
            for name in ("en", "address", "clear_en", "clear_address"):
                dut[f"pixels__{name}"].value = 0

    async def ready(self):
        for _ in range(10_000):
            if self.dut.clearing.value == 0:
                return
            await FallingEdge(self.dut.clk)
        raise AssertionError("clearing does not end")

    async def touch(self, layer, source, position):
        """One cycle in which a source of a layer is touched."""
        dut, plan = self.dut, self.plan.layers[layer]
        pixel, channel = self._pixel_of(layer, source)
        dut.recorder__touch_en.value, dut.recorder__touch_layer.value = 1, layer
        dut.recorder__touch_source.value = plan.source_base + source
        dut.recorder__touch_pixel.value, dut.recorder__touch_channel.value = pixel, channel
        dut.recorder__touch_position.value = position
        await FallingEdge(dut.clk)
        dut.recorder__touch_en.value = 0
        counts = self.counts.setdefault(plan.source_base + source, [0] * self.block.window)
        found = self.declared.sources[layer]
        if found.listed:
            if not any(counts):
                self.lists[layer].append(plan.source_base + source)
        else:
            width = self.declared.occupied.width
            address = found.base + pixel * found.parts + channel // width
            self.pixels[address] = self.pixels.get(address, 0) | 1 << channel % width
        counts[position] += 1

    def _pixel_of(self, layer, source):
        synapses = self.plan.layers[layer].layer.synapses
        return divmod(source, synapses.channels) if synapses.kind == "conv" else (0, 0)

    async def gates(self, word, position, values):
        dut = self.dut
        dut.recorder__gate_en.value, dut.recorder__gate_word.value = 1, word
        dut.recorder__gate_position.value, dut.recorder__gates.value = position, join(values, self.gate_bits)
        await FallingEdge(dut.clk)
        dut.recorder__gate_en.value = 0

    async def read(self, port, place, found, there):
        """What is read stays until something else is: a place that is only shown is not read."""
        dut = self.dut
        dut[port].value, dut[f"{port.split('__')[0]}__en"].value = place, 1
        await FallingEdge(dut.clk)
        dut[port].value, dut[f"{port.split('__')[0]}__en"].value = (place + 1) % there, 0
        await FallingEdge(dut.clk)
        return int(dut[found].value)

    async def read_gates(self, word, position):
        self.dut.gate_reader__word.value, self.dut.gate_reader__position.value = word, position
        await FallingEdge(self.dut.clk)
        return split(int(self.dut.gate_reader__gates.value), self.gate_bits, self.plan.lanes, signed=False)

    async def is_gated(self, word):
        self.dut.gate_finder__word.value = word
        await FallingEdge(self.dut.clk)
        return self.dut.gate_finder__gated.value == 1

    async def check(self, counts, lists, pixels):
        """All that is kept."""
        dut, declared = self.dut, self.declared
        for source in range(declared.all_sources):
            mask = await self.read("masks__source", source, "masks__mask", declared.all_sources)
            assert mask == join(counts.get(source, [0]), declared.count_bits), f"mask of source {source}"
        for layer, wanted in lists.items():
            if declared.sources[layer].listed:
                dut.lists__layer.value = layer
                await FallingEdge(dut.clk)
                assert int(dut.lists__rows.value) == len(wanted), f"length of list {layer}"
                found = [await self.read("lists__place", place, "lists__source", len(wanted))
                         for place in range(len(wanted))]
                assert found == wanted, f"list {layer}"
        for address in range(declared.occupied.depth if self.has_pixels else 0):
            word = await self.read("pixels__address", address, "pixels__channels", declared.occupied.depth)
            assert word == pixels.get(address, 0), f"pixel word {address}"

    async def forget(self):
        """As the walk does that ends a window."""
        dut = self.dut
        for source in self.counts:
            dut.masks__clear_en.value, dut.masks__clear_source.value = 1, source
            await FallingEdge(dut.clk)
        dut.masks__clear_en.value = 0
        for address in self.pixels:
            dut.pixels__clear_en.value, dut.pixels__clear_address.value = 1, address
            await FallingEdge(dut.clk)
        if self.has_pixels:
            dut.pixels__clear_en.value = 0
        if self.has_lists:
            dut.lists__forget.value = 1
            await FallingEdge(dut.clk)
            dut.lists__forget.value = 0
        self.counts, self.lists, self.pixels = {}, {layer: [] for layer in self.lists}, {}


async def record(buffer, rng, position):
    """A step: touches of random sources, as often as their layer may count, some of them again in the next cycle."""
    for number, plan in enumerate(buffer.plan.layers):
        sources, most = rng.sample(range(plan.sources), rng.choice((0, 1, plan.sources // 2, plan.sources))), 1
        if rng.random() < 0.5:              # channels of a pixel one behind the other
            sources.sort()
        else:
            most = plan.layer.largest_event
        for source in sources:
            for _ in range(rng.randint(1, most)):
                await buffer.touch(number, source, position)
                if rng.random() < 0.2:
                    await FallingEdge(buffer.dut.clk)


@cocotb.test(timeout_time=1000, timeout_unit="us")
async def keeps_what_was_recorded_and_forgets_it(dut):
    buffer, rng = Buffer(dut, load_spec()), random.Random(cocotb.RANDOM_SEED)
    await start(dut)
    await buffer.ready()
    for _ in range(6):
        gates = {}
        for position in range(rng.randint(1, buffer.block.window)):
            await record(buffer, rng, position)
            for word in range(buffer.declared.all_words):
                gates[word, position] = [rng.randrange(1 << buffer.gate_bits if rng.random() < 0.2 else 2)
                                         for _ in range(buffer.plan.lanes)]
                await buffer.gates(word, position, gates[word, position])
        await FallingEdge(dut.clk)
        await buffer.check(buffer.counts, buffer.lists, buffer.pixels)
        if buffer.declared.scans:
            for word in range(buffer.declared.all_words):
                wanted = any(value >> 1 for (of, _), values in gates.items() if of == word for value in values)
                assert await buffer.is_gated(word) == wanted, f"gate of word {word}"
        for place in rng.sample(sorted(gates), len(gates)):
            assert await buffer.read_gates(*place) == gates[place], f"word and position {place}"
        await buffer.forget()
        await buffer.check({}, buffer.lists, {})


@cocotb.test(timeout_time=1000, timeout_unit="us")
async def takes_the_same_source_in_consecutive_cycles(dut):
    buffer = Buffer(dut, load_spec())
    await start(dut)
    await buffer.ready()
    for number, plan in enumerate(buffer.plan.layers):
        for source in (0, plan.sources - 1, 0):
            for position in range(buffer.block.window):
                if max(buffer.counts.get(plan.source_base + source, [0])[position:] or [0]) == 0:
                    for _ in range(plan.layer.largest_event):
                        await buffer.touch(number, source, position)
    await FallingEdge(dut.clk)
    await buffer.check(buffer.counts, buffer.lists, buffer.pixels)
    await buffer.forget()


@cocotb.test(timeout_time=1000, timeout_unit="us")
async def a_reset_forgets_all(dut):
    buffer, rng = Buffer(dut, load_spec()), random.Random(cocotb.RANDOM_SEED)
    await start(dut)
    await buffer.ready()
    for position in range(buffer.block.window):
        await record(buffer, rng, position)
    dut.rst.value = 1
    await FallingEdge(dut.clk)
    dut.rst.value = 0
    await buffer.ready()
    await buffer.check({}, {layer: [] for layer in buffer.lists}, {})
