"""Machine: all of a core but its buses."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .axi_lite import RegisterBus
from .beat import beat_layout, looked_at
from .block import Block
from .contract.plan import plan_of
from .contract.spec import NetworkSpec
from .folded.block import FoldedBlock
from .host_access import HostAccess
from .ingest import Ingest
from .outlet import Outlet
from .packet import packet_layout
from .registers import Registers
from .slice import Slice

__all__ = ["Machine"]


class Machine(wiring.Component):
    """The blocks in a chain, what feeds them, what empties them, and the registers.

    No path leads through it from a handshake of one stream to another in the same cycle.

    Parameters
    ----------
    spec : NetworkSpec
        The network.

    Members
    -------
    i, o : In(stream of beats), Out(stream of beats)
        Input and output stream.
    bus : In(RegisterBus)
        The registers.
    bus_errors : In(2)
        So many more accesses were refused, elsewhere on the bus.
    waiting : In(1)
        Beats are on their way to the input: the core is not idle.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        beats = stream.Signature(packet_layout())
        super().__init__({"i": In(beats), "o": Out(beats), "bus": In(RegisterBus()), "bus_errors": In(2),
                          "waiting": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.input = entry = Slice(beat_layout())
        m.submodules.ingest = ingest = Ingest(self.spec)
        # So that no way leads from a block's ready through the ingest to its counters and the input.
        m.submodules.tokens = tokens = Slice(ingest.o.p.shape())
        m.submodules.outlet = outlet = Outlet()
        m.submodules.access = access = HostAccess(self.spec)
        m.submodules.registers = registers = Registers(self.spec)
        blocks = [(Block if plan_of(block).flat else FoldedBlock)(self.spec, number)
                  for number, block in enumerate(self.spec.blocks)]
        for number, block in enumerate(blocks):
            m.submodules[f"block{number}"] = block

        m.d.comb += [
            entry.i.payload.as_value().eq(Cat(looked_at(self.spec, self.i.p))),
            entry.i.valid.eq(self.i.valid),
            self.i.ready.eq(entry.i.ready),
        ]
        wiring.connect(m, entry.o, ingest.i)
        # A register, so that no way leads from a block through it to the input. Only a token of the ingest's makes it
        # end, and in the cycle after that one the register says so.
        drained = Signal()
        wiring.connect(m, ingest.o, tokens.i)
        m.d.sync += drained.eq(self._chain(m, tokens.o, blocks, outlet) & ~ingest.o.valid)
        wiring.connect(m, outlet.o, wiring.flipped(self.o))
        self._connect_host(m, ingest, access, outlet, blocks)
        self._connect_registers(m, registers, ingest, access, blocks)
        m.d.comb += [
            ingest.drained.eq(drained),
            access.may_read.eq(ingest.quiet & drained),
        ]
        return m

    def _chain(self, m: Module, first: stream.Interface, blocks: list[Block | FoldedBlock], outlet: Outlet) -> Value:
        """Tokens from block to block, and the last one's results; gives whether nothing is on its way."""
        streams = [first] + [block.o for block in blocks]
        for tokens, block in zip(streams, blocks, strict=False):
            wiring.connect(m, tokens, block.i)
        m.d.comb += [block.result.ready.eq(1) for block in blocks[:-1]]
        m.d.comb += blocks[-1].o.ready.eq(1)
        wiring.connect(m, blocks[-1].result, outlet.results)

        waits = [tokens.valid for tokens in streams]
        return Cat(*(block.idle for block in blocks), outlet.drained).all() & ~Cat(waits).any()

    def _connect_host(self, m: Module, ingest: Ingest, access: HostAccess, outlet: Outlet,
                      blocks: list[Block | FoldedBlock]) -> None:
        wiring.connect(m, ingest.write, access.write)
        wiring.connect(m, access.o, outlet.memories)
        for number, block in enumerate(blocks):
            wiring.connect(m, getattr(access, f"port{number}"), block.host)

    def _connect_registers(self, m: Module, registers: Registers, ingest: Ingest, access: HostAccess,
                           blocks: list[Block | FoldedBlock]) -> None:
        wiring.connect(m, wiring.flipped(self.bus), registers.bus)
        m.d.comb += [
            registers.bus_errors.eq(self.bus_errors),
            registers.status.eq(Cat(ingest.idle & ~self.waiting, ingest.halted, ingest.open)),
            ingest.halt.eq(registers.halt),
            ingest.resume.eq(registers.resume),
            ingest.watchdog.eq(registers.watchdog),
            ingest.hold.eq(registers.pending),
            ingest.hold_start.eq(registers.rates_wait),
            registers.renew_rates.eq(ingest.between),
            access.request.eq(registers.request),
            access.pending.eq(registers.pending),
            registers.served.eq(access.served),
        ]
        # A cycle late, so that a beat is not looked at and counted in one.
        m.d.sync += [registers.counted.eq(ingest.counted), registers.flags.eq(ingest.flags)]
        for number, block in enumerate(blocks):
            wiring.connect(m, block.registers, getattr(registers, f"block{number}"))
