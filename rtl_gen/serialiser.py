"""Serialiser: spikes of groups of lanes to tokens."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .contract.block import BlockSpec
from .contract.plan import plan_of
from .forward_layouts import group_layout
from .token import TokenKind, token_layout

__all__ = ["Serialiser"]


class Serialiser(wiring.Component):
    """Turns each group's spikes into events, lowest neuron first, and closes each step.

    Takes one cycle for each spike, for each group without one but the last, and for the step's end.

    Parameters
    ----------
    block : BlockSpec
        The block whose spikes these are.

    Members
    -------
    i : In(stream of group_layout)
        Spikes of groups of lanes, groups in order.
    o : Out(stream of tokens)
        The same as tokens.
    idle : Out(1)
        Nothing is inside.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        super().__init__({
            "i": In(stream.Signature(group_layout(block))),
            "o": Out(stream.Signature(token_layout(block.outputs, block.readout.classes))),
            "idle": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = self.block.directives.lanes
        group = Signal.like(self.i.payload)
        full = Signal()
        words = plan_of(self.block).readout_words
        base = Signal(range(words * lanes))             # index of the group's first neuron
        spikes = group.payload[:lanes]

        # Lowest set bit, and what is left without it.
        lowest = Signal(range(lanes))
        for lane in reversed(range(lanes)):
            with m.If(spikes[lane]):
                m.d.comb += lowest.eq(lane)
        rest = spikes & (spikes - 1)[:lanes]
        # How many are left is counted as a group comes: whether any is behind the lowest is a long way in many lanes.
        left = Signal(range(lanes + 1))
        is_step = group.kind == TokenKind.STEP
        spiking = Signal()
        closes = Signal()                               # the group's last token, if it gives one at all
        m.d.comb += [
            spiking.eq(is_step & (left != 0)),
            closes.eq(~is_step | group.last_group),
            self.o.valid.eq(full & (spiking | closes)),
            self.idle.eq(~full & ~self.i.valid),
        ]
        with m.If(spiking):
            m.d.comb += [self.o.p.kind.eq(TokenKind.EVENT), self.o.p.value.eq(base + lowest)]
        with m.Else():
            m.d.comb += [
                self.o.p.kind.eq(group.kind),
                self.o.p.last.eq(is_step & group.last),
                self.o.p.value.eq(Mux(is_step, 0, group.payload)),
            ]

        done, taken = Signal(), Signal()
        m.d.comb += [
            taken.eq(self.o.valid & self.o.ready),
            done.eq(full & Mux(spiking, taken & (left == 1) & ~closes, taken | ~closes)),
            self.i.ready.eq(~full | done),
        ]
        with m.If(full & spiking & taken):
            m.d.sync += [group.payload[:lanes].eq(rest), left.eq(left - 1)]
        with m.If(done):
            m.d.sync += [full.eq(0), base.eq(Mux(closes, 0, base + lanes))]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [full.eq(1), group.eq(self.i.payload), left.eq(sum(self.i.p.payload[:lanes]))]
        return m
