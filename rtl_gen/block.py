"""One block: forward engine, readout and update engine around one weight memory."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .block_registers import BlockRegisters
from .contract.arithmetic import index_bits
from .contract.engines.forward import Forward
from .contract.limits import check_hardware
from .contract.memory_map import geometry, host_memories
from .contract.plan import plan_of
from .contract.protocol import Memory
from .contract.spec import NetworkSpec
from .event_list import EventList, step_layout
from .fifo import StreamFifo
from .forward import ForwardEngine
from .forward_layouts import group_layout
from .packet import packet_layout
from .readout import Readout
from .serialiser import Serialiser
from .token import TokenKind, token_layout
from .turns import Owner, Turns
from .update import UpdateEngine
from .weight_memory import WeightMemory
from .window import WindowBuffer

__all__ = ["Block", "HostPort", "beat_of"]


class HostPort(wiring.Signature):
    """Access to a block's memories while it is idle.

    Members
    -------
    select, layer : Out(3), Out(n)
        The :class:`~rtl_gen.contract.protocol.Memory`, and the layer whose it is.
    address : Out(n)
        The word.
    part, r_data : Out(n), In(32)
        A beat of the word addressed, in the same cycle, from four cycles on after the last change of
        ``select``, ``layer`` and ``address``.
    w_data, w_en : Out(n), Out(1)
        The word is written in a cycle where ``w_en`` is set.
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


def beat_of(word: Value, part: Value) -> Value:
    """32 bits of a word."""
    beats = [word[at:at + 32] for at in range(0, len(word), 32)]
    return Array(beats)[part] if len(beats) > 1 else beats[0]


class Block(wiring.Component):
    """One block of the network.

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

    def elaborate(self, platform: object) -> Module:
        m = Module()
        b, classes, declared = self.block, self.block.readout.classes, Forward(plan_of(self.block))
        m.submodules.events = self._events = EventList(
            b.inputs, classes, reads=b.directives.reads, first=declared.first_event(declared.plan.layers[0]))
        m.submodules.steps = self._steps = StreamFifo(step_layout(b.inputs, classes), depth=2)
        m.submodules.forward = self._forward = ForwardEngine(b)
        # Room for a whole step behind the one that is leaving, and for what is in the pipeline and not yet in the level
        # of a cycle ago.
        groups, in_flight = self._forward.groups, self._forward.latency + 1
        m.submodules.groups = self._groups = StreamFifo(group_layout(b), depth=2 * groups + 2 * in_flight)
        m.submodules.serialiser = self._serialiser = Serialiser(b)
        spikes = token_layout(b.outputs, classes)
        m.submodules.to_readout = self._to_readout = StreamFifo(spikes, depth=4)
        m.submodules.to_next = self._to_next = StreamFifo(spikes, depth=4)
        m.submodules.readout = self._readout = Readout(self.spec, self.index)
        m.d.sync += self._forward.room.eq(self._groups.level <= groups + in_flight)
        # Forward engine and readout must agree on what is learned from.
        m.d.comb += self._forward.off.eq(self.registers.rate.off)
        wiring.connect(m, wiring.flipped(self.registers.rate), self._readout.rate)
        self._connect_tokens(m)
        self._connect_weights(m)
        if b.directives.learns:
            self._connect_learning(m)
        else:
            m.d.comb += [
                self._forward.window_end.ready.eq(1),
                self._weights.writer.address.eq(self.host.address),
                self._weights.writer.weights.eq(self.host.w_data),
                self._weights.writer.en.eq(self._host_writes),
            ]
        self._connect_host(m)
        self._count(m)
        return m

    def _connect_tokens(self, m: Module) -> None:
        """The way of the events: list, forward engine, serialiser, and the fork to the readout and the next block."""
        events, forward = self._events, self._forward
        wiring.connect(m, wiring.flipped(self.i), events.i)
        wiring.connect(m, events.step, self._steps.i)
        wiring.connect(m, self._steps.o, forward.step)
        wiring.connect(m, forward.o, self._groups.i)
        wiring.connect(m, self._groups.o, self._serialiser.i)
        wiring.connect(m, self._to_readout.o, self._readout.i)
        wiring.connect(m, self._to_next.o, wiring.flipped(self.o))
        wiring.connect(m, self._readout.result, wiring.flipped(self.result))
        wiring.connect(m, forward.reader, events.reader)
        spikes, both = self._serialiser.o, (self._to_readout.i, self._to_next.i)
        m.d.comb += spikes.ready.eq(both[0].ready & both[1].ready)
        for branch, other in (both, both[::-1]):
            m.d.comb += [branch.payload.eq(spikes.payload), branch.valid.eq(spikes.valid & other.ready)]

    def _connect_weights(self, m: Module) -> None:
        """One weight memory, and whose turn it is to address what is shared."""
        m.submodules.turns = self._turns = Turns()
        m.submodules.weights = self._weights = weights = WeightMemory(self.block)
        wiring.connect(m, self._forward.weight_reader, weights.forward)
        if self.block.directives.reads > 1:
            wiring.connect(m, self._forward.second_reader, weights.second)
        self._host_writes = Signal()
        m.d.comb += [
            weights.owner.eq(self._turns.owner),
            weights.blank.eq(self._forward.blank),
            weights.host.address.eq(self.host.address),
            self._host_writes.eq(self.host.w_en & (self.host.select == Memory.WEIGHTS)),
        ]

    def _connect_learning(self, m: Module) -> None:
        """Window buffer and update engine, and who holds their ports."""
        forward, readout = self._forward, self._readout
        number = self.spec.layer_number(self.index, 0)
        m.submodules.window = window = WindowBuffer(self.block, forward.gate_layout)
        m.submodules.update = update = self._update = UpdateEngine(self.block, number, forward.gate_layout)
        wiring.connect(m, forward.window_end, update.window_end)
        wiring.connect(m, forward.recorder, window.recorder)
        wiring.connect(m, self._events.clearing, window.clearing)
        wiring.connect(m, update.reader, window.reader)
        wiring.connect(m, update.weight_reader, self._weights.update)
        wiring.connect(m, update.writer, self._weights.writer)
        wiring.connect(m, update.feedback_reader, readout.feedback_reader)
        wiring.connect(m, update.gate_reader, window.gate_reader)
        m.d.comb += [
            update.feedback_groups.eq(readout.feedback_groups),
            update.learn.eq(readout.learn),
            update.skip.eq(readout.skip),
            forward.window_done.eq(update.window_done),
            readout.window_done.eq(update.window_done),
        ]
        for engine in (update, readout):
            m.d.comb += [engine.key.seed.eq(self.registers.seed),
                         engine.key.window_number.eq(self.registers.window_number)]
        m.d.comb += [
            update.rate.eq(self.registers.rate.shift),
            update.host.en.eq(self._host_writes),
            update.host.address.eq(self.host.address),
            update.host.weights.eq(self.host.w_data),
            self._turns.handed.eq(forward.window_end.valid & forward.window_end.ready),
            self._turns.done.eq(update.window_done),
        ]
        with m.If(update.learned):
            m.d.sync += self.registers.window_number.eq(self.registers.window_number + 1)

    def _connect_host(self, m: Module) -> None:
        forward, readout, host = self._forward, self._readout, self.host
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
                    m.d.comb += host.r_data.eq(beat_of(Value.cast(value), host.part))
        parts = [self._events.empty, ~self._steps.o.valid, forward.idle, ~self._groups.o.valid, self._groups.level == 0,
                 self._serialiser.idle, ~self._to_readout.o.valid, ~self._to_next.o.valid, readout.idle]
        if self.block.directives.learns:
            parts.append(self._update.idle)
        m.d.comb += self._turns.free.eq(Cat(parts).all())
        m.d.sync += self.idle.eq(self._turns.free)

    def _count(self, m: Module) -> None:
        """What each counter grows by in this cycle."""
        forward, readout = self._forward, self._readout
        spike = self._serialiser.o.valid & self._serialiser.o.ready & (self._serialiser.o.p.kind == TokenKind.EVENT)
        found: dict[str, list[Value]] = {
            "events": [self._events.accepted],
            "events_dropped": [self._events.dropped],
            "spikes": [spike],
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
        if self.block.directives.learns:
            update = self._update
            found["updates"].append(update.counts.updates)
            found["weights_read"].append(update.counts.updates)
            found["weights_written"].append(update.counts.written)
            found["underflows"].append(update.counts.underflows)
            found["weight_saturations"].append(update.counts.saturations)
            found["update_cycles"].append(update.active)
        for name, parts in found.items():
            m.d.sync += self.registers.increments[name].eq(sum(parts, Const(0)))
