"""Weight memory of a block, and whose addresses it follows."""

from functools import reduce
from operator import or_

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from .contract.block import BlockSpec
from .contract.declared import engines_of
from .contract.memories import rows_of
from .contract.plan import plan_of
from .memories import declared_memory
from .ports import WeightReader, WeightWriter
from .turns import Owner

__all__ = ["WeightMemory"]


class WeightMemory(wiring.Component):
    """Words of stored weights: one port reads for whoever's turn it is, one writes.

    Where a block reads two words in a cycle, the writing port reads the second in each cycle in which it does not
    write: the host's last word may come when the forward engine's turn has begun.

    A word comes :data:`~rtl_gen.contract.memories.WEIGHT_LATENCY` cycles after its address: out of the memory, into a
    register, and into another. The first is the memories' own where the part's have one: a deep memory is rows of
    memories, each with its own register, and the second is behind the choice between them; so that neither a memory's
    way out nor that choice is before an adder. In a flat block the address is in a register before that
    (:data:`~rtl_gen.contract.memories.FLAT_WEIGHT_LATENCY`), which alone drives all the memories, and so is what is
    written.

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
        self._flat = plan_of(self.block).flat
        rows = [declared_memory(row) for row in rows_of(engines_of(self.block).forward.weights)]
        for number, row in enumerate(rows):
            m.submodules[f"words{number}"] = row
        reads, writes = [row.read_port() for row in rows], [row.write_port() for row in rows]
        self._rows, self._row_words = len(rows), rows[0].depth
        readers = {owner: getattr(self, name) for owner, name in self._readers.items()}
        address = Signal.like(readers[Owner.FORWARD].address, name="address")
        with m.Switch(self.owner):
            for owner, reader in readers.items():
                with m.Case(owner):
                    m.d.comb += address.eq(reader.address)
        early = self._early(m, address, "address")
        m.d.comb += [port.addr.eq(early) for port in reads]
        word = self._registers(m, early, [port.data for port in reads], self.blank[0], "word")
        m.d.comb += [reader.weights.eq(word) for reader in readers.values()]
        written = self.writer.address
        data, en = self._early(m, Value.cast(self.writer.weights), "written"), self.writer.en
        if self.block.directives.reads == 1:
            enables = self._enables(m, written, en)
            written = self._early(m, written, "write_address")
        else:
            # One address for both: so it is one port of the memory.
            shared = Signal.like(address, name="shared")
            m.d.comb += shared.eq(Mux(en, written, self.second.address))
            enables = self._enables(m, shared, en)
            written = self._early(m, shared, "shared")
            seconds = [row.read_port() for row in rows]
            m.d.comb += [
                *(port.addr.eq(written) for port in seconds),
                self.second.weights.eq(self._registers(m, written, [port.data for port in seconds], self.blank[1],
                                                       "second_word")),
            ]
        for port, enable in zip(writes, enables, strict=True):
            m.d.comb += [port.addr.eq(written), port.data.eq(data), port.en.eq(enable)]
        return m

    def _enables(self, m: Module, address: Value, en: Value) -> list[Value]:
        """Whether each row is written: of a flat block each comes out of a register of its own."""
        return [self._early(m, en & self._is_in(address, number), f"writes{number}") for number in range(self._rows)]

    def _is_in(self, address: Value, row: int) -> Value:
        """Whether the word is in this row of memories; where there are several, they have a power of two of words."""
        return address[self._row_words.bit_length() - 1:] == row if self._rows > 1 else Const(1)

    def _early(self, m: Module, value: Value, name: str) -> Value:
        """What goes to the memories: of a flat block out of a register."""
        if not self._flat:
            return value
        held = Signal.like(value, name=f"{name}_early", reset_less=len(value) > 1)
        m.d.sync += held.eq(value)
        return held

    def _registers(self, m: Module, address: Value, fetched: list[Value], blank: Value, name: str) -> Signal:
        """The two registers behind a port: of each row, 0 where its word is not wanted, and of them all.

        A register's way to 0 takes no LUT, so that to choose between rows is to OR them. Where ``blank`` was set with
        the address, no row's word is wanted.
        """
        if self._flat:
            early = Signal(name=f"{name}_blank")
            m.d.sync += early.eq(blank)
            blank = early
        found = []
        for number, data in enumerate(fetched):
            # Without a reset, so that a register's way to 0 has nothing else on it.
            other = Signal(name=f"{name}_other{number}", reset_less=True)
            held = Signal.like(data, name=f"{name}_held{number}", reset_less=True)
            m.d.sync += [other.eq(blank | ~self._is_in(address, number)), held.eq(data)]
            with m.If(other):
                m.d.sync += held.eq(0)
            found.append(held)
        word = Signal.like(found[0], name=name, reset_less=True)
        m.d.sync += word.eq(reduce(or_, found))
        return word
