"""Currents that linger, of the layers of a folded block where they do: between a word's sums and its membranes."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..addends import sum_of
from ..contract.arithmetic import index_bits, signed_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.forward import FoldedForward
from ..contract.layer import LayerSpec
from ..contract.plan import plan_of
from ..memories import declared_memory
from ..neurons.lif_shifts import leaked
from ..saturate import saturate
from .by_layer import by_layer, once_a_kind

__all__ = ["FoldedLingering"]


class FoldedLingering(wiring.Component):
    """Adds a word's currents to what is left of those of the step before, saturates them, and keeps them: in two
    stages, a word a cycle. Currents of a layer where none linger pass as they are, as late.

    Computes :func:`sim.reference.current.linger` bit for bit, for whichever layer's turn it is.

    Parameters
    ----------
    block : BlockSpec
        A folded block, with currents that linger in a layer.

    Members
    -------
    layer, first_step : In, In(1)
        Whose words these are, and whether their step is the sample's first; constant while any is inside.
    coming : In
        The word whose currents are ``added`` three cycles later.
    closes, place_ends, word : In(1), In(1), In
        Currents are added; those of their place's last word, which may have lanes to spare; and which word that is,
        from the layer's first.
    added : In
        The exact currents.
    currents : Out
        What the membranes of the word added to two cycles ago are charged by.
    saturations : Out
        Currents of that word that were saturated.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self._plan = plan_of(block)
        self._engine = engine = FoldedForward(self._plan)
        lanes, words = self._plan.lanes, max(layer.words for layer in self._plan.layers)
        self._added_max = engine.sum_max if engine.flows is None else engine.current_max
        super().__init__({
            "layer": In(index_bits(block.depth)),
            "first_step": In(1),
            "coming": In(index_bits(words)),
            "closes": In(1), "place_ends": In(1), "word": In(index_bits(words)),
            "added": In(data.ArrayLayout(signed(signed_bits(self._added_max)), lanes)),
            "currents": Out(data.ArrayLayout(signed(signed_bits(engine.charge_max)), lanes)),
            "saturations": Out(index_bits(lanes + 1)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        engine, lanes = self._engine, self._plan.lanes
        m.submodules.kept = memory = declared_memory(engine.kept)
        read, write = memory.read_port(), memory.write_port()
        kept = data.ArrayLayout(signed(engine.kept.width // lanes), lanes)
        fetched = Signal(kept)
        bases = by_layer(self.layer, [engine.kept_bases.get(number, 0) for number in range(self.block.depth)])
        lingers = by_layer(self.layer, [int(layer.current is not None) for layer in self.block.layers])
        closes, words = ([Signal.like(value, name=f"{name}{stage}") for stage in range(2)]
                         for value, name in ((self.closes, "closes"), (self.word, "word")))
        place_ends = Signal()
        m.d.sync += [closes[0].eq(self.closes), closes[1].eq(closes[0]), words[0].eq(self.word), words[1].eq(words[0]),
                     place_ends.eq(self.place_ends)]
        cuts = Signal(lanes)
        m.d.comb += [
            read.addr.eq(self.coming + bases),
            write.addr.eq(words[1] + bases),
            write.en.eq(closes[1] & lingers),
            self.saturations.eq(sum_of(cuts)),
        ]
        m.d.sync += Value.cast(fetched).eq(read.data)
        into = data.View(kept, write.data)
        for lane in range(lanes):
            is_neuron = by_layer(self.layer, [int(lane < layer.last_lanes) for layer in self._plan.layers])
            over = self._lane(m, lane, fetched[lane], into[lane])
            m.d.sync += cuts[lane].eq(over & closes[0] & (~place_ends | is_neuron))
        return m

    def _lane(self, m: Module, lane: int, kept: Value, into: Value) -> Value:
        """Leak; add; saturate. Gives whether it saturates, in the cycle before the current is there."""
        layers = self.block.layers
        left = Signal(signed(signed_bits(self._engine.kept_max)), name=f"left{lane}")
        exact = Signal((self.added[lane] + left).shape(), name=f"exact{lane}")
        m.d.sync += [
            left.eq(Mux(self.first_step, 0, once_a_kind(
                self.layer, layers, lambda layer: layer.current and layer.current.leak_shifts,
                lambda layer: Const(0) if layer.current is None else leaked(layer.current, kept)))),
            exact.eq(left + self.added[lane]),
        ]
        overs = {}

        def held(layer: LayerSpec) -> Value:
            if layer.current is None:
                overs[None] = Const(0)
                return exact
            bits = layer.current.bits
            found, overs[bits] = saturate(m, exact, bits, f"current{lane}_{bits}")
            return found

        def width(layer: LayerSpec) -> int | None:
            return layer.current and layer.current.bits

        m.d.sync += self.currents[lane].eq(once_a_kind(self.layer, layers, width, held))
        m.d.comb += into.eq(self.currents[lane])
        return once_a_kind(self.layer, layers, width, lambda layer: overs[width(layer)])
