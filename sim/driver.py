"""What a host does with a core, in cocotb, and what only a test does: ask within a sample, and reset."""

import random

import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge
from numpy.typing import NDArray

from board.host.exchange import Exchange, step_beats
from board.host.host import Label
from board.host.port import Beats
from rtl_gen.contract.memory_map import geometry, host_memories, words_to_weights
from rtl_gen.contract.protocol import REQUEST_PENDING, Memory, Status, memory_id, write_beat
from rtl_gen.contract.spec import NetworkSpec

from .bus import CoreBus


class CoreDriver(Exchange):
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
        super().__init__(bus, spec, timeout_s=None)
        self.bus, self.rng = bus, rng

    def steps(self, spikes: NDArray[np.uint8], *, label: Label, learn: bool, tell: bool = False) -> list[Beats]:
        """Beats of each step of a sample, (T, inputs) counts of events."""
        events = [np.repeat(np.arange(len(step)), step).tolist() for step in spikes]
        for step in events:
            self.rng.shuffle(step)
        return step_beats(events, label=label, learn=learn, tell=tell)

    async def run_asking(self, steps: list[Beats], *, block: int, layer: int) -> tuple[Beats, NDArray[np.int32]]:
        """As :meth:`run`, asking for a layer's weights while the sample is open; they come after its result."""
        beats = np.concatenate(steps)
        await self.bus.send(beats[:-1], last=False)
        await self.wait_for(Status.OPEN)
        await self.write("request", memory_id(block, layer, Memory.WEIGHTS))
        await ClockCycles(self.bus.clk, 100)
        assert await self.read("request") & REQUEST_PENDING, "a request was served within a sample"
        await self.bus.send(beats[-1:])
        result = await self.receive_result()
        assert not self.unclaimed, "a memory came before the sample's result"
        words = await self.receive_memory(block, layer, Memory.WEIGHTS)
        return result, words_to_weights(self.spec, block, layer, words)

    async def run_turning(self, steps: list[Beats], rates: list[int]) -> tuple[Beats, Beats]:
        """Run a sample twice, the second right behind the first, and set the rates while the first is open."""
        beats = np.concatenate(steps)
        await self.bus.send(beats[:-1], last=False)
        await self.wait_for(Status.OPEN)
        await self.set_rates(rates)
        await self.bus.send(beats[-1:])
        await self.bus.send(beats)
        return await self.receive_result(), await self.receive_result()

    async def reset(self) -> None:
        """Reset the core, and spoil its memories, which a reset leaves as they are."""
        await FallingEdge(self.bus.clk)
        self.bus.reset.value = 1
        await ClockCycles(self.bus.clk, 2)
        await FallingEdge(self.bus.clk)
        self.bus.reset.value = 0
        for place in host_memories(self.spec):
            shape = geometry(self.spec, *place)
            if shape.writable:
                beats = [self.rng.getrandbits(32) for _ in range(shape.depth * shape.beats)]
                await self.bus.send([write_beat(memory_id(*place)), *beats])
