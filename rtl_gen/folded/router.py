"""Router: spikes of words to tokens, and each layer's tokens to where they are read."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.plan import plan_of
from ..fifo import StreamFifo
from ..pool_filter import PoolFilter
from ..seen_filter import SeenFilter
from ..serialiser import SpikeSerialiser
from ..token import TokenKind, token_layout
from .by_layer import by_layer
from .layouts import spikes_layout, tagged_layout
from .lists import feeds_of, own_layout

__all__ = ["FoldedRouter", "FoldedSerialiser", "PoolChain"]


class FoldedSerialiser(SpikeSerialiser):
    """The serialiser of a folded block: words are of one layer after another, each of which closes a step of its own.

    Parameters
    ----------
    block : BlockSpec
        A folded block.
    """

    def __init__(self, block: BlockSpec) -> None:
        self._plan = plan = plan_of(block)
        most = max(layer.layer.outputs for layer in plan.layers)
        super().__init__(lanes=plan.lanes, most=most + plan.lanes, word=spikes_layout(block),
                         token=tagged_layout(block))

    def _ends_step(self, word: data.View) -> Value:
        return word.layer_ends

    def _neurons(self, word: data.View) -> ValueLike:
        """A place's last word may have lanes to spare, which are no neurons."""
        last = by_layer(word.layer, [layer.last_lanes for layer in self._plan.layers])
        return Mux(word.place_ends, last, self._lanes)

    def _tag(self, m: Module, word: data.View, is_step: Value, spiking: Value) -> None:
        m.d.comb += [self.o.p.layer.eq(word.layer), self.o.p.last.eq(is_step & word.last)]


class PoolChain(wiring.Component):
    """What lies between spikes and the list of a layer: its pool, and for ``or`` what drops a square's second event.

    Parameters
    ----------
    block : BlockSpec
        The block.
    layer : int
        Which of its layers.

    Members
    -------
    i, o : In(stream of tokens), Out(stream of tokens)
        Events of the layer's inputs, and of the inputs of its synapses.
    idle : Out(1)
        Nothing is inside.
    """

    def __init__(self, block: BlockSpec, layer: int) -> None:
        self._pool, self._classes = block.layers[layer].pool, block.readout.classes
        inputs = block.layers[layer].inputs
        super().__init__({
            "i": In(stream.Signature(token_layout(inputs, self._classes))), "o": Out(feeds_of(block)[layer]),
            "idle": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        parts = []
        if self._pool is not None:
            m.submodules.pool = pool = PoolFilter(self._pool, self._classes)
            parts.append(pool)
            if self._pool.kind == "or":
                m.submodules.seen = seen = SeenFilter(self._pool.outputs, self._classes)
                parts.append(seen)
        ends = [wiring.flipped(self.i), *(end for part in parts for end in (part.i, part.o)), wiring.flipped(self.o)]
        for source, sink in zip(ends[::2], ends[1::2], strict=True):
            wiring.connect(m, source, sink)
        m.d.comb += self.idle.eq(Cat(part.idle for part in parts).all())
        return m


class FoldedRouter(wiring.Component):
    """Takes each layer's tokens on: to the list of the layer behind it, to its own of the next step where it is
    recurrent, and those of the last layer out.

    Parameters
    ----------
    block : BlockSpec
        A folded block.

    Members
    -------
    i : In(stream of tagged_layout)
        Tokens of all layers.
    o : Out(stream of tokens)
        Those of the last layer, and every START and ABORT.
    o1, … : Out(stream of tokens)
        For the list of each layer but the first: EVENT, behind its pool, and STEP.
    own_en, own_layer, own, own_ends : Out
        As :class:`~rtl_gen.folded.lists.FoldedLists` has them.
    idle : Out(1)
        Nothing is inside.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        super().__init__({
            "i": In(stream.Signature(tagged_layout(block))),
            "o": Out(stream.Signature(token_layout(block.outputs, block.readout.classes))),
            **{f"o{number}": Out(feed) for number, feed in feeds_of(block).items() if number},
            "own_en": Out(1), "own_layer": Out(index_bits(block.depth)), "own": Out(own_layout(block)),
            "own_ends": Out(1), "idle": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        block, token = self.block, self.i.p
        is_step, is_event = token.kind == TokenKind.STEP, token.kind == TokenKind.EVENT
        outside = (token.layer == block.depth - 1) | ~(is_step | is_event)
        recurrent = by_layer(token.layer, [int(layer.synapses.recurrent) for layer in block.layers])
        taken, idle = Signal(), []
        with m.If(outside):
            m.d.comb += [
                self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready), self.o.p.kind.eq(token.kind),
                # Only the sample's last STEP says so.
                self.o.p.last.eq(is_step & token.last), self.o.p.value.eq(token.value),
            ]
        for number in range(1, block.depth):
            chain = PoolChain(block, number)
            # So that a list's choice between spikes and own spikes does not hold up the spikes that it waits for.
            before = StreamFifo(chain.i.p.shape(), depth=4)
            m.submodules[f"pool{number}"], m.submodules[f"fifo{number}"] = chain, before
            wiring.connect(m, before.o, chain.i)
            wiring.connect(m, chain.o, wiring.flipped(getattr(self, f"o{number}")))
            with m.If(~outside & (token.layer == number - 1)):
                m.d.comb += [
                    before.i.valid.eq(self.i.valid), self.i.ready.eq(before.i.ready), before.i.p.kind.eq(token.kind),
                    before.i.p.value.eq(token.value),
                ]
            idle += [chain.idle, ~before.o.valid]
        m.d.comb += [
            taken.eq(self.i.valid & self.i.ready),
            self.own_layer.eq(token.layer),
            self.own.eq(token.value),
            self.own_en.eq(taken & is_event & recurrent & ~token.last),
            self.own_ends.eq(taken & is_step & recurrent),
            self.idle.eq(Cat(idle).all()),
        ]
        return m
