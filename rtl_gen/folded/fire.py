"""Fire stages of the folded forward engine: currents to membranes, spikes and gates."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..addends import sum_of
from ..contract.arithmetic import index_bits, signed_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.forward import FoldedForward
from ..contract.plan import plan_of
from ..neuron import gate
from ..saturate import saturate
from .by_layer import by_layer, once_a_kind
from .ports import folded_gate_layout

__all__ = ["FoldedFire"]


class FoldedFire(wiring.Component):
    """Charges the membranes of a word, saturates them, and compares and resets them: four stages, a word a cycle.

    Computes :func:`sim.reference.neurons.threshold.settle` bit for bit, for whichever layer's turn it is: what differs
    between layers is chosen by its number.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    layer : In
        Whose words these are; constant while any is inside.
    closes, place_ends : In(1), In(1)
        A word is charged; it is its place's last, which may have lanes to spare.
    currents, leaked : In, In
        Its currents, and its membranes after their leak.
    read, weights : In(1), In
        The weights add to the thresholds of the word that is charged with the weights that come
        ``1 + FoldedForward.charged_late`` cycles later, and of all behind it until the next.
    spikes, left, gates : Out
        Of the word charged four cycles ago: who fired, the membranes after reset, and spikes with their gates.
    saturations : Out
        Membranes that were saturated, of the word charged two cycles ago.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self._plan = plan_of(block)
        self._engine = engine = FoldedForward(self._plan)
        lanes, layers = self._plan.lanes, block.layers
        self._bits = layers[0].neuron.membrane_bits
        leaked = max(layer.neuron.leaked_max for layer in layers)

        def word(bits: int) -> data.ArrayLayout:
            return data.ArrayLayout(signed(bits), lanes)

        super().__init__({
            "layer": In(index_bits(block.depth)),
            "closes": In(1), "place_ends": In(1),
            "currents": In(word(signed_bits(engine.charge_max))), "leaked": In(word(signed_bits(leaked))),
            "read": In(1), "weights": In(word(max(2, layers[0].weights.bits))),
            "spikes": Out(lanes), "left": Out(word(self._bits)), "gates": Out(folded_gate_layout(block)),
            "saturations": Out(index_bits(lanes + 1)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        closes, place_ends = [self.closes], [self.place_ends]
        for stage in range(1, 5):
            for values, name in ((closes, "closes"), (place_ends, "place_ends")):
                later = Signal(name=f"{name}{stage}")
                m.d.sync += later.eq(values[-1])
                values.append(later)
        cuts = Signal(self._plan.lanes)                 # in a register before they are counted: that is a long way
        for lane, threshold in enumerate(self._thresholds(m)):
            is_neuron = by_layer(self.layer, [int(lane < layer.last_lanes) for layer in self._plan.layers])
            over = self._lane(m, lane, threshold, ~place_ends[4] | is_neuron)
            m.d.sync += cuts[lane].eq(over & closes[1] & (~place_ends[1] | is_neuron))
        m.d.comb += self.saturations.eq(sum_of(cuts))
        return m

    def _lane(self, m: Module, lane: int, threshold: Value, is_neuron: Value) -> Signal:
        """Charge; saturate; how far above the threshold; spike, gate and what is left. Gives whether it saturates."""
        layers, bits = self.block.layers, self._bits
        exact = Signal((self.currents[lane] + self.leaked[lane]).shape(), name=f"exact{lane}")
        held, over = saturate(m, exact, bits, f"charged{lane}")
        charged, before = (Signal(signed(bits), name=f"{name}{lane}") for name in ("membrane", "before"))
        above = Signal(signed(bits + 2), name=f"above{lane}")       # a bit more, which the widest boxcar needs
        lowered = Signal(signed(bits + 1), name=f"lowered{lane}")
        spike = Signal(name=f"spike{lane}")
        m.d.sync += [
            exact.eq(self.currents[lane] + self.leaked[lane]),
            charged.eq(held),
            before.eq(charged),
            above.eq(charged - threshold),
        ]
        if any(layer.neuron.reset_amount is not None for layer in layers):
            m.d.sync += lowered.eq(charged - by_layer(self.layer, [layer.neuron.reset_amount or 0 for layer in layers]))
        fired = once_a_kind(
            self.layer, layers, lambda layer: (layer.neuron.reset, layer.neuron.reset_amount is None),
            lambda layer: Const(0) if layer.neuron.reset == "zero" else
            above if layer.neuron.reset_amount is None else lowered)
        gates = once_a_kind(
            self.layer, layers, lambda layer: layer.surrogate,
            lambda layer: gate(m, layer, above, f"lane{lane}_{layers.index(layer)}"))
        m.d.sync += [
            spike.eq(~above[-1]),
            self.left[lane].eq(Mux(~above[-1], fired, before)),
            self.gates[lane].gate.eq(gates),
        ]
        m.d.comb += [self.spikes[lane].eq(spike & is_neuron), self.gates[lane].spike.eq(self.spikes[lane])]
        return over

    def _thresholds(self, m: Module) -> list[Value]:
        """The threshold of each lane in the stage in which membranes are compared with it."""
        layers = self.block.layers
        fixed = by_layer(self.layer, [layer.neuron.threshold for layer in layers])
        if all(layer.neuron.threshold_shift is None for layer in layers):
            return [fixed] * self._plan.lanes
        learns = by_layer(self.layer, [int(layer.neuron.threshold_shift is not None) for layer in layers])
        most, bits = layers[0].neuron.membrane_max, layers[0].weights.bits
        shifts = [layer.neuron.threshold_shift or 0 for layer in layers]
        largest = max(layer.neuron.threshold + (1 << bits - 1 + shift)
                      for layer, shift in zip(layers, shifts, strict=True))
        found = []
        for lane, weight in enumerate(self.weights):
            exact = Signal(signed(signed_bits(largest)), name=f"exact_threshold{lane}")
            with m.If(self.read):
                m.d.sync += exact.eq(fixed + once_a_kind(
                    self.layer, layers, lambda layer: layer.neuron.threshold_shift or 0,
                    lambda layer, weight=weight: weight << (layer.neuron.threshold_shift or 0)))
            value = Mux(learns, Mux(exact < 1, 1, Mux(exact > most, most, exact)), fixed)
            # As late as the membranes: a word's threshold may come in the cycle after that of the word before.
            for stage in range(2 + self._engine.charged_late):
                held = Signal(range(most + 1), name=f"threshold{lane}_{stage}")
                m.d.sync += held.eq(value)
                value = held
            found.append(value)
        return found
