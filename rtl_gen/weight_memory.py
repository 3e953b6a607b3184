"""Weight memory of a block, and whose addresses it follows."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from .contract.block import BlockSpec
from .contract.declared import engines_of
from .contract.plan import plan_of
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
    is before an adder. In a flat block the address is in a register before that
    (:data:`~rtl_gen.contract.memories.FLAT_WEIGHT_LATENCY`), which alone drives all the memories.

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
        self._flat = plan_of(self.block).flat
        readers = {owner: getattr(self, name) for owner, name in self._readers.items()}
        address = Signal.like(read.addr, name="address")
        with m.Switch(self.owner):
            for owner, reader in readers.items():
                with m.Case(owner):
                    m.d.comb += address.eq(reader.address)
        m.d.comb += read.addr.eq(self._early(m, address, "address"))
        word = self._registers(m, read.data, self.blank[0], "word")
        m.d.comb += [
            *(reader.weights.eq(word) for reader in readers.values()),
            write.addr.eq(self.writer.address),
            write.data.eq(self.writer.weights),
            write.en.eq(self.writer.en),
        ]
        if self.block.directives.reads > 1:
            # One address for both: so it is one port of the memory.
            read_second, shared = words.read_port(), Signal.like(write.addr, name="shared")
            m.d.comb += [
                shared.eq(Mux(self.owner == Owner.FORWARD, self.second.address, self.writer.address)),
                write.addr.eq(self._early(m, shared, "shared")),
                write.data.eq(self._early(m, Value.cast(self.writer.weights), "written")),
                write.en.eq(self._early(m, self.writer.en, "writes")),
                read_second.addr.eq(write.addr),
                self.second.weights.eq(self._registers(m, read_second.data, self.blank[1], "second_word")),
            ]
        return m

    def _early(self, m: Module, value: Value, name: str) -> Value:
        """What goes to the memories: of a flat block out of a register."""
        if not self._flat:
            return value
        held = Signal.like(value, name=f"{name}_early", reset_less=len(value) > 1)
        m.d.sync += held.eq(value)
        return held

    def _registers(self, m: Module, fetched: Value, blank: Value, name: str) -> Signal:
        """The two registers behind a port; the last is 0 where ``blank`` was set with the address."""
        # Without a reset, so that a register's way to 0 has nothing else on it.
        held, word = (Signal.like(fetched, name=of, reset_less=True) for of in (f"{name}_held", name))
        blanks = [blank]
        for stage in range(2 + self._flat):
            blanks.append(Signal(name=f"{name}_blank{stage}"))
            m.d.sync += blanks[-1].eq(blanks[-2])
        m.d.sync += [held.eq(fetched), word.eq(held)]
        with m.If(blanks[-1]):
            m.d.sync += word.eq(0)      # which a register does by itself
        return word
