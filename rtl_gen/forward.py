"""Forward engine: events and weights to membranes and spikes."""

from typing import NamedTuple

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import WritePort
from amaranth.lib.wiring import In, Out

from .addends import sum_of
from .contract.arithmetic import current_max, index_bits, signed_bits
from .contract.block import BlockSpec
from .contract.engines.forward import Forward
from .contract.plan import plan_of
from .event_list import step_layout
from .forward_layouts import entry_layout, gate_layout, group_layout, window_end_layout
from .forward_walk import ForwardWalk
from .lingering import Lingering
from .memories import declared_memory
from .neuron import fire, leak
from .ports import EventReader, Recorder, WeightReader
from .token import TokenKind
from .weight_read import weight_read

__all__ = ["ForwardEngine"]


class _Fired(NamedTuple):
    """What firing gives, lane by lane; padding lanes neither spike nor saturate."""

    spikes: list[Value]
    after_reset: list[Value]
    gates: list[Value]
    saturated: list[Value]


class ForwardEngine(wiring.Component):
    """Computes the steps of one layer, ``lanes`` neurons at a time.

    Groups of lanes outside, the step's events inside: ``reads`` weight words are read every cycle and added to what the
    group's membranes were after their leak, which stays in registers; membranes are read and written once a step.
    Where currents linger, the words are added to what is left of those, and the sum to the membrane in a stage of its
    own: then six groups, where others have five.
    Groups and steps follow each other without a pause; with fewer than five groups a step waits until its membranes are
    written. A step takes ``groups * max(1, ceil((bias + events) / reads)) + max(0, 5 - groups)`` cycles, and
    ``latency`` more until the spikes of its last group leave.

    Computes :mod:`sim.reference.forward` bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A block of one layer.

    Members
    -------
    step : In(stream of step_layout)
        What to do next; taken when its last weight has been addressed.
    reader : Out(EventReader)
        The step's events.
    weight_reader, second_reader, blank : Out(WeightReader), Out(WeightReader), Out(reads)
        The weight memory's reading side, and the one of a second word where two are read in a cycle. Where a bit of
        ``blank`` is set, 0 is to come in place of the word that this side addresses in this cycle.
    o : Out(stream of group_layout)
        Spikes. Must be taken whenever ``room`` was promised.
    room : In(1)
        ``o`` will take everything of one more step.
    recorder : Out(Recorder)
        Active inputs, gates and spikes of a window that is recorded.
    window_end : Out(stream of window_end_layout)
        A recorded window is over, and all of it is written.
    window_done : In(1)
        It was dealt with: the next step may start.
    off : In(1)
        No window of the sample is recorded; constant while one is inside.
    host_reads, host_address, host_membranes, host_spikes : In(1), In, Out, Out
        Reading side for the host, while it is the host's turn; nothing is inside then.
    idle : Out(1)
        Nothing is inside.
    synaptic_operations, busy_lanes, bias_reads, membrane_saturations, active, stalled : Out
        Increments of the counters.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        plan = plan_of(block)
        declared = Forward(plan)
        (self.plan,), (self._memories,), self.latency = plan.layers, declared.of_layers, declared.latency
        self.layer, self.reads = layer, _ = self.plan.layer, declared.reads
        self.lanes, self.groups = lanes, _ = plan.lanes, self.plan.words
        self.gate_layout = gate_layout(block)
        super().__init__({
            "step": In(stream.Signature(step_layout(layer.inputs, block.readout.classes))),
            "reader": Out(EventReader(layer.inputs, reads=self.reads, first=declared.first_event(self.plan))),
            "weight_reader": Out(WeightReader(block)),
            **({"second_reader": Out(WeightReader(block))} if self.reads > 1 else {}),
            "blank": Out(self.reads),
            "o": Out(stream.Signature(group_layout(block))),
            "room": In(1),
            "recorder": Out(Recorder(block, self.gate_layout)),
            "window_end": Out(stream.Signature(window_end_layout(block))),
            "window_done": In(1),
            "off": In(1),
            "host_reads": In(1),
            "host_address": In(index_bits(self.groups)),
            "host_membranes": Out(lanes * layer.neuron.membrane_bits),
            "host_spikes": Out(lanes),
            "idle": Out(1),
            "synaptic_operations": Out(index_bits(self.reads * lanes + 1)),
            "busy_lanes": Out(index_bits(lanes + 1)),
            "bias_reads": Out(index_bits(lanes + 1)),
            "membrane_saturations": Out(index_bits((1 + (layer.current is not None)) * lanes + 1)),
            "active": Out(1),
            "stalled": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._walk = walk = ForwardWalk(self)
        self._writing = Signal(name="writing")          # the stage behind the pipeline's last is writing
        walk.add_control(m)
        entries = [walk.issued]
        for stage in range(1, self.latency):
            entry = Signal(entry_layout(self.block), name=f"stage{stage}")
            m.d.sync += entry.eq(entries[-1])
            entries.append(entry)
        m.d.comb += walk.pipeline_empty.eq(
            ~Cat(entry.valid for entry in entries[1:]).any() & ~self._writing)
        walk.add_addresses(m, *entries[1:3])
        self._add_pipeline(m, entries[-5:] if self.layer.current is not None else entries[-4:])
        return m

    # What becomes of the weights: they are summed to a group's leaked membranes, which then fire and are written.

    def _add_pipeline(self, m: Module, entries: list[Signal]) -> None:
        (fetching, leaking, adding), firing = entries[:3], entries[-1]
        m.submodules.membranes = membranes = declared_memory(self._memories.membranes)
        m.submodules.spikes = spikes = declared_memory(self._memories.spikes)
        read, write = membranes.read_port(), membranes.write_port()
        spikes_read, spikes_write = spikes.read_port(), spikes.write_port()
        m.d.comb += [
            read.addr.eq(Mux(self.host_reads, self.host_address, fetching.group)),
            spikes_read.addr.eq(self.host_address),
            self.host_membranes.eq(read.data),
            self.host_spikes.eq(spikes_read.data),
        ]
        old = data.View(data.ArrayLayout(signed(self.layer.neuron.membrane_bits), self.lanes), read.data)
        leaked = self._leak(m, leaking, old)
        words = self._words(m, leaking if self.reads > 1 else adding)
        if self.layer.current is None:
            charged, saturated = self._sum(m, adding, words, leaked, self.layer.neuron.leaked_max), []
        else:
            m.submodules.currents = currents = declared_memory(self._memories.currents)
            lingering = Lingering(m, self.layer.current, currents, self.lanes)
            began = lingering.leak(m, fetching, leaking)
            added = self._sum(m, adding, words, began, self.layer.current.largest)
            charged, saturated = lingering.charge(m, added, leaked, self.layer.neuron.leaked_max)
            lingering.write(m, firing)
        self._count_reads(m, adding)
        self._write(m, firing, self._fire(m, firing, charged, saturated), write, spikes_write)

    def _lanes_in(self, entry: Signal) -> Value:
        """Lanes of the entry's group that are neurons and not padding."""
        return Mux(entry.group_last, self.plan.last_lanes, self.lanes)

    def _leak(self, m: Module, entry: Signal, old: data.View) -> list[Signal]:
        """The cycle before a word comes: the membranes of its group leak; a sample's first step begins at 0."""
        found = []
        for lane in range(self.lanes):
            leaked = Signal(signed(signed_bits(self.layer.neuron.leaked_max)), name=f"leaked{lane}", reset_less=True)
            m.d.sync += leaked.eq(leak(self.layer, old[lane]))
            with m.If(entry.first_step):
                m.d.sync += leaked.eq(0)
            found.append(leaked)
        return found

    def _words(self, m: Module, entry: Signal) -> list[Value]:
        """The weights that come for an entry, or the sums of two words that come together, a cycle later."""
        readers = [(self.weight_reader, entry.event | entry.bias)]
        if self.reads > 1:
            readers.append((self.second_reader, entry.second))
        words = [[weight_read(self.layer.weights, weight, ~there) for weight in reader.weights]
                 for reader, there in readers]
        if self.reads == 1:
            return words[0]
        found = []
        for lane, pair in enumerate(zip(*words, strict=True)):
            both = Signal((pair[0] + pair[1]).shape(), name=f"both{lane}", reset_less=True)
            m.d.sync += both.eq(pair[0] + pair[1])
            found.append(both)
        return found

    def _sum(self, m: Module, entry: Signal, words: list[Value], leaked: list[Signal], leaked_max: int) -> list[Signal]:
        """A word has come: add it to its group's membranes, or to currents that linger, which the first of the group's
        words finds leaked.
        """
        found = []
        for lane in range(self.lanes):
            # The sum's magnitude is at most that of what is leaked and that of a step's current together.
            exact = Signal(signed(signed_bits(leaked_max + current_max(self.layer))), name=f"exact{lane}",
                           reset_less=True)
            m.d.sync += exact.eq(words[lane] + Mux(entry.first, leaked[lane], exact))
            found.append(exact)
        return found

    def _count_reads(self, m: Module, entry: Signal) -> None:
        works, lanes = Signal(), self._lanes_in(entry)
        m.d.comb += [
            works.eq(entry.valid & ~entry.discard),
            self.synaptic_operations.eq(Mux(works & entry.event, lanes, 0) + Mux(works & entry.second, lanes, 0)),
            self.busy_lanes.eq(Mux(works & (entry.event | entry.second), lanes, 0)),
            self.bias_reads.eq(Mux(works & entry.bias, lanes, 0)),
        ]

    def _fire(self, m: Module, firing: Signal, charged: list[Signal], cut: list[Signal]) -> _Fired:
        """All words of a group are summed: saturate, fire, reset; ``cut`` says which lingering currents were saturated.
        """
        fired = _Fired([], [], [], [])
        for lane, exact in enumerate(charged):
            over, spike, after, gate = fire(m, self.layer, exact, f"lane{lane}")
            is_neuron = ~firing.group_last | (lane < self.plan.last_lanes)
            fired.spikes.append(spike & is_neuron)
            fired.after_reset.append(after)
            fired.gates.append(gate)
            fired.saturated.extend(value & is_neuron for value in (over, *cut[lane:lane + 1]))
        return fired

    def _write(self, m: Module, entry: Signal, fired: _Fired, write: WritePort, spikes_write: WritePort) -> None:
        """Behind the last stage: write a group's membranes and spikes, record and count them, and hand them on."""
        push = self._walk.push
        done = Signal()
        m.d.comb += done.eq(entry.valid & entry.last & ~entry.discard)
        saturated = Signal(len(fired.saturated))    # in a register before they are counted: that is a long way
        group = Signal.like(entry.group)
        gate_en, pushes = Signal(), Signal()
        m.d.sync += [
            pushes.eq(done),
            gate_en.eq(done & entry.record),
            self.recorder.gate_first.eq((entry.position == 0) & (entry.group == 0)),
            self.o.p.last_group.eq(entry.group_last),
            self.o.p.last.eq(entry.sample_last),
            self.o.p.label.eq(entry.label),
            self.o.p.kind.eq(TokenKind.STEP),
            self.o.p.payload.eq(Cat(fired.spikes)),
            write.data.eq(Cat(fired.after_reset)),
            spikes_write.data.eq(Cat(fired.spikes)),
            group.eq(entry.group),
            saturated.eq(Mux(done, Cat(fired.saturated), 0)),
        ]
        for lane, recorded in enumerate(self.recorder.gates):
            m.d.sync += [recorded.gate.eq(fired.gates[lane]), recorded.spike.eq(fired.spikes[lane])]
        with m.If(push):
            m.d.sync += [
                pushes.eq(1),
                self.o.p.kind.eq(self.step.p.kind),
                self.o.p.payload.eq(self.step.p.value),
            ]
        writes = Signal()
        m.d.sync += writes.eq(done)
        m.d.comb += [
            self._writing.eq(pushes),
            self.o.valid.eq(pushes),
            self.o.p.count.eq(sum_of(self.o.p.payload[:self.lanes])),
            self.recorder.gate_en.eq(gate_en),
            self.membrane_saturations.eq(sum_of(saturated)),
            write.addr.eq(group),
            write.en.eq(writes),
            spikes_write.addr.eq(group),
            spikes_write.en.eq(writes),
        ]
