"""Event list: gathers the events of a step while the step before is computed."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import index_bits
from .contract.engines.forward import event_memories
from .memories import declared_memory
from .ports import Clearing, EventReader
from .token import TokenKind, token_layout

__all__ = ["EventList", "step_layout"]


def step_layout(indices: int, classes: int) -> data.StructLayout:
    """Layout of what the forward engine is told: a START, or a step (or its abort) with its events in ``bank``."""
    return data.StructLayout({
        "kind": TokenKind,
        "last": 1,
        "value": token_layout(indices, classes)["value"].shape,
        "count": range(indices + 1),
        "bank": 1,
    })


class EventList(wiring.Component):
    """Two banks of event indices, one filled from the tokens while the other is read.

    A second event of an index in a step is dropped and counted, which takes one bit for each input and bank; the
    reader gives the bits back index by index as it goes through a bank (``clear``).

    A reset leaves the bits as they are, so the list takes nothing before it has cleared them, an input a cycle.

    Takes one token per cycle while a bank is free. Whether an event is its step's second is looked up in the cycle
    after the one in which it comes, and what becomes of it is decided in the next.

    Parameters
    ----------
    indices : int
        Number of inputs.
    classes : int
        Number of classes, for the width of a token.
    reads : int
        Events that the reader takes in a cycle, 1 or 2.
    first : int
        Number of a step's first event in its first pair: 1 where something else is read beside it.

    Members
    -------
    i : In(stream of tokens)
        START, EVENT, STEP, ABORT.
    step : Out(stream of step_layout)
        Each START, STEP and ABORT in order, a STEP or ABORT with the events of its bank.
    reader : In(EventReader)
        The events of both banks.
    accepted, dropped : Out(1)
        An event was taken; a second one was dropped.
    empty : Out(1)
        No event and no step is inside, and no bit is to be cleared.
    clearing : Out(Clearing)
        The inputs whose bits are cleared after a reset, for whoever has memories to clear as well.
    """

    def __init__(self, indices: int, classes: int, *, reads: int = 1, first: int = 0) -> None:
        self._indices = indices
        self._classes = classes
        self._first = first
        self._memories = event_memories(indices, reads=reads, first=first)
        super().__init__({
            "i": In(stream.Signature(token_layout(indices, classes))),
            "step": Out(stream.Signature(step_layout(indices, classes))),
            "reader": In(EventReader(indices, reads=reads, first=first)),
            "accepted": Out(1),
            "dropped": Out(1),
            "empty": Out(1),
            "clearing": Out(Clearing(indices)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = index_bits(self._indices)
        fill = Signal()                                 # the bank being filled
        busy = Signal(2)                                # banks whose step is not released yet
        count = Signal(range(self._indices + 1))        # of events that are known to be their step's first
        closed, closed_count = Signal(), Signal.like(count)     # a step's token came in the cycle before; its events
        index = Signal(bits)
        free, take, closes = Signal(), Signal(), Signal()
        # An event in the cycle before, and in the one before that, when it is known whether it was its step's second.
        came, known, again = Signal(), Signal(), Signal()
        came_index, known_index = Signal.like(index), Signal.like(index)
        came_bank, known_bank = Signal(), Signal()
        clearing = Signal(init=1)                       # after a reset; the count goes through the inputs meanwhile
        m.d.comb += [
            index.eq(self.i.p.value[:bits]),
            free.eq(~busy.bit_select(fill, 1) & ~clearing),
            self.clearing.en.eq(clearing),
            self.clearing.row.eq(count),
            take.eq(self.i.valid & (self.i.p.kind == TokenKind.EVENT) & free),
            self.accepted.eq(known & ~again),
            self.dropped.eq(known & again),
        ]
        m.d.sync += [
            came.eq(take), came_index.eq(index), came_bank.eq(fill),
            known.eq(came), known_index.eq(came_index), known_bank.eq(came_bank),
        ]
        self._keep(m, known_index, count, known_bank)
        seen_in = self._mark_seen(m, came_index, came_bank, came)
        # What the event before it marks is written in this cycle.
        marked = known & (known_index == came_index)
        m.d.sync += again.eq(Mux(came_bank, seen_in[1], seen_in[0]) | marked)

        with m.If(self.accepted | clearing):
            m.d.sync += count.eq(count + 1)
        with m.If(clearing & (count == self._indices - 1)):
            m.d.sync += [clearing.eq(0), count.eq(0)]

        # A step waits in one register; the token behind it is not taken before there is room for its own step.
        m.d.comb += self.empty.eq(~self.step.valid & (busy == 0) & (count == 0) & ~came & ~known & ~self.i.valid
                                      & ~clearing)
        m.d.sync += busy.eq(busy & ~self.reader.release)
        with m.If(self.step.ready):
            m.d.sync += self.step.valid.eq(0)
        with m.If(self.i.p.kind == TokenKind.EVENT):
            m.d.comb += self.i.ready.eq(free)
        with m.Elif(self.i.p.kind == TokenKind.START):
            m.d.comb += self.i.ready.eq(~self.step.valid & ~clearing)
        with m.Else():
            m.d.comb += self.i.ready.eq(free & ~self.step.valid)
        with m.If(self.i.valid & self.i.ready & (self.i.p.kind != TokenKind.EVENT)):
            m.d.sync += [
                self.step.valid.eq(1),
                self.step.p.kind.eq(self.i.p.kind),
                self.step.p.last.eq(self.i.p.last),
                self.step.p.value.eq(self.i.p.value),
                self.step.p.bank.eq(fill),
            ]
            with m.If(self.i.p.kind != TokenKind.START):
                m.d.comb += closes.eq(1)
                m.d.sync += [busy.eq((busy & ~self.reader.release) | (1 << fill)), fill.eq(~fill)]
        # What becomes of a step's last event is known in the cycle after its token's.
        m.d.sync += closed.eq(closes)
        m.d.comb += self.step.p.count.eq(closed_count)
        with m.If(closed):
            total = (count + self.accepted)[:len(count)]
            m.d.comb += self.step.p.count.eq(total)
            m.d.sync += [closed_count.eq(total), count.eq(0)]
        return m

    def _keep(self, m: Module, index: Signal, count: Signal, bank: Signal) -> None:
        """Events of either bank, one behind the other; of pairs the firsts in one memory, the seconds in another."""
        declared = self._memories.events
        number, second_bits = count + self._first, len(declared) - 1
        place = Signal(index_bits(declared[0].depth) - 1)
        m.d.comb += place.eq(self.reader.position)
        for half, declaration in enumerate(declared):
            m.submodules[declaration.name] = events = declared_memory(declaration)
            write, read, held = events.write_port(), events.read_port(), Signal.like(index, name=f"held{half}")
            # A register that a memory has of its own, before the index is an address.
            m.d.sync += held.eq(read.data)
            m.d.comb += [
                write.addr.eq(Cat(number[second_bits:][:len(place)], bank)),
                write.data.eq(index),
                write.en.eq(self.accepted & (number[:second_bits] == half)),
                read.addr.eq(Cat(place, self.reader.bank)),
                (self.reader.second if half else self.reader.index).eq(held),
            ]

    def _mark_seen(self, m: Module, index: Signal, fill: Signal, came: Signal) -> list[Value]:
        """Bits of the inputs whose events are in each bank: set, given back, and whether the bank has ``index``.

        What is written is in a register first: in distributed RAM the bits of many inputs are far from each other.
        """
        cleared = self.clearing
        seen_in = []
        for bank, declaration in enumerate((self._memories.seen0, self._memories.seen1)):
            # Read in a cycle, so that one event may follow the other at once.
            m.submodules[f"seen{bank}"] = bit = declared_memory(declaration)
            mark, look = bit.write_port(), bit.read_port(domain="comb")
            clear = Signal(name=f"clear{bank}")
            m.d.comb += [
                look.addr.eq(index),
                clear.eq(self.reader.clear_en & (self.reader.clear_bank == bank)),
            ]
            address, marks, writes = (Signal.like(index, name=f"mark_index{bank}"), Signal(name=f"marks{bank}"),
                                      Signal(name=f"writes{bank}"))
            m.d.sync += [
                address.eq(Mux(cleared.en, cleared.row, Mux(clear, self.reader.clear_index, index))),
                marks.eq(~(clear | cleared.en)),
                # An event's second marks what is marked: what the bit was is not waited for.
                writes.eq(clear | cleared.en | (came & (fill == bank))),
            ]
            m.d.comb += [mark.addr.eq(address), mark.data.eq(marks), mark.en.eq(writes)]
            seen_in.append(look.data)
        return seen_in
