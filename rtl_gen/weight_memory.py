"""Weight memory of a block, and whose addresses it follows."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from .contract.block import BlockSpec
from .contract.engines.forward import Forward
from .contract.plan import plan_of
from .memories import declared_memory
from .ports import WeightReader, WeightWriter
from .turns import Owner

__all__ = ["WeightMemory"]


class WeightMemory(wiring.Component):
    """Words of stored weights: one port reads for whoever's turn it is, one writes.

    A word comes :data:`~rtl_gen.contract.memories.WEIGHT_LATENCY` cycles after its address: out of the memory, into a
    register, and into another. The first is the memories' own where the part's have one, and the second is then behind
    the choice between the rows of memories that a deep memory takes; so that neither a memory's way out nor that choice
    is before an adder.

    Parameters
    ----------
    block : BlockSpec
        A block of one layer.

    Members
    -------
    owner : In(Owner)
        Whose address is read.
    forward, update, host : In(WeightReader)
        The reading sides; all see the words of all, and of a block that never learns there is no ``update``.
    blank : In(1)
        Zeros come in place of the word that is addressed in this cycle.
    writer : In(WeightWriter)
        New weights; whoever has them sees to it that nobody reads.
    """

    def __init__(self, block: BlockSpec) -> None:
        self.block = block
        self._readers = {Owner.FORWARD: "forward", Owner.HOST: "host"}
        if block.directives.learns:
            self._readers[Owner.UPDATE] = "update"
        super().__init__({
            "owner": In(Owner),
            **{name: In(WeightReader(block)) for name in self._readers.values()},
            "blank": In(1),
            "writer": In(WeightWriter(block)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        (memories,) = Forward(plan_of(self.block)).of_layers
        m.submodules.words = words = declared_memory(memories.weights)
        read, write = words.read_port(), words.write_port()
        readers = {owner: getattr(self, name) for owner, name in self._readers.items()}
        with m.Switch(self.owner):
            for owner, reader in readers.items():
                with m.Case(owner):
                    m.d.comb += read.addr.eq(reader.address)
        held, word = (Signal.like(read.data, name=name) for name in ("held", "word"))
        blank = [Signal(name=f"blank{stage}") for stage in range(2)]
        m.d.sync += [blank[0].eq(self.blank), blank[1].eq(blank[0]), held.eq(read.data), word.eq(held)]
        with m.If(blank[1]):
            m.d.sync += word.eq(0)      # which a register does by itself
        m.d.comb += [
            *(reader.weights.eq(word) for reader in readers.values()),
            write.addr.eq(self.writer.address),
            write.data.eq(self.writer.weights),
            write.en.eq(self.writer.en),
        ]
        return m
