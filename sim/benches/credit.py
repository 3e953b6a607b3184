"""cocotb bench of :mod:`rtl_gen.credit`."""

import random

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from rtl_gen.contract.arithmetic import credit_max, feedback_max, signed_bits

from ..bench import load_spec, start
from ..lanes import join, split
from ..reference.forward import neurons_of


class Scan:
    """One scan of a window on the component, and the same by the reference."""

    def __init__(self, dut, spec):
        self.dut = dut
        self.block = spec.blocks[0]
        (self.layer,) = self.block.layers
        self.lanes, self.window = self.block.directives.lanes, self.block.window
        self.bound, self.largest = feedback_max(self.block, 0), credit_max(self.block, 0)
        dut.clear.value = dut.en.value = dut.position.value = dut.gates.value = dut.feedback.value = 0

    async def run(self, rng, gates, spikes, feedback, pauses=False):
        """Credits, (K, lanes), sums of pairs, (K // 2, lanes), and which lanes hold a credit.

        ``gates`` and ``spikes`` are (steps, lanes).
        """
        dut = self.dut
        dut.clear.value = 1
        await FallingEdge(dut.clk)
        dut.clear.value = 0
        dut.feedback.value = join(feedback, signed_bits(self.bound))
        for position in reversed(range(len(gates))):
            while pauses and rng.random() < 0.5:
                dut.gates.value = rng.getrandbits(self.lanes * (1 + self.layer.surrogate.gate_bits))
                await FallingEdge(dut.clk)
            dut.en.value, dut.position.value = 1, position
            dut.gates.value = join((int(s) | int(g) << 1 for s, g in zip(spikes[position], gates[position],
                                                                         strict=True)),
                                   1 + self.layer.surrogate.gate_bits)
            await FallingEdge(dut.clk)
            dut.en.value = 0
        bits, pairs = signed_bits(self.largest), np.zeros((0, self.lanes), np.int64)
        credits = split(int(dut.credits.value), bits, self.lanes * self.window)
        active = int(dut.active.value)
        if self.window > 1:
            await FallingEdge(dut.clk)
            sums = split(int(dut.pairs.value), bits + 1, self.lanes * (self.window // 2))
            pairs = np.array(sums).reshape(self.lanes, self.window // 2).T
        return np.array(credits).reshape(self.lanes, self.window).T, pairs, active

    def expected(self, gates, spikes, feedback):
        signal = np.zeros(gates.shape, np.int64)
        signal[self.window - self.block.loss_steps:] = feedback
        found = neurons_of(self.layer).credits_of(self.layer, signal, gates, spikes)
        credits = np.zeros((self.window, self.lanes), np.int64)
        credits[:len(found)] = found
        return credits

    async def check(self, rng, gates, spikes, feedback, pauses=False):
        credits, pairs, active = await self.run(rng, gates, spikes, feedback, pauses)
        expected = self.expected(gates, spikes, feedback)
        whole = expected[:self.window // 2 * 2]
        assert pairs.tolist() == (whole[::2] + whole[1::2]).tolist(), f"pairs of {expected.tolist()}"
        assert credits.tolist() == expected.tolist(), f"gates {gates.tolist()}, feedback {feedback}"
        assert active == join(expected.any(axis=0), 1)
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
    reached = 0
    for gates, spikes, feedback in corners(scan):
        reached = max(reached, np.abs(await scan.check(rng, gates, spikes, feedback)).max())
    one = scan.layer.surrogate.height * scan.bound
    if scan.layer.neuron.keep == 1:
        assert reached == one * scan.block.loss_steps, "the widths were not put to the test"
    assert reached > one or scan.block.loss_steps == 1, "nothing was carried"
    generator = np.random.default_rng(cocotb.RANDOM_SEED)
    for number in range(60):
        shape = (rng.randint(1, scan.window), scan.lanes)
        gates = generator.integers(0, scan.layer.surrogate.height + 1, shape).astype(np.uint8)
        gates[generator.random(shape) < 0.3] = 0
        spikes = (generator.random(shape) < 0.4).astype(np.uint8)
        bound = rng.choice((scan.bound, 200, 3))
        feedback = [rng.choice((0, rng.randint(-bound, bound), bound)) for _ in range(scan.lanes)]
        await scan.check(rng, gates, spikes, feedback, pauses=number % 2 == 1)
