"""Drivers of a core's AXI ports: whole packets and whole register accesses per call.

They act per beat and not per cycle, and sleep on the handshake they wait for: Python is what costs time here. They
write at rising edges, which cocotb has to put off until registers have seen what was there before.
"""

import random
from collections import deque
from collections.abc import Iterable

import cocotb
import numpy as np
from cocotb.handle import HierarchyObject, LogicArrayObject
from cocotb.triggers import Event, Lock, RisingEdge

from board.host.mailbox import Mailbox
from board.host.port import Beats
from rtl_gen.axi_lite import Response
from rtl_gen.contract.errors import SnnfpgaError


class BusError(SnnfpgaError):
    """A register access was answered by SLVERR."""


class StreamDriver:
    """Sends packets to ``<prefix>_tdata/tvalid/tready/tlast``; before each beat it pauses with probability 1 - duty."""

    def __init__(self, dut: HierarchyObject, prefix: str, *, rng: random.Random, duty: float = 1.0) -> None:
        self.clk = dut.clk
        self.data, self.valid = dut[f"{prefix}_tdata"], dut[f"{prefix}_tvalid"]
        self.ready, self.last = dut[f"{prefix}_tready"], dut[f"{prefix}_tlast"]
        self.rng, self.duty = rng, duty
        self.valid.value = 0

    async def send(self, beats: Iterable[int], *, last: bool = True) -> None:
        """Send ``beats``, with TLAST on the final one where ``last``; returns once all were taken."""
        words = [int(beat) for beat in beats]
        await self.send_marked((word, last and number == len(words)) for number, word in enumerate(words, start=1))

    async def send_marked(self, beats: Iterable[tuple[int, bool]]) -> None:
        """Send beats that come with their TLAST."""
        clk, data, valid, ready, last = self.clk, self.data, self.valid, self.ready, self.last
        edge = RisingEdge(clk)
        for word, final in beats:
            while self.duty < 1 and self.rng.random() >= self.duty:
                valid.value = 0
                await edge
            data.value = word
            last.value = final
            valid.value = 1
            await edge
            while ready.value == 0:
                await RisingEdge(ready)
                await edge
        valid.value = 0


class StreamMonitor:
    """Takes packets from ``<prefix>_tdata/tvalid/tready/tlast`` as they come, and keeps them.

    Raises :exc:`AssertionError`, in the test, where a beat changes before it was taken.
    """

    def __init__(self, dut: HierarchyObject, prefix: str, *, rng: random.Random, duty: float = 1.0) -> None:
        self.clk = dut.clk
        self.data, self.valid = dut[f"{prefix}_tdata"], dut[f"{prefix}_tvalid"]
        self.ready, self.last = dut[f"{prefix}_tready"], dut[f"{prefix}_tlast"]
        self.rng, self.duty = rng, duty
        self.packets: deque[Beats] = deque()
        self.beats = 0
        self._words: list[int] = []
        self._came = Event()
        self.ready.value = 0
        cocotb.start_soon(self._run())

    def forget(self) -> None:
        """Drop what came, a packet's beginning too: the core was reset."""
        self.packets.clear()
        self._words = []

    async def receive(self) -> Beats:
        """The next packet, without its TLAST; waits without end, so the test needs a timeout."""
        while not self.packets:
            self._came.clear()
            await self._came.wait()
        return self.packets.popleft()

    async def _run(self) -> None:
        edge, stalled, ready = RisingEdge(self.clk), None, False
        while True:
            await edge
            if self.valid.value == 0:
                assert stalled is None, f"beat {stalled} was withdrawn before it was taken"
                await RisingEdge(self.valid)
                continue
            beat = int(self.data.value), self.last.value == 1
            assert stalled in (None, beat), f"beat {stalled} became {beat} before it was taken"
            stalled = None if ready else beat
            if ready:
                self._words.append(beat[0])
                self.beats += 1
                if beat[1]:
                    self.packets.append(np.array(self._words, np.uint32))
                    self._words = []
                    self._came.set()
            now_ready = self.rng.random() < self.duty
            if now_ready != ready:
                self.ready.value = ready = now_ready


class RegisterDriver:
    """Reads and writes registers at ``<prefix>_aw…`` to ``<prefix>_r…``; one of each at a time.

    With a duty below 1 the address and data of a write come apart, and responses are taken late, at random.
    """

    def __init__(self, dut: HierarchyObject, prefix: str, *, rng: random.Random, duty: float = 1.0) -> None:
        self.dut, self.prefix, self.rng, self.duty = dut, prefix, rng, duty
        self.edge = RisingEdge(dut.clk)
        self._reading, self._writing = Lock(), Lock()
        for name in ("awvalid", "wvalid", "bready", "arvalid", "rready"):
            self._pin(name).value = 0
        self._pin("wstrb").value = 0xF

    def _pin(self, name: str) -> LogicArrayObject:
        return self.dut[f"{self.prefix}_{name}"]

    async def read(self, address: int) -> int:
        """Value at ``address``, in bytes.

        Raises
        ------
        BusError
            If the answer is not OKAY.
        """
        response, value = await self.try_read(address)
        if response != Response.OKAY:
            raise BusError(f"Read of {address:#06x} was answered {response.name}")
        return value

    async def write(self, address: int, value: int) -> None:
        """Write ``value`` to ``address``; raises as :meth:`read` does."""
        response = await self.try_write(address, value)
        if response != Response.OKAY:
            raise BusError(f"Write of {value:#x} to {address:#06x} was answered {response.name}")

    async def write_all(self, writes: Iterable[tuple[int, int]]) -> None:
        """Write values to addresses, one after another; raises as :meth:`read` does."""
        for address, value in writes:
            await self.write(address, value)

    async def try_read(self, address: int) -> tuple[Response, int]:
        """Response and data of a read."""
        async with self._reading:
            self._pin("araddr").value = address
            await self._hand_over("ar")
            await self._take("r")
            return Response(int(self._pin("rresp").value)), int(self._pin("rdata").value)

    async def try_write(self, address: int, value: int) -> Response:
        """Response of a write."""
        async with self._writing:
            self._pin("awaddr").value = address
            self._pin("wdata").value = value
            if self.duty < 1 and self.rng.random() < 0.7:
                sent = cocotb.start_soon(self._hand_over("w"))
                await self._hand_over("aw")
                await sent
            else:
                await self._hand_over_both()
            await self._take("b")
            return Response(int(self._pin("bresp").value))

    async def _pause(self) -> None:
        while self.duty < 1 and self.rng.random() >= self.duty:
            await self.edge

    async def _hand_over(self, channel: str) -> None:
        await self._pause()
        valid, ready = self._pin(f"{channel}valid"), self._pin(f"{channel}ready")
        valid.value = 1
        await self.edge
        while ready.value == 0:
            await RisingEdge(ready)
            await self.edge
        valid.value = 0

    async def _hand_over_both(self) -> None:
        """Address and data of a write at once, without the price of a second task."""
        left = ["aw", "w"]
        for channel in left:
            self._pin(f"{channel}valid").value = 1
        while left:
            await self.edge
            for channel in list(left):
                if self._pin(f"{channel}ready").value == 1:
                    self._pin(f"{channel}valid").value = 0
                    left.remove(channel)

    async def _take(self, channel: str) -> None:
        await self._pause()
        valid, ready = self._pin(f"{channel}valid"), self._pin(f"{channel}ready")
        ready.value = 1
        await self.edge
        while valid.value == 0:
            await RisingEdge(valid)
            await self.edge
        ready.value = 0


class CoreBus:
    """All ports of a :class:`rtl_gen.core.Core` or a :class:`rtl_gen.mailbox.MailboxCore`.

    It is a :class:`board.host.port.Port`; what it waits for it waits for without end, so the test needs a timeout.

    Attributes
    ----------
    stream
        Its input stream.
    packets
        Its output stream.
    registers
        Its registers.
    clk, reset
        Its clock and its reset.
    """

    def __init__(self, dut: HierarchyObject, *, rng: random.Random, duty: float = 1.0) -> None:
        self.clk, self.reset = dut.clk, dut.rst
        self.registers = RegisterDriver(dut, "s_axi", rng=rng, duty=duty)
        self.stream: StreamDriver | Mailbox
        self.packets: StreamMonitor | Mailbox
        if hasattr(dut, "s_axis_tdata"):
            self.stream = StreamDriver(dut, "s_axis", rng=rng, duty=duty)
            self.packets = StreamMonitor(dut, "m_axis", rng=rng, duty=duty)
        else:
            self.stream = self.packets = Mailbox(self.registers)
        self.read, self.write, self.write_all = self.registers.read, self.registers.write, self.registers.write_all
        self.send = self.stream.send

    async def receive(self, timeout_s: float | None = None) -> Beats:
        """The next packet of the output stream; simulated time has no timeout here."""
        return await self.packets.receive()
