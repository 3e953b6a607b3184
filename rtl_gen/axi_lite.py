"""AXI4-Lite slave in front of a register bus."""

from amaranth.hdl import *
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["AxiLite", "AxiLiteSlave", "RegisterBus", "Response", "connect_pins", "read_layout", "slave_pins",
           "write_layout"]

ADDRESS_BITS = 16
DATA_BITS = 32


class Response(enum.Enum, shape=2):
    """BRESP and RRESP (AMBA AXI4, table A3-4)."""

    OKAY = 0
    SLVERR = 2


def write_layout() -> data.StructLayout:
    """Layout of the channel W."""
    return data.StructLayout({"data": DATA_BITS, "strb": DATA_BITS // 8})


def read_layout() -> data.StructLayout:
    """Layout of the channel R."""
    return data.StructLayout({"data": DATA_BITS, "resp": 2})


class AxiLite(wiring.Signature):
    """The five channels of AXI4-Lite, from the master's side; AxPROT is left out.

    Members
    -------
    aw, w, ar : Out(stream)
    b, r : In(stream)
        The channels.
    """

    def __init__(self, address_bits: int = ADDRESS_BITS) -> None:
        super().__init__({
            "aw": Out(stream.Signature(address_bits)), "w": Out(stream.Signature(write_layout())),
            "b": In(stream.Signature(2)), "ar": Out(stream.Signature(address_bits)),
            "r": In(stream.Signature(read_layout())),
        })


# Pins that a master drives, and pins that a slave does, by their names in the standard, in lower case, with their bits.
_MASTER_PINS = {"awaddr": ADDRESS_BITS, "awvalid": 1, "wdata": DATA_BITS, "wstrb": DATA_BITS // 8, "wvalid": 1,
                "bready": 1, "araddr": ADDRESS_BITS, "arvalid": 1, "rready": 1}
_SLAVE_PINS = {"awready": 1, "wready": 1, "bresp": 2, "bvalid": 1, "arready": 1, "rdata": DATA_BITS, "rresp": 2,
               "rvalid": 1}


def slave_pins(prefix: str) -> dict[str, wiring.Member]:
    """Members of a top whose pins have the names that tools know a slave's bus by."""
    return ({f"{prefix}{name}": In(bits) for name, bits in _MASTER_PINS.items()}
            | {f"{prefix}{name}": Out(bits) for name, bits in _SLAVE_PINS.items()})


def connect_pins(m: Module, *, pins: wiring.Component, prefix: str, bus: wiring.PureInterface,
                 outside: bool = False) -> None:
    """Connect :func:`slave_pins` of ``pins`` to a bus: within it to its slave's, or ``outside`` to a master's."""
    channels = {
        "awaddr": bus.aw.payload, "awvalid": bus.aw.valid, "awready": bus.aw.ready,
        "wdata": bus.w.p.data, "wstrb": bus.w.p.strb, "wvalid": bus.w.valid, "wready": bus.w.ready,
        "bresp": bus.b.payload, "bvalid": bus.b.valid, "bready": bus.b.ready,
        "araddr": bus.ar.payload, "arvalid": bus.ar.valid, "arready": bus.ar.ready,
        "rdata": bus.r.p.data, "rresp": bus.r.p.resp, "rvalid": bus.r.valid, "rready": bus.r.ready,
    }
    for name, inside in channels.items():
        pin = getattr(pins, f"{prefix}{name}")
        driven = (name in _SLAVE_PINS) != outside       # whether the pin takes what the bus has
        m.d.comb += pin.eq(inside) if driven else inside.eq(pin)


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
    axi : In(AxiLite)
        The bus.
    bus : Out(RegisterBus)
        The registers.
    """

    def __init__(self) -> None:
        super().__init__({"axi": In(AxiLite()), "bus": Out(RegisterBus())})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus
        aw, w, answer, ar, r = self.axi.aw, self.axi.w, self.axi.b, self.axi.ar, self.axi.r

        # Address and data of a write come in any order: each waits for the other.
        aw_full, w_full, ar_full = Signal(), Signal(), Signal()
        m.d.comb += [
            aw.ready.eq(~aw_full),
            w.ready.eq(~w_full),
            bus.w_en.eq(aw_full & w_full & ~answer.valid),
            ar.ready.eq(~ar_full),
            bus.r_en.eq(ar_full & ~r.valid),
        ]

        with m.If(aw.valid & aw.ready):
            m.d.sync += [bus.w_addr.eq(aw.payload), aw_full.eq(1)]
        with m.If(w.valid & w.ready):
            m.d.sync += [bus.w_data.eq(w.p.data), w_full.eq(1)]
        with m.If(bus.w_en & bus.w_ready):
            m.d.sync += [aw_full.eq(0), w_full.eq(0), answer.valid.eq(1), answer.payload.eq(_response(bus.w_error))]
        with m.Elif(answer.ready):
            m.d.sync += answer.valid.eq(0)

        with m.If(ar.valid & ar.ready):
            m.d.sync += [bus.r_addr.eq(ar.payload), ar_full.eq(1)]
        with m.If(bus.r_en & bus.r_ready):
            m.d.sync += [ar_full.eq(0), r.valid.eq(1), r.p.resp.eq(_response(bus.r_error)),
                         r.p.data.eq(Mux(bus.r_error, 0, bus.r_data))]
        with m.Elif(r.ready):
            m.d.sync += r.valid.eq(0)
        return m


def _response(error: Value) -> Value:
    return Mux(error, Response.SLVERR, Response.OKAY)
