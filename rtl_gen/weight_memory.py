"""Weight memory of a block, and whose addresses it follows."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .contract.block import BlockSpec
from .contract.engines.forward import Forward
from .contract.memories import WEIGHT_LATENCY
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
        word = read.data
        for stage in range(1, WEIGHT_LATENCY):
            held = Signal.like(word, name=f"held{stage}")
            m.d.sync += held.eq(word)
            word = held
        m.d.comb += [reader.weights.eq(word) for reader in readers.values()]
        m.d.comb += [
            write.addr.eq(self.writer.address),
            write.data.eq(self.writer.weights),
            write.en.eq(self.writer.en),
        ]
        return m
