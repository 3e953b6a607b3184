"""Weight memory of a block, and whose addresses it follows."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from .contract.block import BlockSpec
from .contract.declared import engines_of
from .memories import declared_memory
from .ports import WeightReader, WeightWriter
from .turns import Owner

__all__ = ["WeightMemory"]


class WeightMemory(wiring.Component):
    """Words of stored weights: one port reads for whoever's turn it is, one writes.

    Where a block reads two words in a cycle, the writing port reads the second while it is the forward engine's turn.

    A word comes :data:`~rtl_gen.contract.memories.WEIGHT_LATENCY` cycles after its address: out of the memory, into a
    register, and into another. The first is the memories' own where the part's have one, and the second is then behind
    the choice between the rows of memories that a deep memory takes; so that neither a memory's way out nor that choice
    is before an adder.

    Parameters
    ----------
    block : BlockSpec
        The block.

    Members
    -------
    owner : In(Owner)
        Whose address is read.
    forward, update, host : In(WeightReader)
        The reading sides; all see the words of all, and of a block that never learns there is no ``update``.
    second : In(WeightReader)
        The forward engine's second word, where it reads two.
    blank : In(1 or 2)
        Zeros come in place of the word, or of either word, that the forward engine addresses in this cycle.
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
            **({"second": In(WeightReader(block))} if block.directives.reads > 1 else {}),
            "blank": In(block.directives.reads),
            "writer": In(WeightWriter(block)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.words = words = declared_memory(engines_of(self.block).forward.weights)
        read, write = words.read_port(), words.write_port()
        readers = {owner: getattr(self, name) for owner, name in self._readers.items()}
        with m.Switch(self.owner):
            for owner, reader in readers.items():
                with m.Case(owner):
                    m.d.comb += read.addr.eq(reader.address)
        word = self._registers(m, read.data, self.blank[0], "word")
        m.d.comb += [
            *(reader.weights.eq(word) for reader in readers.values()),
            write.addr.eq(self.writer.address),
            write.data.eq(self.writer.weights),
            write.en.eq(self.writer.en),
        ]
        if self.block.directives.reads > 1:
            # One address for both: so it is one port of the memory.
            read_second, forward = words.read_port(), self.owner == Owner.FORWARD
            with m.If(forward):
                m.d.comb += write.addr.eq(self.second.address)
            m.d.comb += [
                read_second.addr.eq(write.addr),
                self.second.weights.eq(self._registers(m, read_second.data, self.blank[1], "second_word")),
            ]
        return m

    @staticmethod
    def _registers(m: Module, fetched: Value, blank: Value, name: str) -> Signal:
        """The two registers behind a port; the last is 0 where ``blank`` was set with the address."""
        held, word = Signal.like(fetched, name=f"{name}_held"), Signal.like(fetched, name=name)
        blanks = [Signal(name=f"{name}_blank{stage}") for stage in range(2)]
        m.d.sync += [blanks[0].eq(blank), blanks[1].eq(blanks[0]), held.eq(fetched), word.eq(held)]
        with m.If(blanks[1]):
            m.d.sync += word.eq(0)      # which a register does by itself
        return word
