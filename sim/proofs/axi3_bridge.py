"""Proof that the AXI3 bridge serves bursts beat by beat, and reaches no register that it must not.

For every burst it answers once a read beat, and once a write burst, with the burst's identifier and what its beats
met; each beat reaches the far side at most once, at the address the burst's kind gives, and never where it is narrow,
partial or outside the window.
"""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .rules import MOST_RULES, Rules, drive

__all__ = ["ID_BITS", "INSIDE_BITS", "WINDOW_BITS", "Bridge"]

INSIDE_BITS, WINDOW_BITS, ID_BITS = 7, 8, 1
FREE_BITS = 8           # of an address, a little more than the window, that are not 0
SLVERR, DECERR = 2, 3
FIXED, INCR, WRAP = range(3)
BETWEEN = 4             # cycles, at most, that it works on a beat while nobody lets it wait


class Bridge(wiring.Component):
    """A bridge between a master that keeps to the rules, in words, and a far side that answers as it likes.

    Parameters
    ----------
    bridge : Axi3Bridge
        With :data:`ID_BITS`, :data:`INSIDE_BITS` and :data:`WINDOW_BITS`.
    """

    def __init__(self, bridge: wiring.Component) -> None:
        self._bridge = bridge
        address = 1 + FREE_BITS - 2 + ID_BITS + 4 + 1 + 2       # valid, word, id, length, whether narrow, kind
        super().__init__({
            "aw": In(address), "ar": In(address), "w": In(1 + 1 + 4), "b_ready": In(1), "r_ready": In(1),
            "lite_ready": In(3), "answers": In(1 + 2), "reads": In(1 + 1 + 2), "bad": Out(MOST_RULES)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.bridge = bridge = self._bridge
        rules, lite = Rules(m), bridge.lite
        self._ask(m, bridge.aw, "aw", self.aw)
        self._ask(m, bridge.ar, "ar", self.ar)
        m.d.comb += [drive(m, bridge.w, "w").eq(Cat(self.w[:2], C(0, 31), self.w[2:])), bridge.b.ready.eq(self.b_ready),
                     bridge.r.ready.eq(self.r_ready)]
        m.d.comb += [port.ready.eq(self.lite_ready[at]) for at, port in enumerate((lite.aw, lite.w, lite.ar))]
        self._read(m, rules)
        self._write(m, rules)
        m.d.comb += self.bad.eq(rules.bits())
        return m

    def _ask(self, m: Module, port: stream.Interface, name: str, free: Value) -> None:
        """A burst that AXI3 has: the length of a wrapping one is a power of two."""
        valid, word, id, length, narrow, kind = (free[0], free[1:FREE_BITS - 1], free[FREE_BITS - 1], free[-7:-3],
                                                 free[-3], free[-2:])
        burst = Mux(kind == WRAP + 1, INCR, kind)
        length = Mux(burst == WRAP, (C(2, 5) << length[:2]) - 1, length)
        m.d.comb += drive(m, port, name).eq(Cat(
            valid, C(0, 2), word, C(0, 32 - FREE_BITS), id, length[:4], Mux(narrow, C(1, 2), C(2, 2)), burst[:2]))

    def _read(self, m: Module, rules: Rules) -> None:
        ar, r, far, back = self._bridge.ar, self._bridge.r, self._bridge.lite.ar, self._bridge.lite.r
        asked, answered, answer, owed = Signal(), Signal(), Signal(3), Signal()
        reached, returned, taken = far.valid & far.ready, back.valid & back.ready, r.valid & r.ready
        burst = _Burst(m, ar, "read", steps=taken, ends=taken & r.p.last)
        still_owed = (owed | reached) & ~returned
        m.d.sync += [asked.eq(~taken & (asked | reached)), answered.eq(~taken & (answered | returned)),
                     owed.eq(still_owed)]
        with m.If(returned):
            m.d.sync += answer.eq(Cat(back.p.data[0], back.p.resp))
        m.d.comb += drive(m, back, "far_read", may=still_owed).eq(
            Cat(self.reads[0], self.reads[1], C(0, 31), self.reads[2:]))
        refused = burst.outside | burst.narrow
        rules.hold(ar.ready == ~burst.active)
        rules.follows(far.valid, burst.active & ~asked & ~refused & (far.payload == burst.address[:INSIDE_BITS]))
        rules.follows(r.valid, burst.active & (r.p.id == burst.id) & (r.p.last == (burst.left == 1)))
        rules.follows(r.valid & refused, (r.p.resp == Mux(burst.outside, DECERR, SLVERR)) & (r.p.data == 0))
        rules.follows(r.valid & ~refused, answered & (Cat(r.p.data[0], r.p.resp) == answer))
        rules.stays(r)
        rules.stays(far)
        rules.within(BETWEEN, burst.active & ~r.valid & ~far.valid & ~owed)

    def _write(self, m: Module, rules: Rules) -> None:
        aw, w, b, lite = self._bridge.aw, self._bridge.w, self._bridge.b, self._bridge.lite
        held, data, current = Signal(), Signal(), Signal(INSIDE_BITS)       # a beat that the far side has to get
        addressed, given, owed, worst = Signal(), Signal(), Signal(), Signal(2)
        came, returned = w.valid & w.ready, lite.b.valid & lite.b.ready
        burst = _Burst(m, aw, "write", steps=came, ends=b.valid & b.ready)
        has_address = addressed | (lite.aw.valid & lite.aw.ready)
        has_data = given | (lite.w.valid & lite.w.ready)
        still_owed = held & has_address & has_data & ~returned
        refused = burst.outside | burst.narrow | ~w.p.strb.all()
        m.d.sync += [addressed.eq(has_address & ~returned), given.eq(has_data & ~returned), owed.eq(still_owed)]
        with m.If(came):
            m.d.sync += [held.eq(~refused), data.eq(w.p.data[0]), current.eq(burst.address)]
        with m.Elif(returned):
            m.d.sync += held.eq(0)
        met = Mux(came, Mux(burst.outside, DECERR, Mux(refused, SLVERR, 0)), Mux(returned, lite.b.payload, 0))
        m.d.sync += worst.eq(Mux(burst.begins, 0, Mux(met > worst, met, worst)))
        m.d.comb += drive(m, lite.b, "far_write", may=still_owed).eq(self.answers)
        rules.hold(aw.ready == ~burst.active)
        rules.follows(w.ready, burst.active & (burst.left != 0) & ~held)
        rules.follows(lite.aw.valid, held & ~addressed & (lite.aw.payload == current))
        rules.follows(lite.w.valid, held & ~given & (lite.w.p.data == data))
        rules.follows(b.valid, burst.active & (burst.left == 0) & ~held & (b.p.id == burst.id) & (b.p.resp == worst))
        for port in (b, lite.aw, lite.w):
            rules.stays(port)
        rules.within(BETWEEN, burst.active & ~b.valid & ~w.ready & ~lite.aw.valid & ~lite.w.valid & ~owed)


class _Burst:
    """What is known of a burst that was asked for: how many beats are left, and where the next one goes."""

    def __init__(self, m: Module, port: stream.Interface, name: str, *, steps: ValueLike, ends: ValueLike) -> None:
        asked = port.payload
        self.begins = port.valid & port.ready
        self.active, self.left = Signal(name=f"{name}_active"), Signal(5, name=f"{name}_left")
        self.address, self.id = Signal(FREE_BITS + 1, name=f"{name}_address"), Signal(ID_BITS, name=f"{name}_id")
        self.narrow = Signal(name=f"{name}_narrow")
        kind, end = Signal(2, name=f"{name}_kind"), Signal(FREE_BITS + 1, name=f"{name}_end")
        size = Signal(FREE_BITS, name=f"{name}_size")
        # A wrapping burst goes on at the beginning of the block of its size in which it began.
        block = Signal(FREE_BITS + 1, name=f"{name}_block")
        within = Signal(FREE_BITS + 1, name=f"{name}_within")
        m.d.comb += [within.eq((asked.len << 2) | 3), block.eq(asked.addr & ~within)]
        after = self.address + 4
        with m.If(self.begins):
            m.d.sync += [self.active.eq(1), self.left.eq(asked.len + 1), self.address.eq(asked.addr),
                         self.id.eq(asked.id), self.narrow.eq(asked.size != 2), kind.eq(asked.burst),
                         size.eq((asked.len + 1) << 2), end.eq(block + ((asked.len + 1) << 2))]
        with m.Elif(steps):
            m.d.sync += self.left.eq(self.left - 1)
            with m.If((kind == WRAP) & (after == end)):
                m.d.sync += self.address.eq(after - size)
            with m.Elif(kind != FIXED):
                m.d.sync += self.address.eq(after)
        with m.If(ends):
            m.d.sync += self.active.eq(0)
        self.outside = self.address[INSIDE_BITS:WINDOW_BITS].any()
