"""Seen filter: drops what came often enough before in the same step."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import index_bits
from .contract.engines.seen import SeenMemory
from .memories import declared_memory
from .token import TokenKind, token_layout

__all__ = ["SeenFilter"]


class SeenFilter(wiring.Component):
    """Passes the first events of each index in a step, one or as many as count, and every other token.

    Takes a token a cycle, but none in the cycles after a step in which some of its memory is cleared
    (:class:`~rtl_gen.contract.engines.seen.SeenMemory`). After a reset all of it is, a word a cycle.

    Parameters
    ----------
    indices : int
        Number of indices.
    classes : int
        Number of classes, for the width of a token.
    most : int
        Events of an index that count in a step.

    Members
    -------
    i, o : In(stream of tokens), Out(stream of tokens)
        Tokens, and those of them that are left, a cycle later.
    accepted, dropped : Out(1)
        An event was passed; one beyond those that count was dropped.
    idle : Out(1)
        Nothing is inside, and nothing is cleared.
    """

    def __init__(self, indices: int, classes: int, most: int = 1) -> None:
        self._indices, self._most = indices, most
        self._declared = SeenMemory(indices, most=most)
        tokens = stream.Signature(token_layout(indices, classes))
        super().__init__({"i": In(tokens), "o": Out(tokens), "accepted": Out(1), "dropped": Out(1), "idle": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        declared = self._declared
        m.submodules.seen = memory = declared_memory(declared.memory)
        layout = data.StructLayout({"bits": min(declared.counts, self._indices) * declared.count_bits,
                                    "number": declared.NUMBER_BITS})
        read, write = memory.read_port(domain="comb"), memory.write_port()
        number = Signal(declared.NUMBER_BITS)           # of the step
        next_cleared = Signal(range(declared.words))    # the words are cleared in turn
        left = Signal(range(declared.words + 1), init=declared.words)       # so many of them now
        place_bits = index_bits(declared.counts)
        index = self.i.p.value[:index_bits(self._indices)]
        place, address = index[:place_bits], index[place_bits:] if declared.words > 1 else Const(0, 1)
        word, marked = data.View(layout, read.data), Signal(layout)
        before, one = Signal(layout["bits"].shape), Signal(layout["bits"].shape)
        seen, takes, clears, is_event = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            read.addr.eq(address),
            before.eq(Mux(word.number == number, word.bits, 0)),
            one.eq(Array(1 << number * declared.count_bits for number in range(declared.counts))[place]),
            seen.eq(before.word_select(place, declared.count_bits) == self._most),
            clears.eq(left != 0),
            self.i.ready.eq((self.o.ready | ~self.o.valid) & ~clears),
            takes.eq(self.i.valid & self.i.ready),
            is_event.eq(self.i.p.kind == TokenKind.EVENT),
            self.accepted.eq(takes & is_event & ~seen),
            self.dropped.eq(takes & is_event & seen),
            marked.bits.eq(Mux(clears, 0, before + one)),
            marked.number.eq(number),
            write.addr.eq(Mux(clears, next_cleared, address)),
            write.data.eq(marked),
            write.en.eq(clears | self.accepted),
            self.idle.eq(~self.i.valid & ~self.o.valid & ~clears),
        ]
        with m.If(clears):
            m.d.sync += [
                left.eq(left - 1),
                next_cleared.eq(Mux(next_cleared == declared.words - 1, 0, next_cleared + 1)),
            ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(takes):
            m.d.sync += [self.o.valid.eq(~self.dropped), self.o.payload.eq(self.i.payload)]
            with m.If((self.i.p.kind == TokenKind.STEP) | (self.i.p.kind == TokenKind.ABORT)):
                m.d.sync += [number.eq(number + 1), left.eq(declared.cleared)]
        return m
