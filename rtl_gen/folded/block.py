"""A folded block: one forward engine for all of its layers, its readout, and what learns, around one weight memory."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..block import HostPort, beat_of
from ..block_registers import BlockRegisters
from ..contract.limits import check_hardware
from ..contract.plan import plan_of
from ..contract.protocol import Memory
from ..contract.spec import NetworkSpec
from ..fifo import StreamFifo
from ..packet import packet_layout
from ..readout import Readout
from ..token import token_layout
from ..turns import Owner, Turns
from ..weight_memory import WeightMemory
from .by_layer import by_layer
from .forward import FoldedForwardEngine
from .learning import FoldedLearning

__all__ = ["FoldedBlock"]


class FoldedBlock(wiring.Component):
    """One block of the network whose layers take turns on one pair of engines.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    index : int
        Which of its blocks this is.

    Members
    -------
    i, o, result, idle, host, registers
        As :class:`~rtl_gen.block.Block` has them.

    Raises
    ------
    SpecError
        If the network has what no engine serves.
    """

    def __init__(self, spec: NetworkSpec, index: int) -> None:
        self.spec = spec
        self.index = index
        self.block = b = spec.blocks[index]
        self._plan = plan_of(b)
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
        b = self.block
        spikes = token_layout(b.outputs, b.readout.classes)
        m.submodules.forward = forward = self._forward = FoldedForwardEngine(b)
        m.submodules.to_readout = self._to_readout = StreamFifo(spikes, depth=4)
        m.submodules.to_next = self._to_next = StreamFifo(spikes, depth=4)
        m.submodules.readout = readout = self._readout = Readout(self.spec, self.index)
        m.submodules.turns = self._turns = Turns()
        m.submodules.weights = weights = self._weights = WeightMemory(b)
        # Forward engine and readout must agree on what is learned from.
        m.d.comb += forward.off.eq(self.registers.rate.off)
        wiring.connect(m, wiring.flipped(self.registers.rate), readout.rate)
        wiring.connect(m, wiring.flipped(self.i), forward.i)
        wiring.connect(m, self._to_readout.o, readout.i)
        wiring.connect(m, self._to_next.o, wiring.flipped(self.o))
        wiring.connect(m, readout.result, wiring.flipped(self.result))
        wiring.connect(m, forward.weight_reader, weights.forward)
        both = (self._to_readout.i, self._to_next.i)
        m.d.comb += forward.o.ready.eq(both[0].ready & both[1].ready)
        for branch, other in (both, both[::-1]):
            m.d.comb += [branch.payload.eq(forward.o.payload), branch.valid.eq(forward.o.valid & other.ready)]
        m.d.comb += [weights.owner.eq(self._turns.owner), weights.blank.eq(forward.blank)]
        self._learning = FoldedLearning(b, self.spec.layer_number(self.index, 0)) if b.directives.learns else None
        self._connect_host(m)
        if self._learning is not None:
            m.submodules.learning = self._learning
            self._connect_learning(m, self._learning)
        else:
            m.d.comb += [
                forward.window_end.ready.eq(1),
                weights.writer.address.eq(self._host_address),
                weights.writer.weights.eq(self.host.w_data),
                weights.writer.en.eq(self._host_writes),
            ]
        self._count(m)
        return m

    def _connect_learning(self, m: Module, learning: FoldedLearning) -> None:
        """What learns, and who holds its ports."""
        forward, readout, weights = self._forward, self._readout, self._weights
        wiring.connect(m, forward.window_end, learning.window_end)
        wiring.connect(m, forward.recorder, learning.recorder)
        wiring.connect(m, learning.weight_reader, weights.update)
        wiring.connect(m, learning.writer, weights.writer)
        wiring.connect(m, learning.feedback_reader, readout.feedback_reader)
        m.d.comb += [
            learning.feedback_groups.eq(readout.feedback_groups),
            learning.learn.eq(readout.learn),
            learning.skip.eq(readout.skip),
            forward.hold.eq(learning.clearing),
            forward.window_done.eq(learning.window_done),
            readout.window_done.eq(learning.window_done),
            learning.rate.eq(self.registers.rate.shift),
            learning.host.en.eq(self._host_writes),
            learning.host.address.eq(self._host_address),
            learning.host.weights.eq(self.host.w_data),
            self._turns.handed.eq(forward.window_end.valid & forward.window_end.ready),
            self._turns.done.eq(learning.window_done),
        ]
        for engine in (learning, readout):
            m.d.comb += [engine.key.seed.eq(self.registers.seed),
                         engine.key.window_number.eq(self.registers.window_number)]
        with m.If(learning.learned):
            m.d.sync += self.registers.window_number.eq(self.registers.window_number + 1)

    def _connect_host(self, m: Module) -> None:
        forward, readout, weights, host = self._forward, self._readout, self._weights, self.host
        self._host_address, self._host_writes = Signal.like(weights.host.address), Signal()
        with m.If(self.registers.w_en):
            m.d.sync += self.registers.window_number.eq(self.registers.w_data)
        m.d.comb += [
            self._host_address.eq(host.address + by_layer(host.layer, [
                layer.weight_base for layer in self._plan.layers])),
            self._host_writes.eq(host.w_en & (host.select == Memory.WEIGHTS)),
            weights.host.address.eq(self._host_address),
            forward.host_reads.eq(self._turns.owner == Owner.HOST),
            forward.host_layer.eq(host.layer),
            forward.host_address.eq(host.address),
            readout.host_address.eq(host.address),
            readout.host_w_data.eq(host.w_data),
            readout.host_w_en.eq(host.w_en & (host.select == Memory.READOUT)),
        ]
        with m.Switch(host.select):
            for select, value in ((Memory.WEIGHTS, weights.host.weights),
                                  (Memory.READOUT, readout.host_weights),
                                  (Memory.MEMBRANES, forward.host_membranes),
                                  (Memory.SPIKES, forward.host_spikes),
                                  (Memory.ANSWERS, readout.host_answer)):
                with m.Case(select):
                    m.d.comb += host.r_data.eq(beat_of(Value.cast(value), host.part))
        parts = [forward.idle, ~self._to_readout.o.valid, ~self._to_next.o.valid, readout.idle]
        if self._learning is not None:
            parts += [self._learning.idle, ~self._learning.clearing]
        m.d.comb += self._turns.free.eq(Cat(parts).all())
        m.d.sync += self.idle.eq(self._turns.free)

    def _count(self, m: Module) -> None:
        """What each counter grows by in this cycle."""
        forward, readout = self._forward, self._readout
        found: dict[str, list[Value]] = {
            "events": [forward.accepted],
            "events_dropped": [forward.dropped],
            "spikes": [forward.spike],
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
            found["multiplies"].append(learning.multiplies)
            found["updates"].append(learning.counts.updates)
            found["weights_read"] += [learning.counts.updates, learning.multiplies]
            found["weights_written"].append(learning.counts.written)
            found["underflows"].append(learning.counts.underflows)
            found["weight_saturations"].append(learning.counts.saturations)
            found["update_cycles"].append(learning.active)
        for name, parts in found.items():
            m.d.sync += self.registers.increments[name].eq(sum(parts, Const(0)))
