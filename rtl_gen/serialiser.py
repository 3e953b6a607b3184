"""Serialiser: spikes of groups of lanes to tokens."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .contract.block import BlockSpec
from .contract.plan import plan_of
from .forward_layouts import group_layout
from .token import TokenKind, token_layout

__all__ = ["Serialiser", "SpikeSerialiser"]


class SpikeSerialiser(wiring.Component):
    """Turns spikes of words of lanes into events, lowest neuron first, and closes each step.

    Takes one cycle for each spike, for each word without one but a step's last, and for the step's end.

    Parameters
    ----------
    lanes : int
        Neurons of a word.
    most : int
        Neurons of a step, lanes to spare among them.
    word, token : StructLayout
        What comes: ``kind``, ``label``, and a ``payload`` that is spikes, and their ``count``, or a START's value. What
        leaves: ``kind`` and ``value``, and what a subclass adds.

    Members
    -------
    i : In(stream of words)
        Spikes of words, in order.
    o : Out(stream of tokens)
        The same as tokens.
    idle : Out(1)
        Nothing is inside.
    """

    def __init__(self, *, lanes: int, most: int, word: data.StructLayout, token: data.StructLayout) -> None:
        self._lanes, self._most = lanes, most
        super().__init__({"i": In(stream.Signature(word)), "o": Out(stream.Signature(token)), "idle": Out(1)})

    def _ends_step(self, word: data.View) -> Value:
        """Whether a word of spikes is its step's last."""
        raise NotImplementedError

    def _neurons(self, word: data.View) -> ValueLike:
        """Neurons of a word, by which the numbers of the next one's are larger."""
        return self._lanes

    def _tag(self, m: Module, word: data.View, is_step: Value, spiking: Value) -> None:
        """What a token says beside its kind and value."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = self._lanes
        word, full = Signal.like(self.i.payload), Signal()
        base = Signal(range(self._most))                # number of the word's first neuron
        spikes = word.payload[:lanes]

        # Lowest set bit, and what is left without it.
        lowest = Signal(range(lanes))
        for lane in reversed(range(lanes)):
            with m.If(spikes[lane]):
                m.d.comb += lowest.eq(lane)
        rest = spikes & (spikes - 1)[:lanes]
        # How many are left comes with a word: whether any is behind the lowest is a long way in many lanes, and so is
        # to count them behind a memory's way out.
        left = Signal(range(lanes + 1))
        is_step = word.kind == TokenKind.STEP
        # What is found of a word stands in registers beside it, so that the next is taken after a short way.
        spiking = Signal()                              # spikes are left,
        single = Signal()                               # one of them
        closes = Signal()                               # the word's last token, if it gives one at all
        m.d.comb += [
            self.o.valid.eq(full & (spiking | closes)),
            self.o.p.kind.eq(Mux(spiking, TokenKind.EVENT, word.kind)),
            self.o.p.value.eq(Mux(spiking, base + lowest, Mux(is_step, word.label, word.payload))),
            self.idle.eq(~full & ~self.i.valid),
        ]
        self._tag(m, word, is_step, spiking)

        done, taken = Signal(), Signal()
        m.d.comb += [
            taken.eq(self.o.valid & self.o.ready),
            done.eq(full & Mux(spiking, taken & single & ~closes, taken | ~closes)),
            self.i.ready.eq(~full | done),
        ]
        with m.If(full & spiking & taken):
            m.d.sync += [word.payload[:lanes].eq(rest), left.eq(left - 1), spiking.eq(~single), single.eq(left == 2)]
        with m.If(done):
            m.d.sync += [full.eq(0), base.eq(Mux(closes, 0, base + self._neurons(word)))]
        with m.If(self.i.valid & self.i.ready):
            came, steps = self.i.p, self.i.p.kind == TokenKind.STEP
            m.d.sync += [
                full.eq(1), word.eq(self.i.payload), left.eq(came.count), spiking.eq(steps & (came.count != 0)),
                single.eq(came.count == 1), closes.eq(~steps | self._ends_step(came)),
            ]
        return m


class Serialiser(SpikeSerialiser):
    """The serialiser of a block of one dense layer: words are groups of lanes, and one step has all of them.

    Parameters
    ----------
    block : BlockSpec
        The block whose spikes these are.
    """

    def __init__(self, block: BlockSpec) -> None:
        lanes = block.directives.lanes
        super().__init__(lanes=lanes, most=plan_of(block).readout_words * lanes, word=group_layout(block),
                         token=token_layout(block.outputs, block.readout.classes))

    def _ends_step(self, word: data.View) -> Value:
        return word.last_group

    def _tag(self, m: Module, word: data.View, is_step: Value, spiking: Value) -> None:
        m.d.comb += self.o.p.last.eq(~spiking & is_step & word.last)
