"""cocotb bench of :mod:`rtl_gen.axi3_bridge`: a processor on one side, a memory that can refuse on the other."""

import random
from dataclasses import dataclass

import cocotb
from cocotb.queue import Queue
from cocotb.triggers import ClockCycles

from rtl_gen.axi3_bridge import (
    Burst,
    Response,
    axi3_address_layout,
    axi3_read_layout,
    axi3_response_layout,
    axi3_write_layout,
    lite_read_layout,
    lite_write_layout,
)

from ..bench import start
from ..stream import StreamSink, StreamSource

ID_BITS, ADDRESS_BITS, WINDOW_BITS = 12, 16, 30
WINDOW = 0x4000_0000
REFUSED = range(0x8000, 0x9000)         # what the far side answers SLVERR
OKAY, SLVERR, DECERR = Response.OKAY.value, Response.SLVERR.value, Response.DECERR.value


@dataclass(frozen=True)
class Request:
    """A burst as the master sends it."""

    addr: int
    id: int
    len: int
    size: int
    burst: int
    beats: tuple[tuple[int, int], ...] = ()      # data, strobe

    def fields(self):
        return {name: getattr(self, name) for name in ("addr", "id", "len", "size", "burst")}

    def addresses(self):
        """The addresses of the beats, as the AXI3 specification defines them for word beats."""
        block = 4 * (self.len + 1)
        for i in range(self.len + 1):
            if self.burst == Burst.FIXED.value:
                yield self.addr
            elif self.burst == Burst.WRAP.value:
                base = self.addr // block * block
                yield base + (self.addr - base + 4 * i) % block
            else:
                yield self.addr + 4 * i


class Registers:
    """The far side: words at addresses, in any order of address and data, with random waits."""

    def __init__(self, dut, rng, duty):
        self.dut, self.rng = dut, rng
        self.words = {}
        self.reads, self.writes = [], []
        self.aw = StreamSink(dut, "lite_aw", rng=rng, duty=duty)
        self.w = StreamSink(dut, "lite_w", layout=lite_write_layout(), rng=rng, duty=duty)
        self.b = StreamSource(dut, "lite_b", rng=rng, duty=duty)
        self.ar = StreamSink(dut, "lite_ar", rng=rng, duty=duty)
        self.r = StreamSource(dut, "lite_r", layout=lite_read_layout(), rng=rng, duty=duty)

    async def serve_reads(self):
        while True:
            (address,) = await self.ar.receive(1)
            self.reads.append(address)
            resp = SLVERR if address in REFUSED else OKAY
            await self.r.send([{"data": self.words.get(address, address ^ 0x5A5A0000), "resp": resp}])

    async def _take(self, sink, queue):
        while True:
            await queue.put((await sink.receive(1))[0])

    async def serve_writes(self):
        # Addresses and data are taken as they come, so that one too many would be seen.
        addresses, words = Queue(), Queue()
        cocotb.start_soon(self._take(self.aw, addresses))
        cocotb.start_soon(self._take(self.w, words))
        while True:
            address, word = await addresses.get(), await words.get()
            self.writes.append((address, word["data"], word["strb"]))
            if address in REFUSED:
                await self.b.send([SLVERR])
            else:
                self.words[address] = word["data"]
                await self.b.send([OKAY])


def random_request(rng, writing):
    burst = rng.choice([Burst.FIXED.value, Burst.INCR.value, Burst.WRAP.value])
    length = rng.choice([1, 3, 7, 15]) if burst == Burst.WRAP.value else rng.choice([0, 0, 0, 1, 5, 15])
    offset = 4 * rng.randrange(64) + rng.choice([0, 0, 0x7F80, 0x8000])
    where = rng.choice([0, 0, 0, 1 << ADDRESS_BITS, 1 << (WINDOW_BITS - 1)])
    # Now and then a word and a misaligned word, and a halfword where words are wanted.
    size = rng.choice([2, 2, 2, 2, 1, 0])
    beats = tuple((rng.getrandbits(32), rng.choice([15, 15, 15, rng.randrange(16)])) for _ in range(length + 1))
    return Request(addr=WINDOW + where + offset, id=rng.randrange(1 << ID_BITS), len=length, size=size, burst=burst,
                   beats=beats if writing else ())


def allowed(request, address):
    """The answer a beat gets from the bridge itself, or None where the far side answers."""
    if address % (1 << WINDOW_BITS) >> ADDRESS_BITS:
        return DECERR
    return SLVERR if request.size != 2 else None


def expected_reads(request, words):
    """Beats of the answer, and the addresses that reach the far side."""
    beats, reached = [], []
    for i, address in enumerate(request.addresses()):
        resp, word, offset = allowed(request, address), 0, address % (1 << ADDRESS_BITS)
        if resp is None:
            reached.append(offset)
            resp = SLVERR if offset in REFUSED else OKAY
            word = words.get(offset, offset ^ 0x5A5A0000)
        beats.append({"data": word, "id": request.id, "resp": resp, "last": int(i == request.len)})
    return beats, reached


def expected_writes(request):
    """The answer, and what reaches the far side."""
    worst, reached = OKAY, []
    for address, (word, strobe) in zip(request.addresses(), request.beats, strict=True):
        resp, offset = allowed(request, address), address % (1 << ADDRESS_BITS)
        if resp is None and strobe != 15:
            resp = SLVERR
        if resp is None:
            reached.append((offset, word, strobe))
            resp = SLVERR if offset in REFUSED else OKAY
        worst = max(worst, resp)
    return {"id": request.id, "resp": worst}, reached


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(duty=[1.0, 0.4])
async def serves_bursts_beat_by_beat(dut, duty):
    """Reads and writes at the same time; a read's words are at addresses no write goes to."""
    rng = random.Random(cocotb.RANDOM_SEED)
    far = Registers(dut, rng, duty)
    aw = StreamSource(dut, "aw", layout=axi3_address_layout(ID_BITS), rng=rng, duty=duty)
    w = StreamSource(dut, "w", layout=axi3_write_layout(), rng=rng, duty=duty)
    b = StreamSink(dut, "b", layout=axi3_response_layout(ID_BITS), rng=rng, duty=duty)
    ar = StreamSource(dut, "ar", layout=axi3_address_layout(ID_BITS), rng=rng, duty=duty)
    r = StreamSink(dut, "r", layout=axi3_read_layout(ID_BITS), rng=rng, duty=duty)
    await start(dut)
    cocotb.start_soon(far.serve_reads())
    cocotb.start_soon(far.serve_writes())
    reads = [random_request(rng, writing=False) for _ in range(120)]
    writes = [random_request(rng, writing=True) for _ in range(120)]
    # The far side's words stay as they are for reads: writes go to a copy.
    far.words = dict.fromkeys(range(0, 0x40, 4), 0xC0FFEE)
    held = dict(far.words)
    cocotb.start_soon(ar.send(request.fields() for request in reads))
    expected = [expected_reads(request, held) for request in reads]
    answers = await r.receive(sum(len(beats) for beats, _ in expected))
    assert answers == [beat for beats, _ in expected for beat in beats]
    assert far.reads == [address for _, reached in expected for address in reached]

    cocotb.start_soon(aw.send(request.fields() for request in writes))
    cocotb.start_soon(w.send({"data": word, "strb": strobe} for request in writes for word, strobe in request.beats))
    wanted = [expected_writes(request) for request in writes]
    assert await b.receive(len(writes)) == [answer for answer, _ in wanted]
    assert far.writes == [beat for _, reached in wanted for beat in reached]
    answers = [answer["resp"] for answer, _ in wanted]
    assert {OKAY, SLVERR, DECERR} == set(answers) == {beat["resp"] for beats, _ in expected for beat in beats}
    await ClockCycles(dut.clk, 20)
    assert dut.b__valid.value == 0
    assert dut.r__valid.value == 0
    assert len(far.writes) == sum(len(reached) for _, reached in wanted)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def reads_go_on_while_a_write_waits(dut):
    """A write whose data never come does not stop the reads."""
    rng = random.Random(cocotb.RANDOM_SEED)
    far = Registers(dut, rng, 1.0)
    aw = StreamSource(dut, "aw", layout=axi3_address_layout(ID_BITS), rng=rng)
    ar = StreamSource(dut, "ar", layout=axi3_address_layout(ID_BITS), rng=rng)
    r = StreamSink(dut, "r", layout=axi3_read_layout(ID_BITS), rng=rng)
    await start(dut)
    cocotb.start_soon(far.serve_reads())
    request = Request(addr=WINDOW + 8, id=5, len=3, size=2, burst=Burst.INCR.value)
    await aw.send([request.fields()])
    await ar.send([request.fields()])
    assert await r.receive(4) == expected_reads(request, {})[0]
    assert dut.b__valid.value == 0
