"""Pipeline of the folded forward engine: words of weights to currents, membranes, spikes and gates."""

from collections.abc import Callable, Hashable
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
from ..neuron import gate, leak
from ..ports import WeightReader
from ..saturate import saturate
from ..weight_read import weight_read
from .by_layer import by_layer
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
        charging = adding + 1 + engine.flows_late
        self._fire(m, charging, currents, self._leak(m), self._thresholds(m, adding, charging + 2, words))
        self._count(m, adding)
        return m

    def _of(self, value: Callable[[LayerSpec], Hashable], made: Callable[[LayerSpec], Value]) -> Value:
        """What is ``made`` for the layer; once for all layers of which ``value`` is the same."""
        found: dict[Hashable, Value] = {}
        for layer in self.block.layers:
            found.setdefault(value(layer), made(layer))
        if len(found) == 1:
            return next(iter(found.values()))
        return Array(found[value(layer)] for layer in self.block.layers)[self.layer]

    def _number(self, value: Callable[[LayerSpec], int]) -> Value:
        return by_layer(self.layer, [value(layer) for layer in self.block.layers])

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
            m.d.sync += current.eq(self._of(
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
            m.d.sync += leaked.eq(Mux(self.first_step, 0, self._of(
                _leak_of, lambda layer, lane=lane: leak(layer, old[lane]))))
            found.append(leaked)
        return found

    def _thresholds(self, m: Module, adding: int, comparing: int, words: list[Value]) -> list[Value]:
        """The threshold of each lane in the stage in which membranes are compared with it."""
        layers, found = self.block.layers, []
        fixed = self._number(lambda layer: layer.neuron.threshold)
        if all(layer.neuron.threshold_shift is None for layer in layers):
            return [fixed] * len(words)
        read, learns = (self._valid[adding] & self._stages[adding].threshold,
                        self._number(lambda layer: int(layer.neuron.threshold_shift is not None)))
        most, bits = layers[0].neuron.membrane_max, layers[0].weights.bits
        shifts = [layer.neuron.threshold_shift or 0 for layer in layers]
        largest = max(layer.neuron.threshold + (1 << bits - 1 + shift)
                      for layer, shift in zip(layers, shifts, strict=True))
        for lane, word in enumerate(words):
            exact = Signal(signed(signed_bits(largest)), name=f"exact_threshold{lane}")
            with m.If(read):
                m.d.sync += exact.eq(fixed + self._of(lambda layer: layer.neuron.threshold_shift or 0,
                                                      lambda layer, word=word: word << (layer.neuron.threshold_shift
                                                                                        or 0)))
            value = Mux(learns, Mux(exact < 1, 1, Mux(exact > most, most, exact)), fixed)
            # As late as the membranes: a word's threshold may come in the cycle after that of the word before.
            for stage in range(adding + 2, comparing + 1):
                held = Signal(range(most + 1), name=f"threshold{lane}_{stage}")
                m.d.sync += held.eq(value)
                value = held
            found.append(value)
        return found

    def _fire(self, m: Module, charging: int, currents: list[Value], leaked: list[Signal],
              thresholds: list[Value]) -> None:
        """Charge; saturate; how far above the threshold; spike, gate and what is left: a stage each, then written."""
        layers, plan = self.block.layers, self._plan
        bits = self._bits
        cut_at, ends = self._stages[charging + 1], self._stages[-1]
        gate_bits = max(layer.surrogate.gate_bits for layer in layers)
        spikes, afters, cuts = [], [], Signal(plan.lanes)
        for lane in range(plan.lanes):
            is_neuron = by_layer(self.layer, [int(lane < layer.last_lanes) for layer in plan.layers])
            exact = Signal((currents[lane] + leaked[lane]).shape(), name=f"exact{lane}")
            held, over = saturate(m, exact, bits, f"charged{lane}")
            charged, before = (Signal(signed(bits), name=f"{name}{lane}") for name in ("membrane", "before"))
            above = Signal(signed(bits + 2), name=f"above{lane}")       # a bit more, which the widest boxcar needs
            lowered = Signal(signed(bits + 1), name=f"lowered{lane}")
            spike, after = Signal(name=f"spike{lane}"), Signal(signed(bits), name=f"after{lane}")
            m.d.sync += [
                exact.eq(currents[lane] + leaked[lane]),
                charged.eq(held),
                cuts[lane].eq(over & self._valid[charging + 1] & cut_at.closes & (~cut_at.place_ends | is_neuron)),
                before.eq(charged),
                above.eq(charged - thresholds[lane]),
            ]
            if any(layer.neuron.reset_amount is not None for layer in layers):
                m.d.sync += lowered.eq(charged - self._number(lambda layer: layer.neuron.reset_amount or 0))
            fired = self._of(
                lambda layer: (layer.neuron.reset, layer.neuron.reset_amount is None),
                lambda layer, above=above, lowered=lowered: Const(0) if layer.neuron.reset == "zero" else
                above if layer.neuron.reset_amount is None else lowered)
            gates = self._of(
                lambda layer: layer.surrogate,
                lambda layer, lane=lane, above=above: gate(m, layer, above,
                                                           f"lane{lane}_{layers.index(layer)}"))
            m.d.sync += [
                spike.eq(~above[-1]),
                after.eq(Mux(~above[-1], fired, before)),
                self.gates[lane].gate.eq(gates[:gate_bits]),
            ]
            neuron = Signal(name=f"fired{lane}")
            m.d.comb += [neuron.eq(spike & (~ends.place_ends | is_neuron)), self.gates[lane].spike.eq(neuron)]
            spikes.append(neuron)
            afters.append(after)
        m.d.comb += [
            self.fired.eq(self._valid[-1] & ends.closes),
            self.word.eq(ends.word), self.place_ends.eq(ends.place_ends), self.layer_ends.eq(ends.layer_ends),
            self.spikes.eq(Cat(spikes)),
            self.membrane_saturations.eq(sum(cuts)),
            self._write.addr.eq(ends.word), self._write.data.eq(Cat(afters)), self._write.en.eq(self.fired),
            self._spikes_write.addr.eq(ends.word), self._spikes_write.data.eq(self.spikes),
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
