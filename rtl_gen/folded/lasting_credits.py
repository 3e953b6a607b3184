"""Credits of currents that linger, of the layers of a folded block where they do."""

from itertools import pairwise

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.credits import FoldedCredits
from ..contract.plan import plan_of
from ..memories import declared_memory
from ..neurons.lif_shifts import decayed
from .by_layer import by_layer
from .reverse_layouts import scanned_layout

__all__ = ["LastingCredits"]


class LastingCredits(wiring.Component):
    """``lasting[p] = credit[p] + decay(lasting[p + 1])``, of a layer whose currents linger; of another ``credit[p]``.

    Computes :func:`sim.reference.current.credits_of` bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A folded block with currents that linger in a layer.

    Members
    -------
    layer : In
        The layer that is scanned.
    following : In(scanned_layout)
        The part whose gates are chosen in the next cycle.
    opens : In(1)
        The part whose gates are chosen in this cycle is of the window's last position: nothing is behind it.
    at : In(scanned_layout)
        The part whose credits are there: :attr:`BEHIND` cycles after its gates were chosen.
    credits : In
        The credits of its membranes, a cycle ahead of ``at``.
    lasting : Out
        The credits of its currents, with ``at``.
    """

    BEHIND = 4

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self.engine = engine = FoldedCredits(plan_of(block))
        super().__init__({
            "layer": In(index_bits(block.depth)),
            "following": In(scanned_layout(block)),
            "opens": In(1),
            "at": In(scanned_layout(block)),
            "credits": In(data.ArrayLayout(signed(engine.carried_bits), engine.scan_lanes)),
            "lasting": Out(data.ArrayLayout(signed(engine.lasting_bits), engine.scan_lanes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        engine, layers = self.engine, self.block.layers
        m.submodules.memory = memory = declared_memory(engine.lasting_memory)
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            read.addr.eq(Cat(self.following.part[:engine.part_bits], self.following.place)),
            write.addr.eq(Cat(self.at.part[:engine.part_bits], self.at.place)),
            write.data.eq(Value.cast(self.lasting)),
            write.en.eq(self.at.valid & by_layer(self.layer, [int(layer.current is not None) for layer in layers])),
        ]
        for lane, credit in enumerate(self.credits):
            behind = read.data.word_select(lane, engine.lasting_bits).as_signed()
            kept = [Signal(signed(engine.lasting_bits), name=f"kept{lane}_{stage}") for stage in range(self.BEHIND - 1)]
            m.d.sync += [
                kept[0].eq(0),
                *(later.eq(sooner) for sooner, later in pairwise(kept)),
                self.lasting[lane].eq(credit + kept[-1]),
            ]
            with m.If(~self.opens), m.Switch(self.layer):
                for number, layer in enumerate(layers):
                    if layer.current is not None:
                        with m.Case(number):
                            m.d.sync += kept[0].eq(decayed(layer.current, behind))
        return m
