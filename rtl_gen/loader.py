"""Loader: write packets into the memories of the blocks."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .contract.arithmetic import index_bits
from .contract.memory_map import geometry, host_memories
from .contract.protocol import MEMORY_BITS, memory_id
from .contract.spec import NetworkSpec
from .packet import packet_layout

__all__ = ["Loader", "WritePort", "widest_word"]


def widest_word(spec: NetworkSpec) -> tuple[int, int]:
    """Most words of a memory, and most bits of a word in whole beats, over all blocks."""
    shapes = [geometry(spec, *memory) for memory in host_memories(spec)]
    return max(shape.depth for shape in shapes), max(shape.beats for shape in shapes) * 32


class WritePort(wiring.Signature):
    """Words on their way into a memory.

    Members
    -------
    block, layer, select : Out(n), Out(n), Out(3)
        The block, its layer and the :class:`~rtl_gen.contract.protocol.Memory`.
    address, data : Out(n), Out(n)
        The word.
    en : Out(1)
        It is written in this cycle.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        depth, bits = widest_word(spec)
        super().__init__({"block": Out(index_bits(len(spec.blocks))),
                          "layer": Out(index_bits(max(block.depth for block in spec.blocks))), "select": Out(3),
                          "address": Out(index_bits(depth)), "data": Out(bits), "en": Out(1)})


class Loader(wiring.Component):
    """Write packets, header first.

    What does not fit is dropped; each packet that is not wholly right is refused once, as ``docs/protocol.md`` says.
    A beat a cycle is taken once ``drained``; before that, only the header is.

    Parameters
    ----------
    spec : NetworkSpec
        Says which memories there are.

    Members
    -------
    i : In(stream of beats)
        Packets: a header, then the words.
    refuse : In(1)
        The packet whose header is taken now is dropped.
    drained : In(1)
        The memories may be written.
    end : In(1)
        The packet that has begun ends, in a cycle without a beat; a word of which a part came is dropped.
    active : Out(1)
        The next beat belongs to a packet that has begun.
    refused : Out(1)
        A packet was refused, for one cycle.
    write : Out(WritePort)
        The words.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        super().__init__({
            "i": In(stream.Signature(packet_layout())),
            "refuse": In(1),
            "drained": In(1),
            "end": In(1),
            "active": Out(1),
            "refused": Out(1),
            "write": Out(WritePort(spec)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        depth, bits = widest_word(self.spec)
        beat, port = self.i.payload, self.write
        taken = Signal()
        words_left = Signal(range(depth + 1))
        beats_left = Signal(range(bits // 32))      # of the word, after the next
        word_beats = Signal.like(beats_left)
        part = Signal.like(beats_left)

        m.d.comb += taken.eq(self.i.valid & self.i.ready)
        m.d.sync += port.en.eq(0)
        with m.If(port.en):
            m.d.sync += port.address.eq(port.address + 1)

        with m.FSM() as fsm:
            with m.State("HEADER"):
                known = Signal()
                self._look_up(m, known, words_left, word_beats, beats_left)
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [
                    port.block.eq(beat.data[3:7]),
                    port.layer.eq(beat.data[7:MEMORY_BITS]),
                    port.select.eq(beat.data[:3]),
                    port.address.eq(0),
                    part.eq(0),
                ]
                with m.If(taken):
                    m.d.comb += self.refused.eq(~known | beat.last)
                    with m.If(~beat.last):
                        m.next = "DROP"
                        with m.If(known):
                            m.next = "WORDS"
            with m.State("WORDS"):
                m.d.comb += self.i.ready.eq(self.drained)
                with m.If(taken):
                    m.d.sync += [port.data.word_select(part, 32).eq(beat.data), part.eq(part + 1),
                                 beats_left.eq(beats_left - 1)]
                    complete = Signal()
                    m.d.comb += complete.eq((beats_left == 0) & (words_left == 1))
                    with m.If(beats_left == 0):
                        m.d.sync += [port.en.eq(1), part.eq(0), beats_left.eq(word_beats),
                                     words_left.eq(words_left - 1)]
                    with m.If(beat.last):
                        m.d.comb += self.refused.eq(~complete)
                        m.next = "HEADER"
                    with m.Elif(complete):
                        m.d.comb += self.refused.eq(1)
                        m.next = "DROP"
                with m.If(self.end):
                    m.d.comb += self.refused.eq(1)
                    m.next = "HEADER"
            with m.State("DROP"):
                m.d.comb += self.i.ready.eq(1)
                with m.If((taken & beat.last) | self.end):
                    m.next = "HEADER"
            m.d.comb += self.active.eq(~fsm.ongoing("HEADER"))
        return m

    def _look_up(self, m: Module, known: Signal, words_left: Signal, word_beats: Signal, beats_left: Signal) -> None:
        """The shape of the memory a header names, if it is one that the host may write."""
        with m.Switch(self.i.payload.data[:MEMORY_BITS]):
            for place in host_memories(self.spec):
                shape = geometry(self.spec, *place)
                if shape.writable:
                    with m.Case(memory_id(*place)):
                        m.d.comb += known.eq(~self.refuse)
                        m.d.sync += [words_left.eq(shape.depth), word_beats.eq(shape.beats - 1),
                                     beats_left.eq(shape.beats - 1)]
