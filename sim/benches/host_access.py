"""cocotb bench of :mod:`rtl_gen.host_access`: ports whose words come as late as they may, and garbage before."""

import random

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotb.utils import get_sim_time

from rtl_gen.contract.memory_map import geometry, host_memories, pack
from rtl_gen.contract.protocol import KIND_SHIFT, Memory, Packet, memory_id
from rtl_gen.host_access import SETTLE_CYCLES
from rtl_gen.packet import packet_layout

from ..bench import PERIOD_NS, load_spec, start
from ..stream import StreamSink

LATENCY = 5         # of a HostPort


class Port:
    """A block's memories, behind its host port."""

    def __init__(self, dut, spec, block, rng):
        self.dut, self.prefix, self.rng = dut, f"port{block}", rng
        self.bits = len(self.pin("w_data"))
        self.words = {}
        for memory in Memory:
            shape = geometry(spec, block, 0, memory)
            high = 1 << (shape.field_bits - shape.signed)
            values = np.array([[rng.randrange(-high if shape.signed else 0, high) for _ in range(shape.fields)]
                               for _ in range(shape.depth)], np.int64)
            beats = pack(shape, values).reshape(shape.depth, shape.beats).tolist()
            self.words[memory] = [sum(beat << 32 * i for i, beat in enumerate(word)) for word in beats]
        self.written = []

    def pin(self, name):
        return self.dut[f"{self.prefix}__{name}"]

    async def run(self):
        before, steady = None, 0
        while True:
            await FallingEdge(self.dut.clk)
            asked = int(self.pin("select").value), int(self.pin("address").value)
            steady = steady + 1 if asked == before else 0
            before = asked
            if self.pin("w_en").value == 1:
                self.written.append((*asked, int(self.pin("w_data").value)))
            word = self.rng.getrandbits(self.bits)
            if steady >= LATENCY and asked[0] < len(Memory) and asked[1] < len(self.words[asked[0]]):
                word = self.words[asked[0]][asked[1]]
            self.pin("r_data").value = word >> 32 * int(self.pin("part").value) & 0xFFFFFFFF


async def begin(dut, rng, duty):
    spec = load_spec()
    dut.pending.value = dut.may_read.value = dut.write__en.value = 0
    dut.request.value = 0
    for name in ("block", "select", "address", "data"):
        dut[f"write__{name}"].value = 0
    ports = [Port(dut, spec, block, rng) for block in range(len(spec.blocks))]
    sink = StreamSink(dut, "o", layout=packet_layout(), rng=rng, duty=duty)
    await start(dut)
    for port in ports:
        cocotb.start_soon(port.run())
    return spec, ports, sink


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(duty=[1.0, 0.4])
async def serves_every_memory(dut, duty):
    rng = random.Random(cocotb.RANDOM_SEED)
    spec, ports, sink = await begin(dut, rng, duty)
    orders = [*host_memories(spec)] * 2
    rng.shuffle(orders)
    served = []

    async def watch():
        while True:
            await RisingEdge(dut.clk)
            if dut.served.value == 1:
                assert dut.o__valid.value == 1, "served with no beat"
                assert dut.o__ready.value == 1, "served before its last beat was taken"
                served.append(True)
                dut.pending.value = 0

    cocotb.start_soon(watch())
    for count, place in enumerate(orders, start=1):
        block, _, memory = place
        number, shape = memory_id(*place), geometry(spec, *place)
        dut.request.value = number
        dut.pending.value = 1
        dut.may_read.value = 0
        for _ in range(rng.randint(0, 6)):
            await FallingEdge(dut.clk)
            assert dut.o__valid.value == 0, "served before the memories may be read"
        dut.may_read.value = 1
        found = await sink.receive(1 + shape.depth * shape.beats)
        words = ports[block].words[memory]
        wanted = [Packet.MEMORY << KIND_SHIFT | number]
        wanted += [word >> 32 * part & 0xFFFFFFFF for word in words for part in range(shape.beats)]
        assert [beat["data"] for beat in found] == wanted
        assert [beat["last"] for beat in found] == [0] * (len(wanted) - 1) + [1]
        await ClockCycles(dut.clk, 3)
        await FallingEdge(dut.clk)
        assert len(served) == count
        assert dut.o__valid.value == 0, "a beat too many"


@cocotb.test(timeout_time=100, timeout_unit="us")
async def writes_into_one_block_alone(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    spec, ports, _ = await begin(dut, rng, 1.0)
    wanted = [[] for _ in ports]
    for _ in range(60):
        block = rng.randrange(len(ports))
        memory = rng.choice((Memory.WEIGHTS, Memory.READOUT))
        address, word = rng.randrange(geometry(spec, block, 0, memory).depth), rng.getrandbits(ports[block].bits)
        for name, value in (("block", block), ("select", memory), ("address", address), ("data", word), ("en", 1)):
            dut[f"write__{name}"].value = value
        wanted[block].append((memory, address, word))
        await FallingEdge(dut.clk)
        dut.write__en.value = 0
        await ClockCycles(dut.clk, rng.randint(0, 1))
        await FallingEdge(dut.clk)
    assert [port.written for port in ports] == wanted


@cocotb.test(timeout_time=100, timeout_unit="us")
async def sends_as_fast_as_it_says(dut):
    spec, _, sink = await begin(dut, random.Random(1), 1.0)
    shape = geometry(spec, 0, 0, Memory.WEIGHTS)
    dut.request.value = memory_id(0, 0, Memory.WEIGHTS)
    dut.pending.value = dut.may_read.value = 1
    await sink.receive(1)
    began = get_sim_time("ns")
    await sink.receive(shape.depth * shape.beats)
    took = (get_sim_time("ns") - began) / PERIOD_NS
    assert took <= shape.depth * (shape.beats + SETTLE_CYCLES)
