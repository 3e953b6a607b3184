"""cocotb bench of :class:`rtl_gen.rounding.StoredUpdate`, several of them side by side."""

import random
from collections import deque

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from rtl_gen.contract.arithmetic import signed_bits
from rtl_gen.contract.network import MAX_RATE
from rtl_gen.rounding import StoredUpdate

from ..bench import load_arrays, start
from ..lanes import Port
from ..reference.update import update


class Weight:
    """Number ``n`` of the design: its ports, its parameters, and its effect by the reference."""

    def __init__(self, dut, n, parameters):
        self.n = n
        self.bits, self.delta_max, self.shift, self.stochastic = parameters
        self.stored = Port(dut, f"stored{n}", bits=self.bits)
        self.delta = Port(dut, f"delta{n}", bits=signed_bits(self.delta_max))
        self.loaded = Port(dut, f"loaded{n}", bits=self.bits)
        self.updated = Port(dut, f"updated{n}", bits=self.bits)
        self.flags = [dut[f"{name}{n}"] for name in ("changed", "underflowed", "saturated")]
        self.seen = np.zeros(3, int)

    def read(self):
        return self.updated.read()[0], *(int(flag.value) for flag in self.flags)

    def expected(self, stored, delta, word, rate):
        shift = self.shift + rate
        addend = word & ((1 << shift) - 1) if self.stochastic else (1 << shift) >> 1
        weight = np.array([[stored]], np.int32)
        _, changed, underflowed, saturated = update(weight, self.bits, shift, np.array([addend], np.int64),
                                                    np.ones((1, 1), np.uint8), 0, np.array([[delta]], np.int64))
        return int(weight[0, 0]), changed, underflowed, saturated

    def corners(self, rng, rate):
        """Where the result meets a bound, where rounding turns, and the largest sums."""
        low, high = -1 << (self.bits - 1), (1 << (self.bits - 1)) - 1
        half, unit = (1 << self.shift + rate) >> 1, 1 << self.shift + rate
        for stored in (low, low + 1, -1, 0, 1, high - 1, high):
            for bound in (low, high):
                for beyond in (-1, 0, 1):
                    change = stored - bound - beyond
                    for offset in (-half - 1, -half, -half + 1, 0, half - 1, half, half + 1):
                        yield stored, change * unit + offset
            for delta in (0, 1, -1, half, -half, half - 1, half + 1, -half - 1, unit, self.delta_max, -self.delta_max):
                yield stored, delta
        for _ in range(200):
            yield rng.randint(low, high), rng.randint(-self.delta_max, self.delta_max) >> rng.randint(0, 20)


@cocotb.test(timeout_time=100, timeout_unit="us")
@cocotb.parametrize(rate=list(range(MAX_RATE + 1)))
async def matches_reference(dut, rate):
    rng = random.Random(cocotb.RANDOM_SEED)
    weights = [Weight(dut, n, parameters) for n, parameters in enumerate(load_arrays()["parameters"].tolist())]
    cases = [[case for case in weight.corners(rng, rate) if abs(case[1]) <= weight.delta_max] for weight in weights]
    dut.word.value = dut.load.value = 0
    dut.rate.value = rate
    await start(dut)
    under_way = deque()
    loaded = None
    for cycle in range(max(map(len, cases)) + StoredUpdate.LATENCY):
        if len(under_way) == StoredUpdate.LATENCY:
            word, given = under_way.popleft()
            for weight, (stored, delta) in zip(weights, given, strict=True):
                expected = weight.expected(stored, delta, word, rate)
                if loaded is not None:
                    expected = (loaded[weight.n], *expected[1:])
                assert weight.read() == expected, f"number {weight.n}: {stored} and {delta}, word {word:#x}"
                weight.seen += expected[1:]
        # The word is all ones or zeros half of the time: what it adds is then the most and the least.
        word = rng.choice((0, 0xFFFFFFFF, rng.getrandbits(32), rng.getrandbits(32)))
        given = [mine[cycle % len(mine)] for mine in cases]
        dut.word.value = word
        for weight, (stored, delta) in zip(weights, given, strict=True):
            weight.stored.write(stored)
            weight.delta.write(delta)
        under_way.append((word, given))
        loaded = None
        if rng.random() < 0.1:
            loaded = [rng.randint(-1 << (weight.bits - 1), (1 << (weight.bits - 1)) - 1) for weight in weights]
            for weight in weights:
                weight.loaded.write(loaded[weight.n])
        dut.load.value = loaded is not None
        await FallingEdge(dut.clk)
    for weight in weights:
        shift = weight.shift + rate
        assert weight.seen[0] > 20 or weight.delta_max < (1 << shift) >> 1
        assert weight.seen[1] > 5 or shift == 0
        assert weight.seen[2] > 5 or weight.delta_max >> shift < 2
