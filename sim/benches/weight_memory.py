"""cocotb bench of :mod:`rtl_gen.weight_memory`: all address at random, and the words are those of whose turn it is."""

import random

import cocotb
from cocotb.triggers import FallingEdge

from rtl_gen.contract.memories import FLAT_WEIGHT_LATENCY
from rtl_gen.contract.plan import plan_of
from rtl_gen.turns import Owner

from ..bench import load_spec, start

CYCLES = 3000


class Memory:
    """Drives every port of the memory, and knows its words."""

    def __init__(self, dut, spec, rng):
        self.dut, self.rng = dut, rng
        (plan,) = plan_of(spec.blocks[0]).layers
        self.bits = plan.lanes * plan.layer.weights.stored_bits
        self.words = [0] * plan.weight_words
        self.readers = {Owner.FORWARD: "forward", Owner.HOST: "host"}
        if spec.blocks[0].directives.learns:
            self.readers[Owner.UPDATE] = "update"
        self.owner = Owner.HOST
        self.reads = spec.blocks[0].directives.reads
        dut.writer__en.value = dut.blank.value = 0

    def address(self):
        """A random address for everybody; returns what is to come of whose turn it is, and of the second side."""
        addresses = {owner: self.rng.randrange(len(self.words)) for owner in self.readers}
        for owner, name in self.readers.items():
            self.dut[f"{name}__address"].value = addresses[owner]
        self.dut.owner.value = self.owner.value
        self.asked = addresses[self.owner]
        blank, words = self.rng.choice((0, 0, 1, 2)) % (1 << self.reads), [self.words[addresses[self.owner]]]
        self.dut.blank.value = blank
        if self.reads > 1:
            second = self.rng.randrange(len(self.words))
            self.dut.second__address.value = second
            words.append(self.words[second] if self.owner is Owner.FORWARD else None)
        return [0 if blank >> number & 1 and word is not None else word for number, word in enumerate(words)]

    async def fill(self):
        for address in range(len(self.words)):
            await self.write(address)
        self.dut.writer__en.value = 0

    async def write(self, address):
        word = self.rng.getrandbits(self.bits)
        self.dut.writer__address.value, self.dut.writer__weights.value = address, word
        self.dut.writer__en.value = 1
        self.words[address] = word
        await FallingEdge(self.dut.clk)


@cocotb.test(timeout_time=100, timeout_unit="us")
async def a_word_is_of_the_owners_address(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    there = Memory(dut, load_spec(), rng)
    there.address()
    await start(dut)
    await there.fill()
    coming, compared, seconds = [], 0, 0
    for _ in range(CYCLES):
        if rng.random() < 0.1:
            there.owner = rng.choice(list(there.readers))
        coming.append(there.address())
        # Not before what is read is fetched; and where one port does both, no second word comes of this cycle.
        if rng.random() < 0.3:
            coming[-1][1:] = [None] * (there.reads - 1)
            await there.write(rng.choice([word for word in range(len(there.words)) if word != there.asked]))
        else:
            await FallingEdge(dut.clk)
        dut.writer__en.value = 0
        if len(coming) == FLAT_WEIGHT_LATENCY:
            expected, *second = coming.pop(0)
            for name in there.readers.values():
                assert int(dut[f"{name}__weights"].value) == expected, f"{name} sees another word"
            if second and second[0] is not None:
                assert int(dut.second__weights.value) == second[0], "the second side sees another word"
                seconds += 1
            compared += 1
    assert compared == CYCLES - FLAT_WEIGHT_LATENCY + 1
    assert (seconds > 0) == (there.reads > 1)
