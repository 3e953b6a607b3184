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

    The credits of the currents of each layer that adds others are kept until the layer whose they are is scanned. Where
    several layers add the same currents each has a memory, and all are read at once.

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
        currents = [Signal(signed(engine.flow_bits), name=f"current{lane}") for lane in range(engine.scan_lanes)]
        flows = [self._flow(m, rank, currents) for rank in range(len(engine.flow_memories))]
        for lane, (credit, current) in enumerate(zip(self.credits, currents, strict=True)):
            with m.Switch(self.layer):
                for number, layer in enumerate(layers):
                    back = [flows[rank][lane] << layers[other].residual.shift
                            for rank, other in enumerate(engine.added_to(number))]
                    own = layer.residual
                    with m.Case(number):
                        m.d.comb += current.eq(sum(back, credit))
                        m.d.sync += self.told[lane].eq(current if own is None else current << own.own_shift)
        return m

    def _flow(self, m: Module, rank: int, currents: list[Signal]) -> list[Signal]:
        """What goes back to each lane from the layer of a rank that adds its currents; ``currents`` are kept of such.
        """
        engine, numbers = self.engine, range(self.block.depth)
        m.submodules[f"memory{rank}"] = memory = declared_memory(engine.flow_memories[rank])
        write, read = memory.write_port(), memory.read_port()
        above = [engine.added_to(number)[rank:rank + 1] for number in numbers]
        words = engine.flow_memories[rank].depth >> engine.flow_shift
        m.d.comb += [
            read.addr.eq(self._address(self.following, [engine.flow_base(*of) if of else 0 for of in above], words)),
            write.addr.eq(self._address(self.at, [engine.flow_base(number) for number in numbers], words)),
            write.data.eq(Cat(currents)),
            write.en.eq(self.at.valid & by_layer(self.layer, [
                int(engine.flow_rank(number) == rank) for number in numbers])),
        ]
        found = []
        for lane in range(engine.scan_lanes):
            flow = read.data.word_select(lane, engine.flow_bits).as_signed()
            for stage in range(self.behind):
                held = Signal(signed(engine.flow_bits), name=f"flow{rank}_{lane}_{stage}")
                m.d.sync += held.eq(flow)
                flow = held
            found.append(flow)
        return found

    def _address(self, part: data.View, bases: list[int], words: int) -> Value:
        """Where credits of currents lie among those of ``words``, of layers whose words begin at these."""
        word = part.place + by_layer(self.layer, bases)
        return Cat(part.part[:self.engine.part_bits], part.position, word[:index_bits(words)])
