"""The Zynq's processor system, as far as the fabric sees it: a clock, a reset, and the bus master GP0."""

from amaranth.hdl import ClockSignal, Instance, Module, Signal, ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import Out

from rtl_gen.axi3_bridge import axi3_address_layout, axi3_read_layout, axi3_response_layout, axi3_write_layout

__all__ = ["Ps7", "constraints"]

ID_BITS = 12            # of GP0's transactions (Xilinx UG585, table 5-5)
WINDOW_BITS = 30        # GP0 reaches 0x4000_0000..0x7FFF_FFFF (UG585, table 4-1)


class Ps7(wiring.Component):
    """The primitive ``PS7``, its unused ports left open.

    The processor runs Linux before the fabric is configured: clocks, memory and pins are its boot loader's, and
    nothing here sets them. Of the four fabric clocks the first is used; its frequency is set from Linux.

    Members
    -------
    clock, reset_n : Out(1)
        FCLK_CLK0, and its reset, which is asynchronous.
    aw, w, ar : Out(stream)
    b, r : In(stream)
        The AXI3 master GP0, in the clock domain ``sync``.
    """

    CELL = "zynq"

    def __init__(self) -> None:
        super().__init__({
            "clock": Out(1),
            "reset_n": Out(1),
            "aw": Out(stream.Signature(axi3_address_layout(ID_BITS))),
            "w": Out(stream.Signature(axi3_write_layout())),
            "b": wiring.In(stream.Signature(axi3_response_layout(ID_BITS))),
            "ar": Out(stream.Signature(axi3_address_layout(ID_BITS))),
            "r": wiring.In(stream.Signature(axi3_read_layout(ID_BITS))),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        clocks, resets = Signal(4), Signal(4)
        ports: dict[str, ValueLike] = {"o_FCLKCLK": clocks, "o_FCLKRESETN": resets, "i_MAXIGP0ACLK": ClockSignal()}
        for channel, port in (("AW", self.aw), ("AR", self.ar)):
            for name in ("addr", "id", "len", "size", "burst"):
                ports[f"o_MAXIGP0{channel}{name.upper()}"] = port.p[name]
        for channel, port in (("W", self.w), ("AW", self.aw), ("AR", self.ar)):
            ports[f"o_MAXIGP0{channel}VALID"] = port.valid
            ports[f"i_MAXIGP0{channel}READY"] = port.ready
        for channel, port in (("B", self.b), ("R", self.r)):
            ports[f"i_MAXIGP0{channel}VALID"] = port.valid
            ports[f"o_MAXIGP0{channel}READY"] = port.ready
            ports[f"i_MAXIGP0{channel}ID"] = port.p.id
            ports[f"i_MAXIGP0{channel}RESP"] = port.p.resp
        ports |= {"o_MAXIGP0WDATA": self.w.p.data, "o_MAXIGP0WSTRB": self.w.p.strb,
                  "i_MAXIGP0RDATA": self.r.p.data, "i_MAXIGP0RLAST": self.r.p.last}
        setattr(m.submodules, self.CELL, Instance("PS7", **ports))
        m.d.comb += [self.clock.eq(clocks[0]), self.reset_n.eq(resets[0])]
        return m


def constraints(place: str, clock_mhz: float) -> list[str]:
    """XDC lines for the clock and the reset of the :class:`Ps7` that the top calls ``place``."""
    period_ns = 1000 / clock_mhz
    return ["# The processor's clock; it is set from Linux, at most to this frequency.",
            f"create_clock -name fabric -period {period_ns:.3f} [get_pins {{{place}/{Ps7.CELL}/FCLKCLK[0]}}]",
            "# The reset is brought into the clock's domain by a synchroniser.",
            f"set_false_path -from [get_pins {{{place}/{Ps7.CELL}/FCLKRESETN[0]}}]"]
