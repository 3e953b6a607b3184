"""Host access: memories read out as packets, and words written, through the host ports of the blocks."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .block_shell import HostPort
from .contract.memory_map import geometry, host_memories
from .contract.protocol import BLOCKS_PER_LAYER, KIND_SHIFT, MEMORIES_PER_BLOCK, MEMORY_BITS, Packet, memory_id
from .contract.spec import NetworkSpec
from .loader import WritePort, widest_word
from .packet import packet_layout

__all__ = ["HostAccess"]

SETTLE_CYCLES = 6       # from an address to its word, of a HostPort, and its first beat in a register


class HostAccess(wiring.Component):
    """The one who drives the blocks' host ports.

    A request is served while ``may_read``; it then has to stay so until ``served``. A word of B beats takes
    B + :data:`SETTLE_CYCLES` cycles.

    Parameters
    ----------
    spec : NetworkSpec
        Says which memories there are.

    Members
    -------
    request, pending : In(8), In(1)
        Memory id that is asked for.
    may_read : In(1)
        The memories can be read.
    served : Out(1)
        The packet's last beat was taken.
    write : In(WritePort)
        Words to write.
    port0, … : Out(HostPort)
        Of each block.
    o : Out(stream of packet beats)
        Memory packets.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        super().__init__({
            "request": In(MEMORY_BITS),
            "pending": In(1),
            "may_read": In(1),
            "served": Out(1),
            "write": In(WritePort(spec)),
            **{f"port{b}": Out(HostPort(spec, b)) for b in range(len(spec.blocks))},
            "o": Out(stream.Signature(packet_layout())),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        depth, bits = widest_word(self.spec)
        reading = Signal()
        address = Signal(range(depth))
        words_left = Signal(range(depth + 1))       # that have not been sent, but for the one being sent
        beats = Signal(range(bits // 32 + 1))       # of a word
        part = Signal(range(bits // 32 + 1))        # the word's beat behind the one that is sent next
        part_last, word_last = Signal(), Signal()
        fetched, beat = Signal(32), Signal(32)
        settle = Signal(range(SETTLE_CYCLES + 1))

        self._drive_ports(m, reading, address, part, fetched)
        with m.Switch(self.request):
            for place in host_memories(self.spec):
                shape = geometry(self.spec, *place)
                with m.Case(memory_id(*place)):
                    m.d.comb += beats.eq(shape.beats)
                    with m.If(~reading):
                        m.d.sync += words_left.eq(shape.depth - 1)

        m.d.comb += [part_last.eq(part == beats), word_last.eq(words_left == 0)]
        with m.If(settle != 0):
            m.d.sync += settle.eq(settle - 1)
        with m.If(settle == 1):
            m.d.sync += [beat.eq(fetched), part.eq(1)]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.FSM():
            with m.State("WAIT"):
                m.d.sync += [address.eq(0), part.eq(0), settle.eq(SETTLE_CYCLES)]
                with m.If(self.pending & self.may_read):
                    m.d.sync += [
                        reading.eq(1),
                        self.o.valid.eq(1),
                        self.o.p.last.eq(0),
                        self.o.p.data.eq(Packet.MEMORY << KIND_SHIFT | self.request),
                    ]
                    m.next = "SEND"
            with m.State("SEND"):
                with m.If((settle == 0) & (~self.o.valid | self.o.ready)):
                    m.d.sync += [
                        self.o.valid.eq(1),
                        self.o.p.data.eq(beat),
                        self.o.p.last.eq(part_last & word_last),
                        beat.eq(fetched),
                        part.eq(Mux(part_last, 0, part + 1)),
                    ]
                    with m.If(part_last):
                        m.d.sync += [address.eq(address + 1), words_left.eq(words_left - 1),
                                     settle.eq(SETTLE_CYCLES)]
                        with m.If(word_last):
                            m.next = "LAST"
            with m.State("LAST"):
                with m.If(self.o.ready):
                    m.d.comb += self.served.eq(1)
                    m.d.sync += reading.eq(0)
                    m.next = "WAIT"
        return m

    def _drive_ports(self, m: Module, reading: Signal, address: Signal, part: Signal, fetched: Signal) -> None:
        memory_bits, block_bits = MEMORIES_PER_BLOCK.bit_length() - 1, BLOCKS_PER_LAYER.bit_length() - 1
        layer = self.request[memory_bits + block_bits:]
        with m.Switch(self.request[memory_bits:memory_bits + block_bits]):
            for block in range(len(self.spec.blocks)):
                with m.Case(block):
                    m.d.comb += fetched.eq(getattr(self, f"port{block}").r_data)
        for block in range(len(self.spec.blocks)):
            port = getattr(self, f"port{block}")
            m.d.comb += [
                port.select.eq(Mux(reading, self.request[:memory_bits], self.write.select)),
                port.layer.eq(Mux(reading, layer, self.write.layer)),
                port.address.eq(Mux(reading, address, self.write.address)),
                port.part.eq(part),
                port.w_data.eq(self.write.data),
                port.w_en.eq(self.write.en & (self.write.block == block)),
            ]
