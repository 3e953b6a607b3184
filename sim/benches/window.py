"""cocotb bench of :mod:`rtl_gen.window`."""

import random

import cocotb
from cocotb.triggers import FallingEdge

from rtl_gen.contract.plan import plan_of

from ..bench import load_spec, start
from ..lanes import join, split


class Buffer:
    """Drives the buffer's ports, one action a cycle. An index into one thing has no bits, and is not driven."""

    def __init__(self, dut, spec):
        self.dut = dut
        self.block = spec.blocks[0]
        (self.layer,) = self.block.layers
        (plan,) = plan_of(self.block).layers
        self.lanes, self.groups = plan.lanes, plan.words
        self.gate_bits = 1 + self.layer.surrogate.gate_bits
        for name in ("recorder__touch_en", "recorder__gate_en", "reader__clear_en", "reader__forget", "clearing__en",
                     "reader__advance"):
            dut[name].value = 0
        for name in ("recorder__touch_row", "recorder__touch_position", "recorder__gate_first", "recorder__gates",
                     "reader__list_position", "reader__mask_row", "reader__clear_row", "gate_reader__position",
                     "gate_reader__group", "clearing__row"):
            dut[name].value = 0

    async def record(self, touch=None, gates=None, first=False):
        """One cycle with a touch (row, position), with a group's gates, with both or with neither."""
        dut = self.dut
        dut.recorder__touch_en.value, dut.recorder__gate_en.value = int(touch is not None), int(gates is not None)
        if touch is not None:
            dut.recorder__touch_row.value, dut.recorder__touch_position.value = touch
        if gates is not None:
            dut.recorder__gates.value, dut.recorder__gate_first.value = join(gates, self.gate_bits), int(first)
        await FallingEdge(dut.clk)
        dut.recorder__touch_en.value = dut.recorder__gate_en.value = 0

    async def read_row(self, position):
        await self._read("reader__list_position", position)
        return int(self.dut.reader__row.value) if self.layer.inputs > 1 else 0

    async def read_mask(self, row):
        await self._read("reader__mask_row", row)
        return int(self.dut.reader__mask.value)

    async def _read(self, port, place):
        """What is read stays until something else is: a place that is only shown is not read."""
        self.dut[port].value, self.dut.reader__advance.value = place, 1
        await FallingEdge(self.dut.clk)
        self.dut[port].value, self.dut.reader__advance.value = (place + 1) % self.layer.inputs, 0
        await FallingEdge(self.dut.clk)

    async def read_gates(self, position, group):
        self.dut.gate_reader__position.value, self.dut.gate_reader__group.value = position, group
        await FallingEdge(self.dut.clk)
        return split(int(self.dut.gate_reader__gates.value), self.gate_bits, self.lanes, signed=False)

    async def clear(self, row):
        self.dut.reader__clear_en.value, self.dut.reader__clear_row.value = 1, row
        await FallingEdge(self.dut.clk)
        self.dut.reader__clear_en.value = 0

    async def forget(self):
        self.dut.reader__forget.value = 1
        await FallingEdge(self.dut.clk)
        self.dut.reader__forget.value = 0


def random_window(rng, buffer, steps):
    """A window as cycles of (touch, gates), and what must be kept of it: masks by row, rows in order, gates."""
    cycles, masks, gates = [], {}, {}
    inputs, lanes = buffer.layer.inputs, buffer.lanes
    for position in range(steps):
        rows = rng.sample(range(inputs), rng.choice((0, 1, inputs // 2, inputs)))
        touches = [(row, position) for row in rows]
        for row in rows:
            masks[row] = masks.get(row, 0) | 1 << position
        made = [[rng.randrange(1 << buffer.gate_bits) for _ in range(lanes)] for _ in range(buffer.groups)]
        gates.update({(position, group): values for group, values in enumerate(made)})
        together = [(touch, made.pop(0) if made and rng.random() < 0.5 else None) for touch in touches]
        cycles += [*together, *[(None, values) for values in made]]
        cycles += [(None, None)] * rng.choice((0, 1, 3))
        if any(touch is not None for touch, _ in cycles[-2:]):
            cycles += [(None, None)] * 2        # the same input may come in the next step, three cycles later
    return cycles, masks, gates


async def record(buffer, cycles):
    first = True
    for touch, gates in cycles:
        await buffer.record(touch, gates, first)
        first = first and gates is None
    for _ in range(2):                          # a touch is written two cycles after it
        await buffer.record()


@cocotb.test(timeout_time=300, timeout_unit="us")
async def keeps_what_was_recorded_and_forgets_it(dut):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    buffer = Buffer(dut, spec)
    await start(dut)
    for _ in range(10):
        cycles, masks, gates = random_window(rng, buffer, rng.randint(1, buffer.block.window))
        await record(buffer, cycles)
        assert int(dut.reader__rows.value) == len(masks)
        rows = list(dict.fromkeys(touch[0] for touch, _ in cycles if touch is not None))
        assert [await buffer.read_row(position) for position in range(len(rows))] == rows
        found = {row: await buffer.read_mask(row) for row in range(buffer.layer.inputs)}
        assert found == {row: masks.get(row, 0) for row in range(buffer.layer.inputs)}
        for place in rng.sample(sorted(gates), len(gates)):
            assert await buffer.read_gates(*place) == gates[place], f"position and group {place}"
        for row in rows:
            await buffer.clear(row)
        assert [await buffer.read_mask(row) for row in rows] == [0] * len(rows)
        assert int(dut.reader__rows.value) == len(rows), "the list was forgotten by itself"
        await buffer.forget()
        assert int(dut.reader__rows.value) == 0


@cocotb.test(timeout_time=300, timeout_unit="us")
async def takes_an_input_again_after_three_cycles(dut):
    buffer = Buffer(dut, load_spec())
    last = buffer.layer.inputs - 1
    await start(dut)
    for position in range(buffer.block.window):
        await buffer.record((last, position))
        for _ in range(2):
            await buffer.record()
    assert await buffer.read_mask(last) == (1 << buffer.block.window) - 1
    assert int(dut.reader__rows.value) == 1, "a row stands in the list twice"
    assert await buffer.read_row(0) == last
    await buffer.clear(last)
    await buffer.forget()


@cocotb.test(timeout_time=300, timeout_unit="us")
async def forgets_the_masks_it_is_told_to_clear(dut):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    buffer = Buffer(dut, spec)
    inputs = buffer.layer.inputs
    await start(dut)
    for row in range(inputs):
        await buffer.record((row, rng.randrange(buffer.block.window)))
    for _ in range(2):
        await buffer.record()
    for row in range(inputs):
        dut.clearing__en.value, dut.clearing__row.value = 1, row
        await FallingEdge(dut.clk)
    dut.clearing__en.value = 0
    assert [await buffer.read_mask(row) for row in range(inputs)] == [0] * inputs
