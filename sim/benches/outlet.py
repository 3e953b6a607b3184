"""cocotb bench of :mod:`rtl_gen.outlet`."""

import random

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from rtl_gen.packet import packet_layout

from ..bench import start
from ..stream import StreamSink, StreamSource

RESULT, MEMORY = 0, 1


def packets_of(kind, rng, count):
    """Packets whose beats say whose they are, and count."""
    packets = [[kind << 31 | number << 8 | beat for beat in range(rng.randint(1, 5))] for number in range(count)]
    return packets, [{"data": word, "last": word == packet[-1]} for packet in packets for word in packet]


class Watch:
    """Holds ``drained`` to what went in and came out."""

    def __init__(self, dut):
        self.dut, self.inside, self.open, self.seen = dut, 0, False, set()

    async def run(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            offered = dut.results__valid.value == 1
            drained = dut.drained.value == 1
            assert not (drained and (offered or self.open or self.inside)), "drained with a result on its way"
            self.seen.add(drained)
            if offered and dut.results__ready.value == 1:
                self.inside += 1
                self.open = int(dut.results__payload.value) >> 32 == 0
            if dut.o__valid.value == 1 and dut.o__ready.value == 1:
                self.inside -= int(dut.o__payload.value) >> 31 & 1 == RESULT


@cocotb.test(timeout_time=200, timeout_unit="us")
@cocotb.parametrize(duties=[(1.0, 1.0), (0.3, 0.9), (0.9, 0.4)])
async def keeps_packets_whole(dut, duties):
    rng = random.Random(cocotb.RANDOM_SEED)
    sources = [StreamSource(dut, name, layout=packet_layout(), rng=rng, duty=duties[0])
               for name in ("results", "memories")]
    sink = StreamSink(dut, "o", layout=packet_layout(), rng=rng, duty=duties[1])
    watch = Watch(dut)
    await start(dut)
    cocotb.start_soon(watch.run())
    wanted, sent = zip(*(packets_of(kind, rng, 60) for kind in (RESULT, MEMORY)), strict=True)
    for source, beats in zip(sources, sent, strict=True):
        cocotb.start_soon(source.send(beats))

    found, packet = ([], []), []
    for beat in await sink.receive(sum(map(len, sent))):
        packet.append(beat["data"])
        if beat["last"]:
            found[packet[0] >> 31].append(packet)
            packet = []
    assert found == wanted
    assert not packet
    for _ in range(4):
        await FallingEdge(dut.clk)
        assert dut.o__valid.value == 0, "a beat too many"
    assert dut.drained.value == 1
    assert watch.seen == {False, True}


@cocotb.test(timeout_time=20, timeout_unit="us")
async def lets_results_go_first(dut):
    rng = random.Random(1)
    sources = [StreamSource(dut, name, layout=packet_layout(), rng=rng) for name in ("memories", "results")]
    sink = StreamSink(dut, "o", layout=packet_layout(), rng=rng)
    await start(dut)
    for kind, source in zip((MEMORY, RESULT), sources, strict=True):
        cocotb.start_soon(source.send([{"data": kind << 31 | beat, "last": beat == 1} for beat in range(2)]))
    await ClockCycles(dut.clk, 6)
    await FallingEdge(dut.clk)
    assert [beat["data"] >> 31 for beat in await sink.receive(4)] == [RESULT, RESULT, MEMORY, MEMORY]
