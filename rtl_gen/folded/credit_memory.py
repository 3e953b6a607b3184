"""Credits of a folded block's window: the reverse pass writes and reads them, then they are handed on word by word."""

from itertools import pairwise

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..addends import sum_of
from ..contract.arithmetic import index_bits
from ..contract.block import BlockSpec
from ..contract.engines.folded.credit_memories import has_thresholds, injected_bits
from ..contract.engines.folded.credits import FoldedCredits
from ..contract.memories import WEIGHT_LATENCY
from ..contract.plan import plan_of
from ..memories import declared_memory
from .ports import CreditPort, injected_layout

__all__ = ["CreditMemory", "CreditReader", "CreditWriter"]


class CreditWriter(wiring.Signature):
    """Writing side of a credit memory, part by part.

    Members
    -------
    en, address, part, credits : Out
        Whether a part of a word is written, where and which, and its credits.
    count_en, count_address, count : Out
        How many credits of a word are not 0.
    """

    def __init__(self, block: BlockSpec) -> None:
        engine = FoldedCredits(plan_of(block))
        address = index_bits(engine.words * block.window)
        super().__init__({
            "en": Out(1), "address": Out(address), "part": Out(index_bits(engine.parts)),
            "credits": Out(data.ArrayLayout(signed(engine.credit_bits), engine.scan_lanes)),
            "count_en": Out(1), "count_address": Out(address), "count": Out(index_bits(block.directives.lanes + 1)),
        })


class CreditReader(wiring.Signature):
    """Reading side of a credit memory: whole words, as late as weights come.

    Members
    -------
    address : Out
        Word and position, ``position * words + word`` with all layers' words.
    credits, count : In
        Its credits, and how many are not 0, :data:`~rtl_gen.contract.memories.WEIGHT_LATENCY` cycles later.
    """

    def __init__(self, block: BlockSpec) -> None:
        engine, lanes = FoldedCredits(plan_of(block)), block.directives.lanes
        super().__init__({
            "address": Out(index_bits(engine.words * block.window)),
            "credits": In(data.ArrayLayout(signed(engine.credit_bits), lanes)),
            "count": In(index_bits(lanes + 1)),
        })


class CreditMemory(wiring.Component):
    """Credits of all words of all layers at all positions of a window.

    A word that is asked for comes part by part, each of its ``lanes`` and at all positions from 0 up: four cycles after
    it was taken the first, then one a cycle.

    Parameters
    ----------
    block : BlockSpec
        A folded block.
    lanes : int
        Lanes of a part that is handed on.

    Members
    -------
    finding : In(1)
        The reader has the memory; else who asks for words.
    writer, reader : In(CreditWriter), In(CreditReader)
        The reverse pass.
    credits : In(CreditPort)
        Who asks for words.
    asked, injected : Out, In
        The word that is read, and what its neurons were given, a cycle later; of a block with learned thresholds.
    """

    def __init__(self, block: BlockSpec, lanes: int) -> None:
        self.block = block
        self.engine = FoldedCredits(plan_of(block))
        self.port_lanes, self._lanes = lanes, block.directives.lanes
        self.port_parts = -(-self._lanes // lanes)
        super().__init__({
            "finding": In(1),
            "writer": In(CreditWriter(block)),
            "reader": In(CreditReader(block)),
            "credits": In(CreditPort(block, lanes)),
            **({"asked": Out(index_bits(self.engine.words)), "injected": In(data.ArrayLayout(
                injected_layout(block), self._lanes))} if has_thresholds(block) else {}),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        asked = Signal.like(self.reader.address)
        address = Signal.like(asked)
        m.d.comb += address.eq(Mux(self.finding, self.reader.address, asked))
        bits = self.engine.credit_bits
        words = []
        for number, declaration in enumerate(self.engine.credit_memories):
            m.submodules[f"part{number}"] = part = declared_memory(declaration)
            write, read = part.write_port(), part.read_port()
            m.d.comb += [
                write.addr.eq(self.writer.address),
                write.data.eq(self.writer.credits),
                write.en.eq(self.writer.en & (self.writer.part == number)),
                read.addr.eq(address),
            ]
            words.append(read.data)
        m.submodules.counts = memory = declared_memory(self.engine.count_memory)
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            write.addr.eq(self.writer.count_address),
            write.data.eq(self.writer.count),
            write.en.eq(self.writer.count_en),
            read.addr.eq(address),
        ]
        word = self._later(m, Cat(words)[:bits * self._lanes], "word")
        m.d.comb += [
            Value.cast(self.reader.credits).eq(word),
            self.reader.count.eq(self._later(m, read.data, "count")),
        ]
        self._serve(m, asked, word)
        return m

    @staticmethod
    def _later(m: Module, value: Value, name: str) -> Signal:
        """What comes out of a memory, as late as weights do."""
        for stage in range(WEIGHT_LATENCY - 1):
            held = Signal(value.shape(), name=f"{name}{stage}")
            m.d.sync += held.eq(value)
            value = held
        return value

    def _serve(self, m: Module, address: Signal, word: Value) -> None:
        """Part by part, position by position."""
        port = self.credits
        steps = Signal.like(port.steps)                 # less one
        begins = Signal.like(address)                   # of position 0
        asked = data.StructLayout({"valid": 1, "ends": 1, "opens": 1, "part": port.load.part.shape(),
                                   "position": port.load.position.shape()})
        now = Signal(asked)
        last_part = Signal()
        on_way = [now] + [Signal(asked, name=f"asked{stage}") for stage in range(WEIGHT_LATENCY)]
        m.d.sync += [later.eq(before) for before, later in pairwise(on_way)]
        m.d.sync += steps.eq(port.steps - 1)
        m.d.comb += [
            last_part.eq(now.part == self.port_parts - 1),
            now.ends.eq(last_part & (now.position == steps)),
            now.opens.eq((now.part == 0) & (now.position == 0)),
        ]
        part, position = now.part, now.position
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += port.word.ready.eq(~self.finding)
                m.d.sync += [part.eq(0), position.eq(0), address.eq(port.word.p.word), begins.eq(port.word.p.word)]
                with m.If(port.word.valid & port.word.ready):
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += now.valid.eq(1)
                m.d.sync += [position.eq(position + 1), address.eq(address + self.engine.words)]
                with m.If(position == steps):
                    m.d.sync += [position.eq(0), part.eq(part + 1), address.eq(begins)]
                with m.If(now.ends):
                    m.next = "COME"
            with m.State("COME"):
                with m.If(on_way[-1].valid & on_way[-1].ends):
                    m.next = "IDLE"
        self._hand_on(m, begins, on_way[-1], word)

    def _hand_on(self, m: Module, begins: Signal, come: data.View, word: Value) -> None:
        """The part that has ``come`` of a word, and with it what its neurons were given."""
        port = self.credits
        size = self.port_lanes * self.engine.credit_bits
        padded = Signal(self.port_parts * size)         # the last part may have fewer lanes: what it lacks is 0
        shown = Signal(port.load.credits.shape())
        m.d.comb += [
            padded.eq(word),
            Value.cast(shown).eq(padded.word_select(come.part, size) if self.port_parts > 1 else padded),
            port.load.valid.eq(come.valid),
            port.load.ends.eq(come.ends),
            port.load.part.eq(come.part),
            port.load.position.eq(come.position),
            port.load.credits.eq(shown),
        ]
        if has_thresholds(self.block):
            bits = 1 + injected_bits(self.block)
            given = Signal(self.port_parts * self.port_lanes * bits)
            m.d.comb += [
                self.asked.eq(begins),
                given.eq(self.injected),
                Value.cast(port.load.injected).eq(given.word_select(come.part, self.port_lanes * bits)
                                                  if self.port_parts > 1 else given),
            ]
        lived = Signal(self._lanes)
        lives = Cat(word.word_select(lane, self.engine.credit_bits).any() for lane in range(self._lanes))
        with m.If(come.valid):
            m.d.sync += lived.eq(lives | Mux(come.opens, 0, lived))
        m.d.comb += port.alive.eq(sum_of(lived))
