"""What a host says to a core and waits to hear, over any port: the one account of the protocol on the host's side.

:class:`board.host.host.Host` carries it out in calls that block, the benches in simulation await it. NumPy only.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from enum import IntFlag

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtl_gen.contract import protocol
from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.memory_map import (
    geometry,
    host_memories,
    pack,
    readout_to_words,
    unpack,
    weights_to_words,
    words_to_readout,
    words_to_weights,
)
from rtl_gen.contract.network import Network, check_rates, spec_digest
from rtl_gen.contract.protocol import Access, Control, Error, Memory, Packet, Status
from rtl_gen.contract.spec import NetworkSpec

from .port import Beats, LinkTimeoutError, Port

__all__ = ["Exchange", "HostError", "Integers", "answers_in", "step_beats"]

Integers = NDArray[np.int64]


class HostError(SnnfpgaError):
    """The core is not the one that was built, or it refused something; the message says which."""


def step_beats(events: Sequence[ArrayLike], *, label: int | Sequence[int] | NDArray[np.integer], learn: bool,
               tell: bool = False) -> list[Beats]:
    """Beats of each step of a sample, from the indices of its events; the first begins with the sample's start.

    Parameters
    ----------
    label
        Of the sample, or (T,) of each step; -1 is none.
    tell
        Whether the core is to tell its answers so far as windows end.
    """
    of_steps = np.ndim(label) > 0
    labels = np.asarray(label).tolist() if of_steps else [-1] * len(events)
    ends = [np.array([protocol.end_of_step_beat(own)], np.uint32) for own in labels]
    steps = [np.concatenate([np.asarray(step, np.uint32) | np.uint32(protocol.event_beat(0)), end])
             for step, end in zip(events, ends, strict=True)]
    of_sample = 0 if of_steps else max(0, int(label))
    start = np.array([protocol.start_beat(of_sample, learn and (of_steps or int(label) >= 0), step_labels=of_steps,
                                          tell=tell)], np.uint32)
    return [np.concatenate([start, steps[0]]), *steps[1:]]


def answers_in(packet: Beats) -> Integers:
    """The answers, (classes,), of a packet that tells them."""
    return packet[1:].astype(np.uint32).view(np.int32).astype(np.int64)


class Exchange:
    """Everything a host does with a core, in terms of its registers and packets.

    Parameters
    ----------
    port
        Registers and packets of the core.
    spec
        The network the core was built for.
    timeout_s
        How long any answer is waited for; None waits without end.
    """

    def __init__(self, port: Port, spec: NetworkSpec, *, timeout_s: float | None) -> None:
        self.spec = spec
        self._port = port
        self._timeout_s = timeout_s
        self._registers = {register.name: register for register in protocol.registers(spec)}
        self._kept: dict[tuple[Packet, int], deque[Beats]] = {}

    @property
    def unclaimed(self) -> int:
        """Packets that came and that nothing has asked for yet."""
        return sum(map(len, self._kept.values()))

    async def check_identity(self) -> None:
        """Refuse what is no core of ours, of another version, or built from another specification.

        Raises
        ------
        HostError
            If it is.
        """
        identity = await self.read("identity")
        if identity != protocol.IDENTITY:
            raise HostError(f"Identity must be {protocol.IDENTITY:#010x}, not {identity:#010x}: no core of snnfpga is "
                            "at this address; load its bitstream first")
        version = await self.read("version")
        if version != protocol.VERSION:
            raise HostError(f"Core must speak protocol version {protocol.VERSION}, not {version}; use the driver of "
                            "the build folder the core came from")
        wanted, found = int(spec_digest(self.spec)[:8], 16), await self.read("digest")
        if found != wanted:
            raise HostError(f"Core must be built from specification {wanted:08x} ({self.spec.name}), not {found:08x}; "
                            "load the bitstream of this build")

    async def read(self, name: str) -> int:
        """Value of a register of :func:`rtl_gen.contract.protocol.registers`."""
        return await self._port.read(self._registers[name].address)

    async def write(self, name: str, value: int) -> None:
        """Write a register of :func:`rtl_gen.contract.protocol.registers`."""
        await self._port.write(self._registers[name].address, value)

    async def load(self, network: Network) -> None:
        """Write weights, readouts, window numbers, rates and seed.

        Raises
        ------
        HostError
            If the network has another specification than the core, or the core refused a write.
        """
        if network.spec != self.spec:
            raise HostError(f"Network {network.spec.name} ({spec_digest(network.spec)[:8]}) has another specification "
                            f"than the core ({spec_digest(self.spec)[:8]}); build a core for it, or load the network "
                            "the core was built from")
        await self.wait_for(Status.IDLE)
        await self.clear_errors()
        await self.write("seed", self.spec.seed)
        for block, (weights, readout) in enumerate(zip(network.weights, network.readouts, strict=True)):
            await self.write(f"block{block}.window_number", network.window_numbers[block])
            for layer, stored in enumerate(weights):
                await self._write_memory(block, layer, Memory.WEIGHTS,
                                         weights_to_words(self.spec, block, layer, stored))
            await self._write_memory(block, 0, Memory.READOUT, readout_to_words(self.spec, block, readout))
        await self.set_rates(network.rates)
        await self.wait_for(Status.IDLE)
        if Error.WRITE in await self.errors():
            raise HostError("The core refused a write of its memories (flag WRITE); reset it and load again")

    async def set_rates(self, rates: Sequence[int]) -> None:
        """Set the rate of each block: 0..3, or :data:`rtl_gen.contract.network.RATE_OFF`.

        Every sample that is sent from now on has them; one that is under way keeps those that it began with.

        Raises
        ------
        SpecError
            If there is not a rate for each block, or one is none; nothing was written then.
        """
        check_rates(self.spec, rates)
        for block, rate in enumerate(rates):
            await self.write(f"block{block}.rate", rate)

    async def set_watchdog(self, cycles: int) -> None:
        """End what has begun once no beat came for so many clock cycles; 0 waits without end, as after a reset.

        A sample ends as an aborted one: it gives no result, and its unfinished window is not learned from.

        Raises
        ------
        HostError
            If the register does not hold so many.
        """
        if not 0 <= cycles < 1 << protocol.WATCHDOG_BITS:
            raise HostError(f"Watchdog must be in 0..{(1 << protocol.WATCHDOG_BITS) - 1} cycles, not {cycles}")
        await self.write("watchdog", cycles)

    async def network(self) -> Network:
        """Everything the core holds, read back: what :meth:`load` takes."""
        weights, readouts, numbers, rates = [], [], [], []
        for block, spec in enumerate(self.spec.blocks):
            weights.append(tuple([
                words_to_weights(self.spec, block, layer, await self.read_memory(block, layer, Memory.WEIGHTS))
                for layer in range(spec.depth)]))
            words = await self.read_memory(block, 0, Memory.READOUT)
            readouts.append(words_to_readout(self.spec, block, words))
            numbers.append(await self.read(f"block{block}.window_number"))
            rates.append(await self.read(f"block{block}.rate"))
        return Network(spec=self.spec, weights=tuple(weights), readouts=tuple(readouts),
                       window_numbers=tuple(numbers), rates=tuple(rates))

    async def run(self, steps: Sequence[Beats]) -> Beats:
        """Run one sample, in the beats of its steps; gives its result packet.

        Raises
        ------
        LinkTimeoutError
            If no result came.
        HostError
            If it is none of this network.
        """
        self._forget_told()
        await self._port.send(np.concatenate(steps))
        return await self.receive_result()

    async def run_stepwise(self, steps: Sequence[Beats], memories: Sequence[Memory]) -> tuple[
            Beats, list[dict[tuple[int, int, Memory], Integers]]]:
        """As :meth:`run`, halting after every step to read all ``memories`` of these kinds. Raises as it does."""
        found = []
        self._forget_told()
        await self.write("control", Control.HALT)
        try:
            for number, beats in enumerate(steps, start=1):
                last = number == len(steps)
                await self._port.send(beats, last=last)
                await self.wait_for(Status.HALTED)
                found.append({place: await self.read_memory(*place)
                              for place in host_memories(self.spec) if place[2] in memories})
                if not last:
                    await self.write("control", Control.HALT | Control.RESUME)
        finally:
            await self.write("control", 0)
        return await self.receive_result(), found

    async def read_memory(self, block: int, layer: int, memory: Memory) -> Integers:
        """Values of a memory, (depth, fields) as :func:`rtl_gen.contract.memory_map.geometry` says.

        A readout's have the layer 0. The core answers when it is idle or halted; meanwhile this waits.
        """
        await self._wait("request", lambda value: not value & protocol.REQUEST_PENDING,
                         "the memory request before this one")
        await self.write("request", protocol.memory_id(block, layer, memory))
        return await self.receive_memory(block, layer, memory)

    async def receive_memory(self, block: int, layer: int, memory: Memory) -> Integers:
        """Values of a memory that was asked for."""
        beats = await self._receive(Packet.MEMORY, protocol.memory_id(block, layer, memory))
        return unpack(geometry(self.spec, block, layer, memory), beats[1:])

    async def receive_result(self) -> Beats:
        """The next result packet: a header with the prediction, and an answer for each class."""
        return await self._receive_answers(Packet.RESULT)

    async def receive_so_far(self) -> Beats:
        """The next packet of answers told within a sample; they are as a result."""
        return await self._receive_answers(Packet.SO_FAR)

    def _forget_told(self) -> None:
        """Drop what a sample told that then gave no result: it would be taken for what the next one tells."""
        self._kept.pop((Packet.SO_FAR, 0), None)

    async def _receive_answers(self, kind: Packet) -> Beats:
        beats = await self._receive(kind, 0)
        if len(beats) != 1 + self.spec.classes:
            raise HostError(f"Result must have {1 + self.spec.classes} beats, not {len(beats)}; reset the core")
        return beats

    async def counters(self) -> dict[str, int]:
        """All counters, of the core and, as ``block0.events`` and the like, of its blocks."""
        return {name: await self.read(name) for name in self._counters()}

    async def clear_counters(self) -> None:
        """Set all counters to 0."""
        for name in self._counters():
            await self.write(name, 0)

    async def errors(self) -> Error:
        """Flags raised since they were cleared."""
        return Error(await self.read("errors"))

    async def clear_errors(self) -> None:
        """Take back all error flags."""
        await self.write("errors", (1 << 32) - 1)

    async def wait_for(self, status: Status) -> None:
        """Wait until the core has all these status bits.

        Raises
        ------
        LinkTimeoutError
            If it has not within the timeout.
        """
        await self._wait("status", lambda value: value & status == status, f"status {_names(status)}")

    def _counters(self) -> list[str]:
        return [name for name, register in self._registers.items() if register.access == Access.COUNTER]

    async def _write_memory(self, block: int, layer: int, memory: Memory, values: Integers) -> None:
        header = np.array([protocol.write_beat(protocol.memory_id(block, layer, memory))], np.uint32)
        await self._port.send(np.concatenate([header, pack(geometry(self.spec, block, layer, memory), values)]))

    async def _receive(self, kind: Packet, number: int) -> Beats:
        """The next packet of one kind and memory; others that come before it are kept, in their order."""
        wanted = (kind, number)
        while not self._kept.get(wanted):
            try:
                beats = await self._port.receive(self._timeout_s)
            except TimeoutError as error:
                what = f"memory {number}" if kind == Packet.MEMORY else "result"
                if kind != Packet.MEMORY and Error.TIMEOUT in await self.errors():
                    raise LinkTimeoutError(
                        "No result came: this program stood still within a sample, and the core's watchdog ended it "
                        "(flag TIMEOUT); let it wait longer, or 0 for ever, and load the network again") from error
                raise LinkTimeoutError(f"No {what} came within {self._timeout_s} s: {await self._state()}; "
                                       "reset the core and load the network again") from error
            found = Packet(int(beats[0]) >> protocol.KIND_SHIFT)
            memory = int(beats[0]) & ((1 << protocol.MEMORY_BITS) - 1) if found == Packet.MEMORY else 0
            self._kept.setdefault((found, memory), deque()).append(beats)
        return self._kept[wanted].popleft()

    async def _wait(self, register: str, done: Callable[[int], bool], what: str) -> None:
        deadline = None if self._timeout_s is None else time.monotonic() + self._timeout_s
        while not done(await self.read(register)):
            if deadline is not None and time.monotonic() > deadline:
                raise LinkTimeoutError(f"Waited {self._timeout_s} s for {what}: {await self._state()}; "
                                       "reset the core and load the network again")

    async def _state(self) -> str:
        status = Status(await self.read("status"))
        return f"status {_names(status)}, errors {_names(await self.errors())}"


def _names(flags: IntFlag) -> str:
    """Names of the bits set; what ``flags.name`` gives differs from Python to Python."""
    return "|".join(str(flag.name) for flag in type(flags) if flag in flags) or "none"
