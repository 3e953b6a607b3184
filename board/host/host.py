"""The driver of a core, the same for a board and a simulation. NumPy only."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract import protocol
from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.memory_map import geometry, pack, unpack, weights_to_words, words_to_weights
from rtl_gen.contract.network import Network, spec_digest
from rtl_gen.contract.protocol import Access, Control, Error, Memory, Packet, Status
from rtl_gen.contract.spec import NetworkSpec

from .link import Beats, Link, LinkTimeoutError

__all__ = ["Host", "HostError", "Result", "Step"]

Integers = NDArray[np.int64]


class HostError(SnnfpgaError):
    """The core is not the one that was built, or it refused something; the message says which."""


@dataclass(frozen=True)
class Result:
    """Answer of the network's last block to a sample.

    Attributes
    ----------
    prediction
        The class with the largest answer, the lowest of equals.
    answers
        One sum a class, (classes,).
    """

    prediction: int
    answers: Integers


@dataclass(frozen=True)
class Step:
    """What the neurons of every block hold after a step.

    Attributes
    ----------
    membranes
        For each block the membranes after the reset, (outputs,).
    spikes
        For each block 0 or 1, (outputs,).
    """

    membranes: tuple[Integers, ...]
    spikes: tuple[Integers, ...]


class Host:
    """Drives one core through a link.

    Parameters
    ----------
    link
        Registers and packets of the core.
    spec
        The network the core was built for.
    timeout_s
        How long any answer is waited for.

    Raises
    ------
    HostError
        If what answers is no core of ours, of another version, or built from another specification.
    """

    def __init__(self, link: Link, spec: NetworkSpec, *, timeout_s: float = 10.0) -> None:
        self.spec = spec
        self._link = link
        self._timeout_s = timeout_s
        self._registers = {register.name: register for register in protocol.registers(spec)}
        self._waiting: dict[tuple[Packet, int], deque[Beats]] = {}
        self._check_identity()

    def read_register(self, name: str) -> int:
        """Value of a register of :func:`rtl_gen.contract.protocol.registers`."""
        return self._link.read(self._registers[name].address)

    def write_register(self, name: str, value: int) -> None:
        """Write a register of :func:`rtl_gen.contract.protocol.registers`."""
        self._link.write(self._registers[name].address, value)

    def load(self, network: Network) -> None:
        """Write weights, readouts, window numbers and seed.

        Raises
        ------
        HostError
            If the network has another specification than the core, or the core refused a write.
        """
        if network.spec != self.spec:
            raise HostError(f"Network {network.spec.name} ({spec_digest(network.spec)[:8]}) has another specification "
                            f"than the core ({spec_digest(self.spec)[:8]}); build a core for it, or load the network "
                            "the core was built from")
        self.wait_for(Status.IDLE)
        self.clear_errors()
        self.write_register("seed", self.spec.seed)
        for block, (weights, readout) in enumerate(zip(network.weights, network.readouts, strict=True)):
            self.write_register(f"block{block}.window_number", network.window_numbers[block])
            self._write_memory(block, Memory.WEIGHTS, weights_to_words(self.spec, block, weights[-1]))
            self._write_memory(block, Memory.READOUT, self._readout_to_words(block, readout))
        self.wait_for(Status.IDLE)
        if Error.WRITE in self.errors():
            raise HostError("The core refused a write of its memories (flag WRITE); reset it and load again")

    def network(self) -> Network:
        """Everything the core holds, read back: what :meth:`load` takes."""
        blocks = range(len(self.spec.blocks))
        return Network(
            spec=self.spec,
            weights=tuple((words_to_weights(self.spec, b, self.read_memory(b, Memory.WEIGHTS)),) for b in blocks),
            readouts=tuple(self._words_to_readout(b, self.read_memory(b, Memory.READOUT)) for b in blocks),
            window_numbers=tuple(self.read_register(f"block{b}.window_number") for b in blocks))

    def run(self, spikes: NDArray[np.integer], *, label: int = 0, learn: bool = False) -> Result:
        """Run one sample, (T, inputs) of 0 and 1, and learn from it where ``learn``.

        Raises
        ------
        ValueError
            If the sample does not fit the network.
        LinkTimeoutError
            If no result came.
        """
        steps = self._sample_beats(spikes, label, learn)
        self._link.send(np.concatenate(steps))
        return self._receive_result()

    def run_stepwise(self, spikes: NDArray[np.integer], *, label: int = 0,
                     learn: bool = False) -> tuple[Result, list[Step]]:
        """As :meth:`run`, halting after every step to read membranes and spikes. Raises as it does."""
        beats = self._sample_beats(spikes, label, learn)
        steps = []
        self.write_register("control", Control.HALT)
        try:
            for t, step in enumerate(beats):
                self._link.send(step, last=t == len(beats) - 1)
                self.wait_for(Status.HALTED)
                steps.append(self._read_step())
                if t < len(beats) - 1:
                    self.write_register("control", Control.HALT | Control.RESUME)
        finally:
            self.write_register("control", 0)
        return self._receive_result(), steps

    def read_memory(self, block: int, memory: Memory) -> Integers:
        """Values of a memory, (depth, fields) as :func:`rtl_gen.contract.memory_map.geometry` says.

        The core answers when it is idle or halted; meanwhile this waits.
        """
        number = protocol.memory_id(block, memory)
        self._wait(lambda: not self.read_register("request") & protocol.REQUEST_PENDING,
                   "the memory request before this one")
        self.write_register("request", number)
        beats = self._receive(Packet.MEMORY, number)
        return unpack(geometry(self.spec, block, memory), beats[1:])

    def counters(self) -> dict[str, int]:
        """All counters, of the core and, as ``block0.events`` and the like, of its blocks."""
        return {name: self.read_register(name) for name, register in self._registers.items()
                if register.access == Access.COUNTER}

    def clear_counters(self) -> None:
        for name, register in self._registers.items():
            if register.access == Access.COUNTER:
                self.write_register(name, 0)

    def errors(self) -> Error:
        """Flags raised since they were cleared."""
        return Error(self.read_register("errors"))

    def clear_errors(self) -> None:
        self.write_register("errors", (1 << 32) - 1)

    def wait_for(self, status: Status) -> None:
        """Wait until the core has all these status bits.

        Raises
        ------
        LinkTimeoutError
            If it has not within the timeout.
        """
        self._wait(lambda: (self.read_register("status") & status) == status, f"status {_names(status)}")

    def _check_identity(self) -> None:
        identity = self.read_register("identity")
        if identity != protocol.IDENTITY:
            raise HostError(f"Identity must be {protocol.IDENTITY:#010x}, not {identity:#010x}: no core of snnfpga is "
                            "at this address; load its bitstream first")
        version = self.read_register("version")
        if version != protocol.VERSION:
            raise HostError(f"Core must speak protocol version {protocol.VERSION}, not {version}; use the driver of "
                            "the build folder the core came from")
        wanted, found = int(spec_digest(self.spec)[:8], 16), self.read_register("digest")
        if found != wanted:
            raise HostError(f"Core must be built from specification {wanted:08x} ({self.spec.name}), not {found:08x}; "
                            "load the bitstream of this build")

    def _sample_beats(self, spikes: NDArray[np.integer], label: int, learn: bool) -> list[Beats]:
        """Beats of each step; the first begins with the sample's start."""
        spikes = np.asarray(spikes)
        if spikes.ndim != 2 or spikes.shape[1] != self.spec.inputs or not 1 <= len(spikes) <= self.spec.max_steps:
            raise ValueError(f"Sample must be (1..{self.spec.max_steps} steps, {self.spec.inputs} inputs), "
                             f"not {spikes.shape}")
        if not np.isin(spikes, (0, 1)).all():
            raise ValueError(f"Sample must hold 0 and 1 only, not {spikes.min()}..{spikes.max()}")
        if not 0 <= label < self.spec.classes:
            raise ValueError(f"Label must be in 0..{self.spec.classes - 1}, not {label}")
        events, end = protocol.event_beat(0), np.array([protocol.end_of_step_beat()], np.uint32)
        steps = [np.concatenate([np.flatnonzero(step).astype(np.uint32) | np.uint32(events), end]) for step in spikes]
        start = np.array([protocol.start_beat(label, learn)], np.uint32)
        return [np.concatenate([start, steps[0]]), *steps[1:]]

    def _read_step(self) -> Step:
        blocks = range(len(self.spec.blocks))

        def read(memory: Memory) -> tuple[Integers, ...]:
            return tuple(self.read_memory(b, memory).reshape(-1)[:self.spec.blocks[b].outputs] for b in blocks)

        return Step(membranes=read(Memory.MEMBRANES), spikes=read(Memory.SPIKES))

    def _write_memory(self, block: int, memory: Memory, values: Integers) -> None:
        header = np.array([protocol.write_beat(protocol.memory_id(block, memory))], np.uint32)
        self._link.send(np.concatenate([header, pack(geometry(self.spec, block, memory), values)]))

    def _readout_to_words(self, block: int, readout: NDArray[np.int32]) -> Integers:
        learned = self.spec.blocks[block].readout.learned
        return readout.astype(np.int64) if learned else (readout < 0).astype(np.int64)

    def _words_to_readout(self, block: int, words: Integers) -> NDArray[np.int32]:
        learned = self.spec.blocks[block].readout.learned
        return (words if learned else 1 - 2 * words).astype(np.int32)

    def _receive_result(self) -> Result:
        beats = self._receive(Packet.RESULT, 0)
        if len(beats) != 1 + self.spec.classes:
            raise HostError(f"Result must have {1 + self.spec.classes} beats, not {len(beats)}; reset the core")
        return Result(prediction=int(beats[0]) & ((1 << protocol.PREDICTION_BITS) - 1),
                      answers=beats[1:].astype(np.uint32).view(np.int32).astype(np.int64))

    def _receive(self, kind: Packet, number: int) -> Beats:
        """The next packet of one kind and memory; others that come before it are kept, in their order."""
        wanted = (kind, number)
        while not self._waiting.get(wanted):
            try:
                beats = self._link.receive(self._timeout_s)
            except TimeoutError as error:
                what = "result" if kind == Packet.RESULT else f"memory {number}"
                raise LinkTimeoutError(f"No {what} came within {self._timeout_s} s: {self._state()}; "
                                       "reset the core and load the network again") from error
            found = Packet(int(beats[0]) >> protocol.KIND_SHIFT)
            memory = int(beats[0]) & ((1 << protocol.MEMORY_BITS) - 1) if found == Packet.MEMORY else 0
            self._waiting.setdefault((found, memory), deque()).append(beats)
        return self._waiting[wanted].popleft()

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self._timeout_s
        while not done():
            if time.monotonic() > deadline:
                raise LinkTimeoutError(f"Waited {self._timeout_s} s for {what}: {self._state()}; "
                                       "reset the core and load the network again")

    def _state(self) -> str:
        return f"status {_names(Status(self.read_register('status')))}, errors {_names(self.errors())}"


def _names(flags: IntFlag) -> str:
    """Names of the bits set; what ``flags.name`` gives differs from Python to Python."""
    return "|".join(str(flag.name) for flag in type(flags) if flag in flags) or "none"

