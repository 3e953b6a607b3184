"""A core in Python: the protocol around the integer reference, reached directly or through a mailbox."""

import copy
from collections import deque
from dataclasses import replace

import numpy as np

from board.host.port import LinkTimeoutError
from rtl_gen.contract import protocol
from rtl_gen.contract.memory_map import geometry, host_memories, pack, unpack, weights_to_words, words_to_weights
from rtl_gen.contract.network import RATE_OFF, spec_digest
from rtl_gen.contract.protocol import Access, Beat, Control, Error, Memory, Packet, Status
from rtl_gen.contract.windows import told_after
from sim.reference.network import Reference


class BusError(Exception):
    """What a processor gets for SLVERR."""


class FakeCore:
    """Takes beats while it is ``ready`` and fills ``output`` with (beat, last)."""

    def __init__(self, network):
        self.spec = network.spec
        self.reference = Reference(network)
        self.output = deque()
        self.registers = {r.address: r for r in protocol.registers(self.spec)}
        self.values = {r.name: 0 for r in self.registers.values()}
        self.values |= {"identity": protocol.IDENTITY, "version": protocol.VERSION, "seed": self.spec.seed,
                        "digest": int(spec_digest(self.spec)[:8], 16)}
        self.halted = False
        self.requests = deque()
        self.state = None           # last membranes and spikes
        self.answers = None
        self.drops = None           # packets of this kind never come
        self._sample = None
        self._write = None

    @property
    def ready(self):
        return not self.halted

    # Registers

    def read(self, address):
        if address not in self.registers:
            raise BusError(f"read {address:#x}")
        name = self.registers[address].name
        block, _, counter = name.partition(".")
        if name == "status":
            return (Status.IDLE * (self._sample is None and not self.halted) | Status.HALTED * self.halted
                    | Status.OPEN * (self._sample is not None) | Status.REQUEST * bool(self.requests))
        if name == "request":
            return self.values[name] | protocol.REQUEST_PENDING * bool(self.requests)
        if counter == "window_number":
            return self.reference.network().window_numbers[int(block[5:])]
        if counter == "rate":
            return self.reference.rates[int(block[5:])]
        if counter:
            return self.values[name] + self.reference.counters[int(block[5:])].get(counter, 0)
        return self.values[name]

    def write(self, address, value):
        register = self.registers.get(address)
        if register is None or register.access == Access.READ:
            raise BusError(f"write {address:#x}")
        block, _, counter = register.name.partition(".")
        if register.name == "control":
            self.values["control"] = value & Control.HALT
            self.halted = self.halted and not value & Control.RESUME and bool(value & Control.HALT)
        elif register.name == "request":
            self._request(value)
        elif register.name == "errors":
            self.values["errors"] &= ~value
        elif register.name == "watchdog":
            self.values["watchdog"] = value
        elif register.name == "seed":
            self.values["seed"] = self.reference.seed = value
        elif counter == "window_number":
            numbers = list(self.reference.network().window_numbers)
            numbers[int(block[5:])] = value
            self._replace(window_numbers=tuple(numbers))
        elif counter == "rate":
            if value > RATE_OFF:
                raise BusError(f"rate {value}")
            assert self._sample is None, "rates are set between samples"
            self.reference.rates[int(block[5:])] = value
        else:
            self.values[register.name] = 0
            if counter:
                self._keep_counters(exclude=register.name)
        self._serve()

    # Streams

    def take(self, beat, last):
        assert self.ready
        kind = Beat(beat >> protocol.KIND_SHIFT)
        if self._write is not None:
            self._write.append(beat)
        elif kind == Beat.WRITE:
            self._write = [beat]
        elif kind == Beat.START:
            of_steps, self._tells = beat >> protocol.STEP_LABELS_BIT & 1, beat >> protocol.TELL_BIT & 1
            self._sample = ([[]], [] if of_steps else beat & 0xFFFF, bool(beat >> protocol.LEARN_BIT & 1))
        elif kind == Beat.EVENT:
            self._sample[0][-1].append(beat & (1 << protocol.INDEX_BITS) - 1)
        else:
            if isinstance(self._sample[1], list):
                self._sample[1].append(beat & 0xFFFF if beat >> protocol.LABELLED_BIT & 1 else -1)
            self._end_of_step(last)
        if self._write is not None and last:
            self._written(self._write)
            self._write = None
        self._serve()

    def _end_of_step(self, last):
        steps, label, learn = self._sample
        spikes = np.zeros((len(steps), self.spec.inputs), np.uint8)
        for t, step in enumerate(steps):
            np.add.at(spikes[t], step, 1)
        # A sample that is still open is looked at in a copy: nothing is learned from it yet.
        reference = self.reference if last else copy.deepcopy(self.reference)
        result = reference.run(spikes, np.array(label), learn, trace=True)
        self.state = tuple([[steps[-1] for steps in layers] for layers in kind]
                           for kind in (result.membranes, result.spikes))
        self.answers = result.answers
        if self._tells and not last and len(steps) - 1 in told_after(self.spec.blocks[-1], len(steps) + 1):
            self._send(Packet.SO_FAR << protocol.KIND_SHIFT | result.prediction,
                       result.answers[-1].astype(np.int32).view(np.uint32))
        steps.append([])
        if last:
            self._sample = None
            self.values["samples"] += 1
            self._send(Packet.RESULT << protocol.KIND_SHIFT | result.prediction,
                       result.answers[-1].astype(np.int32).view(np.uint32))
        self.halted = bool(self.values["control"] & Control.HALT)

    def _written(self, packet):
        number = packet[0] & (1 << protocol.MEMORY_BITS) - 1
        block, layer, kind = protocol.memory_place(number)
        memory = Memory(kind)
        shape = geometry(self.spec, block, layer, memory)
        if len(packet) != 1 + shape.depth * shape.beats or not shape.writable:
            self.values["errors"] |= Error.WRITE
            return
        values = unpack(shape, np.array(packet[1:], np.uint32))
        network = self.reference.network()
        if memory == Memory.WEIGHTS:
            weights = list(network.weights)
            layers = list(weights[block])
            layers[layer] = words_to_weights(self.spec, block, layer, values)
            weights[block] = tuple(layers)
            self._replace(weights=tuple(weights))
        else:
            readouts = list(network.readouts)
            learned = self.spec.blocks[block].readout.learned
            readouts[block] = (values if learned else 1 - 2 * values).astype(np.int32)
            self._replace(readouts=tuple(readouts))

    def _replace(self, **changes):
        self._keep_counters()
        self.reference = Reference(replace(self.reference.network(), **changes))

    def _keep_counters(self, exclude=None):
        for b, counters in enumerate(self.reference.counters):
            for name, value in counters.items():
                self.values[f"block{b}.{name}"] += value
        if exclude:
            self.values[exclude] = 0
        self.reference.clear_counters()

    def _request(self, number):
        if self.requests or protocol.memory_place(number) not in host_memories(self.spec):
            raise BusError(f"request {number}")
        self.values["request"] = number
        self.requests.append(number)

    def _serve(self):
        if self._write is not None or (self._sample is not None and not self.halted):
            return
        while self.requests:
            number = self.requests.popleft()
            block, layer, kind = protocol.memory_place(number)
            shape = geometry(self.spec, block, layer, Memory(kind))
            self._send(Packet.MEMORY << protocol.KIND_SHIFT | number,
                       pack(shape, self._values(block, layer, Memory(kind), shape)))

    def _values(self, block, layer, memory, shape):
        network = self.reference.network()
        if memory == Memory.WEIGHTS:
            return weights_to_words(self.spec, block, layer, network.weights[block][layer])
        if memory == Memory.READOUT:
            readout = network.readouts[block].astype(np.int64)
            return readout if self.spec.blocks[block].readout.learned else (readout < 0).astype(np.int64)
        flat = np.zeros(shape.depth * shape.fields, np.int64)
        held = self.answers[block] if memory == Memory.ANSWERS else self.state[memory == Memory.SPIKES][block][layer]
        flat[:len(held)] = held
        return flat.reshape(shape.depth, shape.fields)

    def _send(self, header, words):
        if int(header) >> protocol.KIND_SHIFT == self.drops:
            return
        beats = [int(header), *(int(word) for word in words)]
        self.output.extend((beat, i == len(beats) - 1) for i, beat in enumerate(beats))


class FakeLink:
    """The core at the end of a wire. A beat the core would not take is an error at once."""

    def __init__(self, core):
        self.core = core
        self.read = core.read
        self.write = core.write

    def send(self, beats, *, last=True):
        for i, beat in enumerate(beats):
            assert self.core.ready, f"beat {i} of {len(beats)} sent to a halted core"
            self.core.take(int(beat), last and i == len(beats) - 1)

    def receive(self, timeout_s):
        packet = []
        while self.core.output:
            beat, last = self.core.output.popleft()
            packet.append(beat)
            if last:
                return np.array(packet, np.uint32)
        raise LinkTimeoutError(f"No packet came within {timeout_s} s")


class FakeMmio:
    """The core behind the mailbox, with queues of ``depth`` beats. Counts accesses that the bus would refuse."""

    def __init__(self, core, depth=4):
        self.core = core
        self.depth = depth
        self.tx, self.rx = deque(), deque()

    def read(self, offset):
        self._move()
        if offset == protocol.MAILBOX_TX_STATUS:
            return self.depth - len(self.tx)
        if offset == protocol.MAILBOX_RX_STATUS:
            if not self.rx:
                return 0
            return protocol.MAILBOX_RX_WAITS | protocol.MAILBOX_RX_LAST * self.rx[0][1]
        if offset == protocol.MAILBOX_RX:
            if not self.rx:
                raise BusError("read of an empty mailbox")
            return self.rx.popleft()[0]
        return self.core.read(offset)

    def write(self, offset, value):
        assert isinstance(value, int), "the real one takes Python integers"
        assert 0 <= value < 1 << 32
        if offset in (protocol.MAILBOX_TX, protocol.MAILBOX_TX_LAST):
            if len(self.tx) == self.depth:
                raise BusError("write to a full mailbox")
            self.tx.append((value, offset == protocol.MAILBOX_TX_LAST))
        else:
            self.core.write(offset, value)
        self._move()

    def _move(self):
        while self.core.output and len(self.rx) < self.depth:
            self.rx.append(self.core.output.popleft())
        # As in hardware: a core that cannot send takes nothing.
        while self.tx and self.core.ready and not self.core.output:
            self.core.take(*self.tx.popleft())
