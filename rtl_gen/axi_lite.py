"""AXI4-Lite slave in front of a register bus."""

from amaranth.hdl import *
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["AxiLiteSlave", "RegisterBus", "Response", "axi_lite_members"]

ADDRESS_BITS = 16
DATA_BITS = 32


class Response(enum.Enum, shape=2):
    """BRESP and RRESP (AMBA AXI4, table A3-4)."""

    OKAY = 0
    SLVERR = 2


def axi_lite_members() -> dict[str, wiring.Member]:
    """Members of a slave's side of the bus, by their names in the standard, in lower case."""
    address = {"addr": In(ADDRESS_BITS), "valid": In(1), "ready": Out(1)}
    return {
        **{f"aw{name}": member for name, member in address.items()},
        "wdata": In(DATA_BITS), "wstrb": In(DATA_BITS // 8), "wvalid": In(1), "wready": Out(1),
        "bresp": Out(2), "bvalid": Out(1), "bready": In(1),
        **{f"ar{name}": member for name, member in address.items()},
        "rdata": Out(DATA_BITS), "rresp": Out(2), "rvalid": Out(1), "rready": In(1),
    }


class RegisterBus(wiring.Signature):
    """Reads and writes of whole words, each asked for until it is done.

    Members
    -------
    r_en, r_addr : Out(1), Out(16)
        A read, at an address in bytes.
    r_ready, r_data, r_error : In(1), In(32), In(1)
        It is done in this cycle; what it gives; or that there is nothing to read.
    w_en, w_addr, w_data : Out(1), Out(16), Out(32)
        A write.
    w_ready, w_error : In(1)
        It is done in this cycle; or was refused.
    """

    def __init__(self) -> None:
        super().__init__({
            "r_en": Out(1), "r_addr": Out(ADDRESS_BITS),
            "r_ready": In(1), "r_data": In(DATA_BITS), "r_error": In(1),
            "w_en": Out(1), "w_addr": Out(ADDRESS_BITS), "w_data": Out(DATA_BITS),
            "w_ready": In(1), "w_error": In(1),
        })


class AxiLiteSlave(wiring.Component):
    """AXI4-Lite slave; every output of the bus is a register, or one inverted.

    What the register bus refuses answers SLVERR. WSTRB is not looked at. Reads and writes do not wait for one another.

    Members
    -------
    aw…, w…, b…, ar…, r… : members of :func:`axi_lite_members`
        The bus.
    bus : Out(RegisterBus)
        The registers.
    """

    def __init__(self) -> None:
        super().__init__({**axi_lite_members(), "bus": Out(RegisterBus())})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus

        # Address and data of a write come in any order: each waits for the other.
        aw_full, w_full, ar_full = Signal(), Signal(), Signal()
        m.d.comb += [
            self.awready.eq(~aw_full),
            self.wready.eq(~w_full),
            bus.w_en.eq(aw_full & w_full & ~self.bvalid),
            self.arready.eq(~ar_full),
            bus.r_en.eq(ar_full & ~self.rvalid),
        ]

        with m.If(self.awvalid & self.awready):
            m.d.sync += [bus.w_addr.eq(self.awaddr), aw_full.eq(1)]
        with m.If(self.wvalid & self.wready):
            m.d.sync += [bus.w_data.eq(self.wdata), w_full.eq(1)]
        with m.If(bus.w_en & bus.w_ready):
            m.d.sync += [aw_full.eq(0), w_full.eq(0), self.bvalid.eq(1), self.bresp.eq(_response(bus.w_error))]
        with m.Elif(self.bready):
            m.d.sync += self.bvalid.eq(0)

        with m.If(self.arvalid & self.arready):
            m.d.sync += [bus.r_addr.eq(self.araddr), ar_full.eq(1)]
        with m.If(bus.r_en & bus.r_ready):
            m.d.sync += [ar_full.eq(0), self.rvalid.eq(1), self.rresp.eq(_response(bus.r_error)),
                         self.rdata.eq(Mux(bus.r_error, 0, bus.r_data))]
        with m.Elif(self.rready):
            m.d.sync += self.rvalid.eq(0)
        return m


def _response(error: Value) -> Value:
    return Mux(error, Response.SLVERR, Response.OKAY)
