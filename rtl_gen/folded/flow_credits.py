"""Credits of currents that are added to those of a later layer."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.credits import FoldedCredits
from ..contract.plan import plan_of
from ..memories import declared_memory
from .by_layer import by_layer
from .reverse_layouts import scanned_layout

__all__ = ["FlowCredits"]


class FlowCredits(wiring.Component):
    """What weights are told: the credits of the layer's own currents, and of theirs that later layers add these to.

    The credits of the currents of each layer that adds others are kept until the layer whose they are is scanned.

    Computes :mod:`sim.reference.backward` bit for bit.

    Parameters
    ----------
    block : BlockSpec
        A folded block with residual currents.

    Members
    -------
    layer : In
        The layer that is scanned.
    following : In(scanned_layout)
        The part whose gates are chosen in the next cycle.
    at, credits : In(scanned_layout), In
        The part whose own currents' credits these are: ``behind`` cycles after its gates were chosen.
    told : Out
        What its weights are told, a cycle later.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self.engine = engine = FoldedCredits(plan_of(block))
        self.behind = engine.scan_cycles - 2
        super().__init__({
            "layer": In(index_bits(block.depth)),
            "following": In(scanned_layout(block)),
            "at": In(scanned_layout(block)),
            "credits": In(data.ArrayLayout(signed(engine.lasting_bits), engine.scan_lanes)),
            "told": Out(data.ArrayLayout(signed(engine.credit_bits), engine.scan_lanes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        engine, layers = self.engine, self.block.layers
        m.submodules.memory = memory = declared_memory(engine.flow_memory)
        write, read = memory.write_port(), memory.read_port()
        above = [(engine.added_to(number) or [None])[0] for number in range(len(layers))]
        m.d.comb += [
            read.addr.eq(self._address(self.following, [engine.flow_base(number or 0) for number in above])),
            write.addr.eq(self._address(self.at, [engine.flow_base(number) for number in range(len(layers))])),
            write.en.eq(self.at.valid & by_layer(self.layer, [int(layer.residual is not None) for layer in layers])),
        ]
        currents = []
        for lane, credit in enumerate(self.credits):
            flow = read.data.word_select(lane, engine.flow_bits).as_signed()
            for stage in range(self.behind):
                held = Signal(signed(engine.flow_bits), name=f"flow{lane}_{stage}")
                m.d.sync += held.eq(flow)
                flow = held
            current = Signal(signed(engine.flow_bits), name=f"current{lane}")
            with m.Switch(self.layer):
                for number, other in enumerate(above):
                    own = layers[number].residual
                    with m.Case(number):
                        m.d.comb += current.eq(credit if other is None else
                                               credit + (flow << layers[other].residual.shift))
                        m.d.sync += self.told[lane].eq(current if own is None else current << own.own_shift)
            currents.append(current)
        m.d.comb += write.data.eq(Cat(currents))
        return m

    def _address(self, part: data.View, bases: list[int]) -> Value:
        """Where credits of currents lie, of layers whose words begin at these."""
        word = part.place + by_layer(self.layer, bases)
        return Cat(part.part[:self.engine.part_bits], part.position, word[:index_bits(self.engine.flow_words)])
