"""What a host does with a core, in cocotb: load, run samples, read memories and counters."""

import random

import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge
from numpy.typing import NDArray

from rtl_gen.contract.memory_map import geometry, pack, unpack, weights_to_words, words_to_weights
from rtl_gen.contract.network import Network
from rtl_gen.contract.protocol import (
    KIND_SHIFT,
    REQUEST_PENDING,
    Access,
    Beat,
    Control,
    Memory,
    Packet,
    Status,
    memory_id,
    registers,
    write_beat,
)
from rtl_gen.contract.spec import NetworkSpec

from .bus import Beats, CoreBus
from .malformed import sample_beats

Integers = NDArray[np.int64]


class CoreDriver:
    """Drives a core through its bus.

    Parameters
    ----------
    bus
        Its ports.
    spec
        The network it was built for.
    rng
        Shuffles the events of each step, whose order must not matter.
    """

    def __init__(self, bus: CoreBus, spec: NetworkSpec, *, rng: random.Random) -> None:
        self.bus, self.spec, self.rng = bus, spec, rng
        self.addresses = {register.name: register.address for register in registers(spec)}
        self.counter_names = [register.name for register in registers(spec) if register.access == Access.COUNTER]
        self.results: list[Beats] = []

    async def read(self, name: str) -> int:
        return await self.bus.registers.read(self.addresses[name])

    async def write(self, name: str, value: int) -> None:
        await self.bus.registers.write(self.addresses[name], value)

    async def load(self, network: Network) -> None:
        """Write everything the network holds."""
        await self.write("seed", network.spec.seed)
        for block, (weights, readout) in enumerate(zip(network.weights, network.readouts, strict=True)):
            learned = self.spec.blocks[block].readout.learned
            await self.write_memory(block, Memory.WEIGHTS, weights_to_words(self.spec, block, weights[-1]))
            await self.write_memory(block, Memory.READOUT, (readout if learned else readout < 0).astype(np.int64))
            await self.write(f"block{block}.window_number", network.window_numbers[block])
        await self.wait_for(Status.IDLE)

    async def network(self) -> Network:
        """Everything the core holds."""
        weights, readouts, numbers = [], [], []
        for block, spec in enumerate(self.spec.blocks):
            words = await self.read_memory(block, Memory.WEIGHTS)
            weights.append((words_to_weights(self.spec, block, words),))
            signs = await self.read_memory(block, Memory.READOUT)
            readouts.append((signs if spec.readout.learned else 1 - 2 * signs).astype(np.int32))
            numbers.append(await self.read(f"block{block}.window_number"))
        return Network(spec=self.spec, weights=tuple(weights), readouts=tuple(readouts),
                       window_numbers=tuple(numbers))

    async def run(self, spikes: NDArray[np.uint8], *, label: int, learn: bool) -> Beats:
        """Run a sample, (T, inputs) counts of events; gives its result packet."""
        beats = sample_beats(self._events(spikes), label=label, learn=learn)
        await self.bus.stream.send_marked(beats)
        return await self.receive_result()

    async def run_stepwise(self, spikes: NDArray[np.uint8], *, label: int, learn: bool,
                           memories: tuple[Memory, ...]) -> tuple[Beats, list[dict[tuple[int, Memory], Integers]]]:
        """As :meth:`run`, halting after each step to read ``memories`` of each block."""
        beats = sample_beats(self._events(spikes), label=label, learn=learn)
        ends = [at for at, (value, _) in enumerate(beats, start=1) if value >> KIND_SHIFT == Beat.END_OF_STEP]
        steps, begin = [], 0
        await self.write("control", Control.HALT)
        for number, end in enumerate(ends, start=1):
            await self.bus.stream.send_marked(beats[begin:end])
            begin = end
            await self.wait_for(Status.HALTED)
            steps.append({(block, memory): await self.read_memory(block, memory)
                          for block in range(len(self.spec.blocks)) for memory in memories})
            await self.write("control", Control.RESUME | (Control.HALT if number < len(ends) else 0))
        return await self.receive_result(), steps

    async def run_asking(self, spikes: NDArray[np.uint8], *, label: int, learn: bool,
                         block: int) -> tuple[Beats, NDArray[np.int32]]:
        """As :meth:`run`, asking for the weights of ``block`` while the sample is open; they come after its result."""
        beats, number = sample_beats(self._events(spikes), label=label, learn=learn), memory_id(block, Memory.WEIGHTS)
        await self.bus.stream.send_marked(beats[:-1])
        await self.wait_for(Status.OPEN)
        await self.write("request", number)
        await ClockCycles(self.bus.clk, 100)
        assert await self.read("request") & REQUEST_PENDING, "a request was served within a sample"
        await self.bus.stream.send_marked(beats[-1:])
        result = await self.receive_result()
        packet = await self.bus.packets.receive()
        assert int(packet[0]) == Packet.MEMORY << KIND_SHIFT | number, f"packet {int(packet[0]):#x} for memory {number}"
        words = unpack(geometry(self.spec, block, Memory.WEIGHTS), packet[1:])
        return result, words_to_weights(self.spec, block, words)

    async def receive_result(self) -> Beats:
        """The next result packet."""
        if self.results:
            return self.results.pop(0)
        packet = await self.bus.packets.receive()
        assert packet[0] >> KIND_SHIFT == Packet.RESULT, f"packet {int(packet[0]):#x} came instead of a result"
        return packet

    async def read_memory(self, block: int, memory: Memory) -> Integers:
        """Values of a memory, (depth, fields). Results that come before it are kept."""
        number = memory_id(block, memory)
        await self.write("request", number)
        while True:
            packet = await self.bus.packets.receive()
            if packet[0] >> KIND_SHIFT == Packet.MEMORY:
                break
            self.results.append(packet)
        assert int(packet[0]) == Packet.MEMORY << KIND_SHIFT | number, f"packet {int(packet[0]):#x} for memory {number}"
        while await self.read("request") & REQUEST_PENDING:
            pass
        return unpack(geometry(self.spec, block, memory), packet[1:])

    async def write_memory(self, block: int, memory: Memory, values: Integers) -> None:
        beats = pack(geometry(self.spec, block, memory), values)
        await self.bus.stream.send([write_beat(memory_id(block, memory)), *beats.tolist()])

    async def counters(self) -> dict[str, int]:
        return {name: await self.read(name) for name in self.counter_names}

    async def wait_for(self, status: Status) -> None:
        """Wait until the core has all these status bits."""
        while await self.read("status") & status != status:
            pass

    async def reset(self) -> None:
        """Reset the core, and spoil its memories, which a reset leaves as they are."""
        await FallingEdge(self.bus.clk)
        self.bus.reset.value = 1
        await ClockCycles(self.bus.clk, 2)
        await FallingEdge(self.bus.clk)
        self.bus.reset.value = 0
        for block in range(len(self.spec.blocks)):
            for memory in (Memory.WEIGHTS, Memory.READOUT):
                shape = geometry(self.spec, block, memory)
                beats = [self.rng.getrandbits(32) for _ in range(shape.depth * shape.beats)]
                await self.bus.stream.send([write_beat(memory_id(block, memory)), *beats])

    def _events(self, spikes: NDArray[np.uint8]) -> list[list[int]]:
        steps = [np.repeat(np.arange(len(step)), step).tolist() for step in spikes]
        for step in steps:
            self.rng.shuffle(step)
        return steps
