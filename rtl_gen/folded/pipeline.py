"""Pipeline of the folded forward engine: words of weights to currents, membranes, spikes and gates."""

from collections.abc import Hashable
from dataclasses import replace

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits, signed_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.forward import FoldedForward
from ..contract.layer import LayerSpec
from ..contract.memories import WEIGHT_LATENCY
from ..contract.plan import plan_of
from ..memories import declared_memory
from ..neuron import leak
from ..ports import WeightReader
from ..weight_read import weight_read
from .by_layer import by_layer, once_a_kind
from .fire import FoldedFire
from .layouts import entry_layout
from .ports import folded_gate_layout

__all__ = ["FoldedPipeline"]


class FoldedPipeline(wiring.Component):
    """What becomes of the entries of a :class:`~rtl_gen.folded.walk.FoldedWalk`.

    An entry a cycle, but that a word of a convolution's sums waits until it was written: the same word again at once
    stays where it is summed, and any other that was met in the last three cycles waits. A word that ``closes`` fires:
    its membranes leak and are charged, then saturated, compared and reset, a stage each.

    Computes :mod:`sim.reference.forward` bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    i : In(stream of entry_layout)
        Entries, of one layer until ``empty``.
    layer, first_step : In
        Whose they are, and whether their step is the sample's first; constant until ``empty``.
    room : In(1)
        One more word may fire.
    weight_reader, blank : Out(WeightReader), Out(1)
        The weight memory's reading side; where ``blank`` is set, 0 is to come for the word addressed in this cycle.
    fired, word, place_ends, layer_ends, spikes, gates : Out
        A word of neurons has fired, in this cycle; its spikes and gates.
    empty : Out(1)
        No entry is on its way, and after a reset sums are 0.
    host_reads, host_address, host_membranes, host_spikes : In(1), In, Out, Out
        Reading side for the host, of the words of all layers, while nothing is inside.
    synaptic_operations, busy_lanes, bias_reads, membrane_saturations : Out
        Increments of the counters.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self._plan = plan_of(block)
        self._engine = engine = FoldedForward(self._plan)
        lanes = self._plan.lanes
        self._bits = block.layers[0].neuron.membrane_bits
        count = index_bits(lanes + 1)
        super().__init__({
            "i": In(stream.Signature(entry_layout(block))),
            "layer": In(index_bits(block.depth)),
            "first_step": In(1),
            "room": In(1),
            "weight_reader": Out(WeightReader(block)),
            "blank": Out(1),
            "fired": Out(1),
            "word": Out(index_bits(engine.words)),
            "place_ends": Out(1),
            "layer_ends": Out(1),
            "spikes": Out(lanes),
            "gates": Out(folded_gate_layout(block)),
            "empty": Out(1),
            "host_reads": In(1),
            "host_address": In(index_bits(engine.words)),
            "host_membranes": Out(lanes * self._bits),
            "host_spikes": Out(lanes),
            "synaptic_operations": Out(count),
            "busy_lanes": Out(count),
            "bias_reads": Out(count),
            "membrane_saturations": Out(count),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        engine = self._engine
        self._stages = stages = [self.i.payload]
        self._valid = [Signal(name="issued")]
        for stage in range(1, engine.latency + 1):
            entry, valid = Signal(entry_layout(self.block), name=f"stage{stage}"), Signal(name=f"valid{stage}")
            m.d.sync += [entry.eq(stages[-1]), valid.eq(self._valid[-1])]
            stages.append(entry)
            self._valid.append(valid)
        self._cleared = Signal(init=engine.currents is None)
        self._issue(m)
        adding = WEIGHT_LATENCY                         # the stage in which the weights have come
        entry = stages[adding]
        words = [weight_read(self.block.layers[0].weights, weight, ~(entry.event | entry.bias | entry.threshold))
                 for weight in self.weight_reader.weights]
        self._keep_membranes(m)
        currents = self._currents(m, adding + 1, self._sum(m, adding, words))
        self._fire(m, adding, currents, words)
        self._count(m, adding)
        return m

    def _lanes_in(self, entry: Value) -> Value:
        """Lanes of the entry's word that are neurons and not padding."""
        last = by_layer(self.layer, [layer.last_lanes for layer in self._plan.layers])
        return Mux(entry.place_ends, last, self._plan.lanes)

    def _issue(self, m: Module) -> None:
        """Whether the entry that waits goes on its way, and the address of its weights."""
        entry, issued = self.i.payload, self._valid[0]
        waits = Const(0)
        if self._engine.currents is not None:
            # A sum is read a stage after its entry goes, and written in the fourth: a word that was stored in between
            # is not there yet. The one stored last is still in the lanes.
            latest = Signal.like(entry.current)
            met = Signal()
            self._same = same = Signal()
            m.d.comb += same.eq(met & (entry.current == latest))
            with m.If(issued):
                m.d.sync += [latest.eq(entry.current), met.eq(entry.stored & ~entry.closes)]
            near = [valid & stage.stored & (stage.current == entry.current)
                    for valid, stage in zip(self._valid[1:4], self._stages[1:4], strict=True)]
            waits = entry.loaded & ~same & Cat(near).any()
        m.d.comb += [
            self.i.ready.eq(self._cleared & ~waits & (self.room | ~entry.closes)),
            issued.eq(self.i.valid & self.i.ready),
            self.weight_reader.address.eq(entry.address),
            # Of nobody else's word.
            self.blank.eq(self.i.valid & ~(entry.event | entry.bias | entry.threshold)),
            self.empty.eq(self._cleared & ~Cat(self._valid[1:]).any()),
        ]

    def _keep_membranes(self, m: Module) -> None:
        """The memories of membranes and spikes, which are read for an entry and for the host."""
        m.submodules.membranes = membranes = declared_memory(self._engine.membranes)
        m.submodules.spikes = spikes = declared_memory(self._engine.spikes)
        read, spikes_read = membranes.read_port(), spikes.read_port()
        self._write, self._spikes_write = membranes.write_port(), spikes.write_port()
        # One stage less than the weights, so that what is read can leak meanwhile.
        reading = WEIGHT_LATENCY - 2 + self._engine.flows_late
        m.d.comb += [
            read.addr.eq(Mux(self.host_reads, self.host_address, self._stages[reading].word)),
            spikes_read.addr.eq(self.host_address),
            self.host_membranes.eq(read.data),
            self.host_spikes.eq(spikes_read.data),
        ]
        self._fetched = Signal.like(read.data, name="fetched")
        m.d.sync += self._fetched.eq(read.data)

    def _sum(self, m: Module, adding: int, words: list[Value]) -> list[Signal]:
        """A word of weights has come: add it to the sum of its word of neurons."""
        engine, entry, lanes = self._engine, self._stages[adding], self._plan.lanes
        bits = signed_bits(engine.sum_max)
        sums = [Signal(signed(bits), name=f"sum{lane}") for lane in range(lanes)]
        before: list[Value] = [Mux(entry.fresh, 0, value) for value in sums]
        if engine.currents is not None:
            m.submodules.currents = memory = declared_memory(engine.currents)
            read, write = memory.read_port(), memory.write_port()
            held = Signal(data.ArrayLayout(signed(bits), lanes))
            m.d.comb += read.addr.eq(self._stages[1].current)
            m.d.sync += Value.cast(held).eq(read.data)
            loads = [Signal(name=f"loads{stage}") for stage in range(adding)]
            m.d.sync += [loads[0].eq(self.i.p.loaded & ~self._same)]
            m.d.sync += [later.eq(sooner) for later, sooner in zip(loads[1:], loads, strict=False)]
            before = [Mux(loads[-1], held[lane], value) for lane, value in enumerate(before)]
            stored, storing = self._valid[adding + 1], self._stages[adding + 1]
            clearing = Signal.like(write.addr)
            m.d.comb += [
                write.addr.eq(Mux(self._cleared, storing.current, clearing)),
                write.data.eq(Mux(storing.closes | ~self._cleared, 0, Cat(sums))),
                write.en.eq((stored & storing.stored) | ~self._cleared),
            ]
            with m.If(~self._cleared):
                m.d.sync += clearing.eq(clearing + 1)
                with m.If(clearing == engine.currents.depth - 1):
                    m.d.sync += self._cleared.eq(1)
        learned = any(layer.neuron.threshold_shift is not None for layer in self.block.layers)
        with m.If(self._valid[adding]):
            for value, start, word in zip(sums, before, words, strict=True):
                m.d.sync += value.eq(start + (Mux(entry.threshold, 0, word) if learned else word))
        return sums

    def _currents(self, m: Module, stage: int, sums: list[Signal]) -> list[Value]:
        """Sums to currents: those of an earlier layer are added, and kept for later ones where they are asked for."""
        engine, block, lanes = self._engine, self.block, self._plan.lanes
        if engine.flows is None:
            return sums
        bits = signed_bits(engine.current_max)
        m.submodules.flows = memory = declared_memory(engine.flows)
        read, write = memory.read_port(), memory.write_port()
        held = Signal(data.ArrayLayout(signed(bits), lanes))
        sources = {number: number - layer.residual.below for number, layer in enumerate(block.layers) if layer.residual}
        bases = engine.flow_bases
        m.d.comb += [
            read.addr.eq(self._stages[stage - 2].current
                         + by_layer(self.layer, [bases[sources.get(number, min(bases))]
                                                 for number in range(block.depth)])),
            write.addr.eq(self._stages[stage + 1].current
                          + by_layer(self.layer, [bases.get(number, 0) for number in range(block.depth)])),
            write.en.eq(self._valid[stage + 1] & self._stages[stage + 1].closes
                        & by_layer(self.layer, [int(number in bases) for number in range(block.depth)])),
        ]
        m.d.sync += Value.cast(held).eq(read.data)
        currents = []
        for lane in range(lanes):
            current = Signal(signed(bits), name=f"current{lane}")
            m.d.sync += current.eq(once_a_kind(
                self.layer, block.layers,
                lambda layer: layer.residual and (layer.residual.shift, layer.residual.own_shift),
                lambda layer, lane=lane: sums[lane] if layer.residual is None else
                (sums[lane] << layer.residual.own_shift) + (held[lane] << layer.residual.shift)))
            currents.append(current)
        m.d.comb += write.data.eq(Cat(currents))
        return currents

    def _leak(self, m: Module) -> list[Signal]:
        """The membranes read leak; a sample's first step begins at 0."""
        old = data.View(data.ArrayLayout(signed(self._bits), self._plan.lanes), self._fetched)
        largest = max(layer.neuron.leaked_max for layer in self.block.layers)
        found = []
        for lane in range(self._plan.lanes):
            leaked = Signal(signed(signed_bits(largest)), name=f"leaked{lane}")
            m.d.sync += leaked.eq(Mux(self.first_step, 0, once_a_kind(
                self.layer, self.block.layers, _leak_of, lambda layer, lane=lane: leak(layer, old[lane]))))
            found.append(leaked)
        return found

    def _fire(self, m: Module, adding: int, currents: list[Value], words: list[Value]) -> None:
        """Charge membranes and fire; then what is left is written, and what fired leaves."""
        m.submodules.fire = fire = FoldedFire(self.block)
        charging, ends = adding + 1 + self._engine.flows_late, self._stages[-1]
        m.d.comb += [
            fire.layer.eq(self.layer),
            fire.closes.eq(self._valid[charging] & self._stages[charging].closes),
            fire.place_ends.eq(self._stages[charging].place_ends),
            fire.read.eq(self._valid[adding] & self._stages[adding].threshold),
            *(into.eq(value) for into, value in zip(fire.currents, currents, strict=True)),
            *(into.eq(value) for into, value in zip(fire.leaked, self._leak(m), strict=True)),
            *(into.eq(value) for into, value in zip(fire.weights, words, strict=True)),
            self.fired.eq(self._valid[-1] & ends.closes),
            self.word.eq(ends.word), self.place_ends.eq(ends.place_ends), self.layer_ends.eq(ends.layer_ends),
            self.spikes.eq(fire.spikes),
            self.gates.eq(fire.gates),
            self.membrane_saturations.eq(fire.saturations),
            self._write.addr.eq(ends.word), self._write.data.eq(Value.cast(fire.left)), self._write.en.eq(self.fired),
            self._spikes_write.addr.eq(ends.word), self._spikes_write.data.eq(fire.spikes),
            self._spikes_write.en.eq(self.fired),
        ]

    def _count(self, m: Module, adding: int) -> None:
        entry, lanes = self._stages[adding], self._lanes_in(self._stages[adding])
        m.d.comb += [
            self.synaptic_operations.eq(Mux(self._valid[adding] & entry.event, lanes, 0)),
            self.busy_lanes.eq(self.synaptic_operations),
            self.bias_reads.eq(Mux(self._valid[adding] & entry.bias, lanes, 0)),
        ]


def _leak_of(layer: LayerSpec) -> Hashable:
    """The neuron, but for what its leak does not depend on."""
    return replace(layer.neuron, threshold=1, threshold_shift=None, reset="zero", reset_amount=None)
