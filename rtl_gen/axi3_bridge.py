"""AXI3 to AXI4-Lite: from a processor's general-purpose port to registers."""

from amaranth.hdl import *
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from .axi_lite import AxiLite, read_layout

__all__ = ["Axi3Bridge", "Burst", "Response", "axi3_address_layout", "axi3_read_layout", "axi3_response_layout",
           "axi3_write_layout"]

DATA_BITS = 32
WORD_SIZE = 2           # AxSIZE of a 32-bit beat


class Burst(enum.Enum, shape=2):
    """AxBURST (AMBA AXI3, table 4-3)."""

    FIXED = 0
    INCR = 1
    WRAP = 2


class Response(enum.Enum, shape=2):
    """xRESP (AMBA AXI3, table 4-5)."""

    OKAY = 0
    EXOKAY = 1
    SLVERR = 2
    DECERR = 3


def axi3_address_layout(id_bits: int) -> data.StructLayout:
    """Layout of the channels AW and AR."""
    return data.StructLayout({"addr": 32, "id": id_bits, "len": 4, "size": 2, "burst": 2})


def axi3_write_layout() -> data.StructLayout:
    """Layout of the channel W."""
    return data.StructLayout({"data": DATA_BITS, "strb": DATA_BITS // 8})


def axi3_response_layout(id_bits: int) -> data.StructLayout:
    """Layout of the channel B."""
    return data.StructLayout({"id": id_bits, "resp": 2})


def axi3_read_layout(id_bits: int) -> data.StructLayout:
    """Layout of the channel R."""
    return data.StructLayout({"data": DATA_BITS, "id": id_bits, "resp": 2, "last": 1})


class _Burst(wiring.Component):
    """A burst under way: where its next beat goes, whether it is the last, and whether it may go there.

    Members
    -------
    start : In(1), request : In(axi3_address_layout)
        Take a burst.
    step : In(1)
        Go on to the next beat.
    addr : Out(address_bits)
        Of this beat.
    last : Out(1)
        This is the final beat.
    id : Out(id_bits)
        Of the burst.
    outside, narrow : Out(1)
        This beat lies outside the window; the burst's beats are not whole words.
    """

    def __init__(self, id_bits: int, address_bits: int, window_bits: int) -> None:
        self._address_bits = address_bits
        self._window_bits = window_bits
        super().__init__({
            "start": In(1),
            "request": In(axi3_address_layout(id_bits)),
            "step": In(1),
            "addr": Out(address_bits),
            "last": Out(1),
            "id": Out(id_bits),
            "outside": Out(1),
            "narrow": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held = Signal(self.request.shape())
        remaining = Signal(4)
        following = Signal(32)
        wrap = Signal(32)

        with m.If(self.start):
            m.d.sync += [held.eq(self.request), remaining.eq(self.request.len)]
        with m.Elif(self.step):
            m.d.sync += [held.addr.eq(following), remaining.eq(remaining - 1)]

        # AMBA AXI3, section 4.5: a wrapping burst stays in the block of its own length, which is 2, 4, 8 or 16 beats.
        m.d.comb += wrap.eq(Cat(C(0b11, 2), held.len))
        with m.Switch(held.burst):
            with m.Case(Burst.FIXED):
                m.d.comb += following.eq(held.addr)
            with m.Case(Burst.WRAP):
                m.d.comb += following.eq((held.addr & ~wrap) | ((held.addr + 4) & wrap))
            with m.Default():
                m.d.comb += following.eq(held.addr + 4)
        m.d.comb += [
            self.addr.eq(held.addr),
            self.last.eq(remaining == 0),
            self.id.eq(held.id),
            self.outside.eq(held.addr[self._address_bits:self._window_bits] != 0),
            self.narrow.eq(held.size != WORD_SIZE),
        ]
        return m


class Axi3Bridge(wiring.Component):
    """Bridge that serves AXI3 bursts beat by beat on AXI4-Lite.

    Reads and writes go their ways independently, one burst at a time each. What the registers cannot do is refused
    without reaching them: beats narrower than a word and writes with a partial strobe answer SLVERR, addresses outside
    the window DECERR. A burst of writes answers the worst that a beat of it met. Locks are not kept: an exclusive
    access is answered OKAY, which tells the master that it was not exclusive. Write beats come in the order of
    their addresses (no interleaving, as a processor's general-purpose port sends them).

    No ready depends combinationally on a valid.

    Parameters
    ----------
    id_bits : int
        Of the master's transaction identifiers, which come back with the answers.
    address_bits : int
        Size of the window, in bits of byte address.
    window_bits : int
        Bits of the master's address that are looked at; those above select this port.

    Members
    -------
    aw, w, ar : In(stream)
    b, r : Out(stream)
        The AXI3 slave. WLAST is left out, the length says it.
    lite : Out(AxiLite)
        The master's side of what the bursts become.
    """

    def __init__(self, *, id_bits: int, address_bits: int, window_bits: int) -> None:
        self.id_bits = id_bits
        self.address_bits = address_bits
        self.window_bits = window_bits
        super().__init__({
            "aw": In(stream.Signature(axi3_address_layout(id_bits))),
            "w": In(stream.Signature(axi3_write_layout())),
            "b": Out(stream.Signature(axi3_response_layout(id_bits))),
            "ar": In(stream.Signature(axi3_address_layout(id_bits))),
            "r": Out(stream.Signature(axi3_read_layout(id_bits))),
            "lite": Out(AxiLite(address_bits)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._read(m)
        self._write(m)
        return m

    def _read(self, m: Module) -> None:
        m.submodules.read_burst = burst = _Burst(self.id_bits, self.address_bits, self.window_bits)
        answer = Signal(read_layout())
        m.d.comb += [
            burst.request.eq(self.ar.payload),
            self.lite.ar.payload.eq(burst.addr),
            self.r.p.data.eq(answer.data),
            self.r.p.resp.eq(answer.resp),
            self.r.p.id.eq(burst.id),
            self.r.p.last.eq(burst.last),
        ]
        with m.FSM(name="read"):
            with m.State("IDLE"):
                m.d.comb += [self.ar.ready.eq(1), burst.start.eq(self.ar.valid)]
                with m.If(self.ar.valid):
                    m.next = "CHECK"
            with m.State("CHECK"):
                m.d.sync += [answer.data.eq(0), answer.resp.eq(Mux(burst.outside, Response.DECERR, Response.SLVERR))]
                with m.If(burst.outside | burst.narrow):
                    m.next = "ANSWER"
                with m.Else():
                    m.next = "ASK"
            with m.State("ASK"):
                m.d.comb += self.lite.ar.valid.eq(1)
                with m.If(self.lite.ar.ready):
                    m.next = "WAIT"
            with m.State("WAIT"):
                m.d.comb += self.lite.r.ready.eq(1)
                m.d.sync += answer.eq(self.lite.r.payload)
                with m.If(self.lite.r.valid):
                    m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += [self.r.valid.eq(1), burst.step.eq(self.r.ready)]
                with m.If(self.r.ready):
                    with m.If(burst.last):
                        m.next = "IDLE"
                    with m.Else():
                        m.next = "CHECK"

    def _write(self, m: Module) -> None:
        m.submodules.write_burst = burst = _Burst(self.id_bits, self.address_bits, self.window_bits)
        beat = Signal(axi3_write_layout())
        worst = Signal(2)
        met = Signal(2)         # what this beat met; the codes stand in the order OKAY, SLVERR, DECERR
        address_taken, data_taken = Signal(), Signal()

        m.d.comb += [
            burst.request.eq(self.aw.payload),
            self.lite.aw.payload.eq(burst.addr),
            self.lite.w.p.data.eq(beat.data),
            self.lite.w.p.strb.eq(beat.strb),
            self.b.p.id.eq(burst.id),
            self.b.p.resp.eq(worst),
        ]
        with m.If(met > worst):
            m.d.sync += worst.eq(met)
        with m.FSM(name="write"):
            with m.State("IDLE"):
                m.d.comb += [self.aw.ready.eq(1), burst.start.eq(self.aw.valid)]
                m.d.sync += worst.eq(Response.OKAY)
                with m.If(self.aw.valid):
                    m.next = "BEAT"
            with m.State("BEAT"):
                m.d.comb += self.w.ready.eq(1)
                m.d.sync += [beat.eq(self.w.payload), address_taken.eq(0), data_taken.eq(0)]
                with m.If(self.w.valid):
                    m.next = "CHECK"
            with m.State("CHECK"):
                with m.If(burst.outside):
                    m.d.comb += met.eq(Response.DECERR)
                    m.next = "NEXT"
                with m.Elif(burst.narrow | ~beat.strb.all()):
                    m.d.comb += met.eq(Response.SLVERR)
                    m.next = "NEXT"
                with m.Else():
                    m.next = "ASK"
            with m.State("ASK"):
                m.d.comb += [self.lite.aw.valid.eq(~address_taken), self.lite.w.valid.eq(~data_taken)]
                m.d.sync += [
                    address_taken.eq(address_taken | self.lite.aw.ready),
                    data_taken.eq(data_taken | self.lite.w.ready),
                ]
                with m.If((address_taken | self.lite.aw.ready) & (data_taken | self.lite.w.ready)):
                    m.next = "WAIT"
            with m.State("WAIT"):
                m.d.comb += self.lite.b.ready.eq(1)
                with m.If(self.lite.b.valid):
                    m.d.comb += met.eq(self.lite.b.payload)
                    m.next = "NEXT"
            with m.State("NEXT"):
                m.d.comb += burst.step.eq(1)
                with m.If(burst.last):
                    m.next = "ANSWER"
                with m.Else():
                    m.next = "BEAT"
            with m.State("ANSWER"):
                m.d.comb += self.b.valid.eq(1)
                with m.If(self.b.ready):
                    m.next = "IDLE"
