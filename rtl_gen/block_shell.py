"""What every block has, whichever engines run it: readout, weight memory, the fork of its spikes, host, counters."""

from functools import partial
from typing import NamedTuple

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .block_registers import BlockRegisters
from .contract.arithmetic import index_bits
from .contract.engines.readout import Readout as ReadoutEngine
from .contract.limits import check_hardware
from .contract.memory_map import geometry, host_memories
from .contract.plan import plan_of
from .contract.protocol import Memory
from .contract.spec import NetworkSpec
from .fifo import StreamFifo
from .packet import packet_layout
from .readout import Readout
from .token import token_layout
from .turns import Owner, Turns
from .weight_memory import WeightMemory

__all__ = ["BlockShell", "ForwardWay", "HostPort"]

HELD = ("select", "layer", "address", "w_data", "w_en")     # what a block holds of what the host says


class HostPort(wiring.Signature):
    """Access to a block's memories while it is idle.

    Members
    -------
    select, layer : Out(3), Out(n)
        The :class:`~rtl_gen.contract.protocol.Memory`, and the layer whose it is.
    address : Out(n)
        The word.
    part, r_data : Out(n), In(32)
        A beat of the word addressed, in the same cycle, from five cycles on after the last change of
        ``select``, ``layer`` and ``address``.
    w_data, w_en : Out(n), Out(1)
        The word is written where ``w_en`` is set, some cycles later.
    """

    def __init__(self, spec: NetworkSpec, block: int) -> None:
        shapes = [geometry(spec, *place) for place in host_memories(spec) if place[0] == block]
        beats = max(shape.beats for shape in shapes)
        super().__init__({
            "select": Out(3),
            "layer": Out(index_bits(spec.blocks[block].depth)),
            "address": Out(index_bits(max(shape.depth for shape in shapes))),
            "part": Out(index_bits(beats)),
            "r_data": In(32),
            "w_data": Out(beats * 32),
            "w_en": Out(1),
        })


def _beat(word: Value, part: Value) -> Value:
    """32 bits of a word."""
    beats = [word[at:at + 32] for at in range(0, len(word), 32)]
    return Array(beats)[part] if len(beats) > 1 else beats[0]


class ForwardWay(NamedTuple):
    """The way of a block's events to its spikes.

    Attributes
    ----------
    engine
        The forward engine: host access to membranes and spikes, windows, counters, weights.
    spikes
        The block's spikes, a stream of tokens.
    accepted, dropped, spike
        An event was taken, a second one was dropped, a neuron of any layer fired, in this cycle.
    empty
        Bits that are all 1 where nothing is inside.
    """

    engine: wiring.Component
    spikes: stream.Interface
    accepted: Value
    dropped: Value
    spike: Value
    empty: list[Value]


class BlockShell(wiring.Component):
    """One block of the network around its engines, which a subclass adds: :class:`~rtl_gen.block.Block` those of one
    dense layer, :class:`~rtl_gen.folded.block.FoldedBlock` those of all others.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    index : int
        Which of its blocks this is.

    Members
    -------
    i : In(stream of tokens)
        The sample's events.
    o : Out(stream of tokens)
        The sample's spikes, in the same form.
    result : Out(stream of packet beats)
        A result packet for each sample that was not aborted.
    idle : Out(1)
        Nothing is inside: all that came in has left, all updates are done. A register: what comes in, it knows in the
        next cycle.
    host : In(HostPort)
        Memory access while idle.
    registers : Out(BlockRegisters)
        Counters, window number, rate and seed.

    Raises
    ------
    SpecError
        If the network has what no engine serves.
    """

    def __init__(self, spec: NetworkSpec, index: int) -> None:
        self.spec = spec
        self.index = index
        self.block = b = spec.blocks[index]
        check_hardware(spec)
        super().__init__({
            "i": In(stream.Signature(token_layout(b.inputs, b.readout.classes))),
            "o": Out(stream.Signature(token_layout(b.outputs, b.readout.classes))),
            "result": Out(stream.Signature(packet_layout())),
            "idle": Out(1),
            "host": In(HostPort(spec, index)),
            "registers": Out(BlockRegisters(spec, index)),
        })

    def _add_forward(self, m: Module, tokens: stream.Interface) -> ForwardWay:
        """Add what takes ``tokens``, those of ``i``, and makes spikes of them."""
        raise NotImplementedError

    def _add_learning(self, m: Module, forward: wiring.Component) -> wiring.Component:
        """Add what learns, with the memories that only it reads; joined to the forward engine but for windows' ends."""
        raise NotImplementedError

    def _weight_address(self) -> Value:
        """Where in the weight memory the word lies that the host addresses."""
        return self._host.address

    def _products(self, learning: wiring.Component) -> list[Value]:
        """Products of weights in this cycle, where learning takes some."""
        return []

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # In registers of the block's own, since the host is far away.
        self._host = self.host.signature.flip().create(path=("hosted",))
        m.d.sync += [getattr(self._host, name).eq(getattr(self.host, name)) for name in HELD]
        self._waits: list[Value] = []                   # whether tokens are in front of the forward engine
        self._way = way = self._add_forward(m, self._ahead(m))
        spikes = way.spikes.p.shape()
        m.submodules.to_readout = self._to_readout = StreamFifo(spikes, depth=4)
        m.submodules.to_next = self._to_next = StreamFifo(spikes, depth=4)
        m.submodules.readout = self._readout = Readout(self.spec, self.index)
        m.submodules.turns = self._turns = Turns()
        m.submodules.weights = self._weights = WeightMemory(self.block)
        # Forward engine and readout must agree on what is learned from.
        m.d.comb += way.engine.off.eq(self.registers.rate.off)
        wiring.connect(m, wiring.flipped(self.registers.rate), self._readout.rate)
        self._connect_spikes(m)
        self._connect_weights(m)
        self._learning = self._add_learning(m, way.engine) if self.block.directives.learns else None
        if self._learning is not None:
            self._connect_learning(m, self._learning)
        else:
            m.d.comb += [
                way.engine.window_end.ready.eq(1),
                self._weights.writer.address.eq(self._weights.host.address),
                self._weights.writer.weights.eq(self._host.w_data),
                self._weights.writer.en.eq(self._host_writes),
            ]
        self._connect_host(m)
        self._count(m)
        return m

    def _ahead(self, m: Module) -> stream.Interface:
        """What comes, behind a queue where the directives ask for one."""
        tokens, most = wiring.flipped(self.i), self.block.directives.ahead
        if not most:
            return tokens
        # One more is in a register.
        m.submodules.ahead = queue = StreamFifo(tokens.p.shape(), depth=most + 1)
        wiring.connect(m, tokens, queue.i)
        self._waits += [queue.o.valid, queue.level != 0]
        return queue.o

    def _connect_spikes(self, m: Module) -> None:
        """Spikes go to the readout and to the next block, when both have room."""
        wiring.connect(m, self._to_readout.o, self._readout.i)
        wiring.connect(m, self._to_next.o, wiring.flipped(self.o))
        wiring.connect(m, self._readout.result, wiring.flipped(self.result))
        spikes, both = self._way.spikes, (self._to_readout.i, self._to_next.i)
        m.d.comb += spikes.ready.eq(both[0].ready & both[1].ready)
        for branch, other in (both, both[::-1]):
            m.d.comb += [branch.payload.eq(spikes.payload), branch.valid.eq(spikes.valid & other.ready)]

    def _connect_weights(self, m: Module) -> None:
        """One weight memory, and whose turn it is to address what is shared."""
        weights, engine = self._weights, self._way.engine
        wiring.connect(m, engine.weight_reader, weights.forward)
        if self.block.directives.reads > 1:
            wiring.connect(m, engine.second_reader, weights.second)
        self._host_writes = Signal(name="host_writes")
        m.d.comb += [
            weights.owner.eq(self._turns.owner),
            weights.blank.eq(engine.blank),
            weights.host.address.eq(self._weight_address()),
            self._host_writes.eq(self._host.w_en & (self._host.select == Memory.WEIGHTS)),
        ]

    def _connect_learning(self, m: Module, learning: wiring.Component) -> None:
        """What learns hears of windows from the forward engine and of errors from the readout, and has the weights."""
        forward, readout, weights = self._way.engine, self._readout, self._weights
        wiring.connect(m, forward.window_end, learning.window_end)
        wiring.connect(m, learning.weight_reader, weights.update)
        wiring.connect(m, learning.writer, weights.writer)
        wiring.connect(m, learning.feedback_reader, readout.feedback_reader)
        m.d.comb += [
            learning.feedback_groups.eq(readout.feedback_groups),
            learning.learn.eq(readout.learn),
            learning.skip.eq(readout.skip),
            forward.window_done.eq(learning.window_done),
            readout.window_done.eq(learning.window_done),
            learning.rate.eq(self.registers.rate.shift),
            learning.host.en.eq(self._host_writes),
            learning.host.address.eq(weights.host.address),
            learning.host.weights.eq(self._host.w_data),
            self._turns.handed.eq(forward.window_end.valid & forward.window_end.ready),
            self._turns.done.eq(learning.window_done),
        ]
        if ReadoutEngine(plan_of(self.block)).feedback_parts > 1:
            m.d.comb += learning.feedback_parts.eq(readout.feedback_parts)
        for engine in (learning, readout):
            m.d.comb += [engine.key.seed.eq(self.registers.seed),
                         engine.key.window_number.eq(self.registers.window_number)]
        # A cycle late, for what decides it is far away: in the cycle before this the last row's random word is still
        # made; the next window's are long to come.
        learned = Signal()
        m.d.sync += learned.eq(learning.learned & readout.labelled)
        with m.If(learned):
            m.d.sync += self.registers.window_number.eq(self.registers.window_number + 1)

    def _connect_host(self, m: Module) -> None:
        forward, readout, host = self._way.engine, self._readout, self._host
        with m.If(self.registers.w_en):
            m.d.sync += self.registers.window_number.eq(self.registers.w_data)
        m.d.comb += [
            forward.host_reads.eq(self._turns.owner == Owner.HOST),
            forward.host_address.eq(host.address),
            readout.host_address.eq(host.address),
            readout.host_w_data.eq(host.w_data),
            readout.host_w_en.eq(host.w_en & (host.select == Memory.READOUT)),
        ]
        with m.Switch(host.select):
            for select, value in ((Memory.WEIGHTS, self._weights.host.weights),
                                  (Memory.READOUT, readout.host_weights),
                                  (Memory.MEMBRANES, forward.host_membranes),
                                  (Memory.SPIKES, forward.host_spikes),
                                  (Memory.ANSWERS, readout.host_answer)):
                with m.Case(select):
                    m.d.comb += self.host.r_data.eq(_beat(Value.cast(value), self.host.part))
        parts = [*(~waits for waits in self._waits), *self._way.empty, ~self._to_readout.o.valid,
                 ~self._to_next.o.valid, readout.idle]
        if self._learning is not None:
            parts.append(self._learning.idle)
        m.d.comb += self._turns.free.eq(Cat(parts).all())
        m.d.sync += self.idle.eq(self._turns.free)

    def _count(self, m: Module) -> None:
        """What each counter grows by in this cycle."""
        way, forward, readout = self._way, self._way.engine, self._readout
        found: dict[str, list[Value]] = {
            "events": [way.accepted],
            "events_dropped": [way.dropped],
            "spikes": [way.spike],
            "synaptic_operations": [forward.synaptic_operations],
            "readout_operations": [readout.operations],
            "multiplies": [readout.multiplies],
            "windows_learned": [readout.windows_learned],
            "windows_skipped": [readout.windows_skipped],
            "updates": [readout.counts.updates],
            "weights_read": [forward.synaptic_operations, forward.bias_reads, readout.multiplies,
                             readout.counts.updates],
            "weights_written": [readout.counts.written],
            "underflows": [readout.counts.underflows],
            "membrane_saturations": [forward.membrane_saturations],
            "weight_saturations": [readout.counts.saturations],
            "forward_cycles": [forward.active],
            "busy_lane_cycles": [forward.busy_lanes],
            "update_cycles": [],
            "stall_cycles": [forward.stalled],
        }
        if self.block.readout.learned:
            found["weights_read"].append(readout.operations)
        if self._learning is not None:
            learning = self._learning
            found["multiplies"] += self._products(learning)
            found["updates"].append(learning.counts.updates)
            found["weights_read"] += [learning.counts.updates, *self._products(learning)]
            found["weights_written"].append(learning.counts.written)
            found["underflows"].append(learning.counts.underflows)
            found["weight_saturations"].append(learning.counts.saturations)
            found["update_cycles"].append(learning.active)
        for name, parts in found.items():
            m.d.sync += self.registers.increments[name].eq(sum(map(partial(self._counted, m), parts), Const(0)))

    def _counted(self, m: Module, part: Value) -> Value:
        """What is counted, a cycle later: lanes that are counted are not summed to others in the same cycle."""
        held = Signal(Value.cast(part).shape(), name="counted")
        m.d.sync += held.eq(part)
        return held
