"""Mailbox: the machine behind AXI4-Lite alone, its streams as registers."""

from amaranth.hdl import *
from amaranth.lib import wiring

from .axi_lite import AxiLiteSlave, RegisterBus, connect_pins, slave_pins
from .contract.protocol import (
    MAILBOX_BASE,
    MAILBOX_RX,
    MAILBOX_RX_DEPTH,
    MAILBOX_RX_LAST,
    MAILBOX_RX_STATUS,
    MAILBOX_RX_WAITS,
    MAILBOX_TX,
    MAILBOX_TX_DEPTH,
    MAILBOX_TX_LAST,
    MAILBOX_TX_STATUS,
)
from .contract.spec import NetworkSpec
from .fifo import StreamFifo
from .machine import Machine
from .packet import packet_layout

__all__ = ["PREFIX", "MailboxCore"]

PREFIX = "s_axi_"       # of the pins of the bus


class MailboxCore(wiring.Component):
    """A network as hardware for a processor without DMA: what :class:`~rtl_gen.core.Core` does, by registers alone.

    Every output is a register, or one inverted.

    Parameters
    ----------
    spec : NetworkSpec
        The network.

    Members
    -------
    s_axi_… : members of :func:`rtl_gen.axi_lite.slave_pins`
        Registers; the streams are at :data:`rtl_gen.contract.protocol.MAILBOX_BASE`.

    Raises
    ------
    SpecError
        If the network has no hardware, as :func:`rtl_gen.contract.limits.check_hardware` says.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        super().__init__(slave_pins(PREFIX))
        self._machine = Machine(spec)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.machine = machine = self._machine
        m.submodules.axi_lite = slave = AxiLiteSlave()
        m.submodules.tx = tx = StreamFifo(packet_layout(), depth=MAILBOX_TX_DEPTH)
        m.submodules.rx = rx = StreamFifo(packet_layout(), depth=MAILBOX_RX_DEPTH)
        connect_pins(m, pins=self, prefix=PREFIX, bus=slave.axi)
        wiring.connect(m, tx.o, machine.i)
        wiring.connect(m, machine.o, rx.i)
        m.d.comb += machine.waiting.eq(tx.level != 0)

        bus = slave.bus
        r_here, w_here = bus.r_addr >= MAILBOX_BASE, bus.w_addr >= MAILBOX_BASE
        r_error, w_error = self._queues(m, bus, tx, rx)
        m.d.comb += [
            machine.bus.r_addr.eq(bus.r_addr),
            machine.bus.w_addr.eq(bus.w_addr),
            machine.bus.w_data.eq(bus.w_data),
            machine.bus.r_en.eq(bus.r_en & ~r_here),
            machine.bus.w_en.eq(bus.w_en & ~w_here),
            bus.r_ready.eq(r_here | machine.bus.r_ready),
            bus.w_ready.eq(w_here | machine.bus.w_ready),
            bus.r_error.eq(Mux(r_here, r_error, machine.bus.r_error)),
            bus.w_error.eq(Mux(w_here, w_error, machine.bus.w_error)),
            machine.bus_errors.eq((bus.r_en & r_here & r_error) + (bus.w_en & w_here & w_error)),
        ]
        with m.If(~r_here):
            m.d.comb += bus.r_data.eq(machine.bus.r_data)
        return m

    def _queues(self, m: Module, bus: RegisterBus, tx: StreamFifo, rx: StreamFifo) -> tuple[Signal, Signal]:
        """The mailbox's registers; gives whether a read and a write of them is refused."""
        r_error, w_error = Signal(init=1), Signal(init=1)
        m.d.comb += [tx.i.p.data.eq(bus.w_data), tx.i.p.last.eq(bus.w_addr == MAILBOX_TX_LAST)]
        with m.Switch(bus.w_addr):
            with m.Case(MAILBOX_TX, MAILBOX_TX_LAST):
                m.d.comb += [w_error.eq(~tx.i.ready), tx.i.valid.eq(bus.w_en)]
        with m.Switch(bus.r_addr):
            with m.Case(MAILBOX_TX_STATUS):
                m.d.comb += [r_error.eq(0), bus.r_data.eq(MAILBOX_TX_DEPTH - tx.level)]
            with m.Case(MAILBOX_RX_STATUS):
                status = Mux(rx.o.p.last, MAILBOX_RX_WAITS | MAILBOX_RX_LAST, MAILBOX_RX_WAITS)
                m.d.comb += [r_error.eq(0), bus.r_data.eq(Mux(rx.o.valid, status, 0))]
            with m.Case(MAILBOX_RX):
                m.d.comb += [r_error.eq(~rx.o.valid), bus.r_data.eq(rx.o.p.data), rx.o.ready.eq(bus.r_en)]
        return r_error, w_error
