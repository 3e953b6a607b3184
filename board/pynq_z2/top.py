"""Top of the fabric on a PYNQ-Z2: the processor's bus, the bridge, and the core behind its mailbox."""

from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Instance, Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.cdc import ResetSynchronizer

from rtl_gen.axi3_bridge import Axi3Bridge
from rtl_gen.axi_lite import ADDRESS_BITS, connect_pins
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.mailbox import PREFIX, MailboxCore

from ..xilinx.ps7 import ID_BITS, WINDOW_BITS, Ps7
from .platform import PynqZ2Platform

__all__ = ["Top"]


class Top(Elaboratable):
    """Everything in the fabric runs from the processor's first fabric clock, and from its reset.

    LED 0 blinks while there is a clock; nothing else leaves the part.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec

    def elaborate(self, platform: PynqZ2Platform) -> Module:
        m = Module()
        m.submodules.ps7 = ps7 = Ps7()
        m.submodules.bridge = bridge = Axi3Bridge(id_bits=ID_BITS, address_bits=ADDRESS_BITS, window_bits=WINDOW_BITS)
        m.submodules.core = core = MailboxCore(self.spec)
        self._clock(m, ps7)
        for channel in ("aw", "w", "b", "ar", "r"):
            wiring.connect(m, getattr(ps7, channel), getattr(bridge, channel))
        connect_pins(m, pins=core, prefix=PREFIX, bus=bridge.lite, outside=True)

        beats = Signal(range(int(platform.clock_mhz * 1e6)))
        m.submodules.led = led = io.Buffer("o", platform.request("led", 0, dir="-"))
        m.d.sync += beats.eq(beats + 1)
        m.d.comb += led.o.eq(beats[-1])
        return m

    def _clock(self, m: Module, ps7: Ps7) -> None:
        m.domains.sync = ClockDomain()
        m.submodules.clock_buffer = Instance("BUFG", i_I=ps7.clock, o_O=ClockSignal("sync"))
        m.submodules.reset = ResetSynchronizer(~ps7.reset_n, domain="sync")
