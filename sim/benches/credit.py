"""cocotb bench of :mod:`rtl_gen.credit`."""

import random

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from rtl_gen.contract.arithmetic import lasting_credit_max, row_feedback_max, signed_bits
from rtl_gen.contract.engines.learning.reverse import Reverse
from rtl_gen.contract.engines.readout import Readout
from rtl_gen.contract.plan import plan_of
from rtl_gen.credit import load_layout

from ..bench import load_spec, start
from ..lanes import join
from ..reference.backward import current_credits
from .level_feedback import given, of_each, told


class Scan:
    """One scan of a window on the component, and the same by the reference."""

    def __init__(self, dut, spec):
        self.dut = dut
        self.block = spec.blocks[0]
        (self.layer,) = self.block.layers
        self.lanes, self.window = self.block.directives.lanes, self.block.window
        reverse = Reverse(plan_of(self.block))
        self.latency = reverse.scan_latency
        self.scan_lanes, self.parts = reverse.scan_lanes, reverse.parts
        self.fed_lanes = Readout(plan_of(self.block)).feedback_lanes        # whose feedback comes at a time
        self.bound, self.largest = row_feedback_max(self.block.readout), lasting_credit_max(self.block, 0)
        for name in ("en", "part", "position", "first", "gates", "feedback", "forget"):
            self.give(name, 0)
        if of_each(self.block):
            dut.read.value = 0
        self.layout = load_layout(self.block)
        self.found = {}             # credits that came out, by part and position

    def give(self, name, value):
        """A port that has no bits takes no value."""
        if name not in ("part", "position") or {"part": self.parts, "position": self.window}[name] > 1:
            self.dut[name].value = value

    async def listen(self):
        while True:
            await RisingEdge(self.dut.clk)
            load = self.layout.from_bits(int(self.dut.load.value))
            if load.valid:
                place = int(load.part), int(load.position)
                assert place not in self.found, f"credits of {place} came twice"
                assert bool(load.ends) == (load.position == 0)
                self.found[place] = [int(load.credits[lane]) for lane in range(self.scan_lanes)]

    def feed(self, rng, feedback, part):
        """Feedback (lanes,) of a step, of all lanes or of those of a part; where it says that there is none it is
        anything.
        """
        if of_each(self.block):
            self.dut.read.value = int(feedback.any())
            if not feedback.any():
                feedback = np.array([rng.randint(-self.bound, self.bound) for _ in feedback])
        if self.fed_lanes < self.lanes:
            feedback = feedback[part * self.fed_lanes:(part + 1) * self.fed_lanes]
        self.dut.feedback.value = join(feedback.tolist(), signed_bits(self.bound))

    def word(self, gates, spikes):
        return join((int(s) | int(g) << 1 for s, g in zip(spikes, gates, strict=True)),
                    1 + self.layer.surrogate.gate_bits)

    async def run(self, rng, gates, spikes, feedback, pauses=False):
        """Credits, (K, lanes), and how many lanes hold a credit. All of these are (steps, lanes)."""
        dut = self.dut
        self.found = {}
        for part in range(self.parts):
            for position in reversed(range(len(gates))):
                while pauses and rng.random() < 0.5:
                    dut.gates.value = rng.getrandbits(self.lanes * (1 + self.layer.surrogate.gate_bits))
                    await FallingEdge(dut.clk)
                self.feed(rng, feedback[position], part)
                dut.en.value, dut.first.value = 1, int(position == len(gates) - 1)
                self.give("part", part)
                self.give("position", position)
                dut.gates.value = self.word(gates[position], spikes[position])
                await FallingEdge(dut.clk)
                dut.en.value = 0
        dut.feedback.value = join((rng.randint(-self.bound, self.bound) for _ in range(self.fed_lanes)),
                                  signed_bits(self.bound))
        for _ in range(self.latency):
            await FallingEdge(dut.clk)
        credits = np.zeros((self.window, self.lanes), np.int64)
        assert len(self.found) == self.parts * len(gates), "credits that came out"
        for (part, position), values in self.found.items():
            lanes = range(part * self.scan_lanes, min((part + 1) * self.scan_lanes, self.lanes))
            credits[position, lanes] = values[:len(lanes)]
            assert not any(values[len(lanes):]), "a lane that there is not has a credit"
        return credits, int(dut.alive.value)

    def expected(self, gates, spikes, feedback):
        found = current_credits(self.layer, told(self.block, feedback), gates, spikes)
        credits = np.zeros((self.window, self.lanes), np.int64)
        credits[:len(found)] = found
        return credits

    async def check(self, rng, gates, spikes, of_lanes, pauses=False):
        feedback = given(self.block, of_lanes, len(gates), rng)
        credits, alive = await self.run(rng, gates, spikes, feedback, pauses)
        expected = self.expected(gates, spikes, feedback)
        assert credits.tolist() == expected.tolist(), f"gates {gates.tolist()}, feedback {feedback.tolist()}"
        assert alive == expected.any(axis=0).sum(), "lanes with a credit"
        return expected


def _last_kept(keep):
    """About the largest credit that a decay takes nothing of."""
    return max(1, round(1 / (1 - keep)) - 1) if keep < 1 else 1


def corners(scan):
    """Gates, spikes and feedback whose credits are the largest and smallest there are, and those next to zero."""
    shape, height = (scan.window, scan.lanes), scan.layer.surrogate.height
    full, none = np.full(shape, height, np.uint8), np.zeros(shape, np.uint8)
    last = none.copy()
    last[-1] = height
    for size in (scan.bound, scan.bound - 1, 1, 2, 3, _last_kept(scan.layer.neuron.keep)):
        for sign in (1, -1):
            for gates in (full, last, none):
                for spikes in (none, np.ones(shape, np.uint8)):
                    yield gates, spikes, [sign * size] * scan.lanes


@cocotb.test(timeout_time=100, timeout_unit="us")
async def matches_reference(dut):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    scan = Scan(dut, spec)
    await start(dut)
    cocotb.start_soon(scan.listen())
    reached = 0
    for gates, spikes, feedback in corners(scan):
        reached = max(reached, np.abs(await scan.check(rng, gates, spikes, feedback)).max())
    one = scan.layer.surrogate.height * scan.bound
    if scan.layer.neuron.keep == 1 and scan.layer.current is None and scan.block.readout.leak_shift is None:
        assert reached == one * scan.block.loss_steps, "the widths were not put to the test"
    # Of the largest level all feedback may be of the first step.
    assert reached > one or scan.block.loss_steps == 1 or of_each(scan.block), "nothing was carried"
    generator = np.random.default_rng(cocotb.RANDOM_SEED)
    for number in range(60):
        shape = (rng.randint(1, scan.window), scan.lanes)
        gates = generator.integers(0, scan.layer.surrogate.height + 1, shape).astype(np.uint8)
        gates[generator.random(shape) < 0.3] = 0
        spikes = (generator.random(shape) < 0.4).astype(np.uint8)
        bound = rng.choice((scan.bound, 200, 3))
        feedback = [rng.choice((0, rng.randint(-bound, bound), bound)) for _ in range(scan.lanes)]
        await scan.check(rng, gates, spikes, feedback, pauses=number % 2 == 1)


@cocotb.test(timeout_time=100, timeout_unit="us")
async def forgets_what_has_not_come_out(dut):
    """What is inside when it is told to forget neither comes out nor counts."""
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    scan = Scan(dut, spec)
    await start(dut)
    cocotb.start_soon(scan.listen())
    shape = (scan.window, scan.lanes)
    gates, spikes = np.full(shape, scan.layer.surrogate.height, np.uint8), np.zeros(shape, np.uint8)
    for at in range(scan.latency + 1):
        scan.found = {}
        dut.feedback.value = join([1] * scan.fed_lanes, signed_bits(scan.bound))
        dut.gates.value = scan.word(gates[0], spikes[0])
        dut.en.value, dut.first.value = 1, 1
        scan.give("part", 0)
        scan.give("position", 0)
        for cycle in range(scan.latency + 2):
            dut.forget.value = int(cycle == at)
            await FallingEdge(dut.clk)
            dut.en.value = 0
        dut.forget.value = 0
        assert not scan.found, f"a credit came out that was forgotten {at} cycles after it went in"
        assert await scan.check(rng, gates, spikes, [0] * scan.lanes) is not None
