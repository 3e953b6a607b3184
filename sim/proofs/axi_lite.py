"""Proof that the AXI4-Lite slave does each access once, as it was asked for, and answers it with what came of it."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .rules import MOST_RULES, Rules, drive

__all__ = ["Slave"]

BITS = 2        # of addresses and data that are not 0: all bits are treated alike


class Slave(wiring.Component):
    """An AXI4-Lite slave between a master that keeps to the rules and registers that do as they like.

    Parameters
    ----------
    slave : AxiLiteSlave
        What is proved.
    okay, refused : int
        Its two answers.
    """

    def __init__(self, slave: wiring.Component, *, okay: int, refused: int) -> None:
        self._slave, self._answers = slave, (okay, refused)
        super().__init__({"aw": In(1 + BITS), "w": In(1 + BITS), "ar": In(1 + BITS), "b_ready": In(1),
                          "r_ready": In(1), "w_ready": In(1), "r_ready_bus": In(1), "error": In(1), "data": In(BITS),
                          "bad": Out(MOST_RULES)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.slave = slave = self._slave
        rules, axi, bus = Rules(m), slave.axi, slave.bus
        for name in ("aw", "w", "ar"):
            m.d.comb += drive(m, getattr(axi, name), name).eq(getattr(self, name))
        m.d.comb += [axi.b.ready.eq(self.b_ready), axi.r.ready.eq(self.r_ready), bus.w_ready.eq(self.w_ready),
                     bus.r_ready.eq(self.r_ready_bus), bus.w_error.eq(self.error), bus.r_error.eq(self.error),
                     bus.r_data.eq(self.data)]
        self._write(m, rules)
        self._read(m, rules)
        m.d.comb += self.bad.eq(rules.bits())
        return m

    def _response(self) -> Value:
        okay, refused = self._answers
        return Mux(self.error, C(refused, 2), C(okay, 2))

    def _write(self, m: Module, rules: Rules) -> None:
        axi, bus = self._slave.axi, self._slave.bus
        addressed, given, due = Signal(), Signal(), Signal()
        address, data, response = Signal(BITS), Signal(BITS), Signal(2)
        done = bus.w_en & bus.w_ready
        m.d.sync += [addressed.eq(~done & (addressed | (axi.aw.valid & axi.aw.ready))),
                     given.eq(~done & (given | (axi.w.valid & axi.w.ready))),
                     due.eq(done | (due & ~axi.b.ready))]
        with m.If(axi.aw.valid & axi.aw.ready):
            m.d.sync += address.eq(axi.aw.payload)
        with m.If(axi.w.valid & axi.w.ready):
            m.d.sync += data.eq(axi.w.p.data)
        with m.If(done):
            m.d.sync += response.eq(self._response())
        rules.hold(axi.aw.ready == ~addressed)
        rules.hold(axi.w.ready == ~given)
        rules.hold(bus.w_en == (addressed & given & ~due))
        rules.follows(bus.w_en, (bus.w_addr == address) & (bus.w_data == data))
        rules.hold(axi.b.valid == due)
        rules.follows(due, axi.b.payload == response)
        rules.stays(axi.b)

    def _read(self, m: Module, rules: Rules) -> None:
        axi, bus = self._slave.axi, self._slave.bus
        asked, due = Signal(), Signal()
        address, data, response = Signal(BITS), Signal(BITS), Signal(2)
        done = bus.r_en & bus.r_ready
        m.d.sync += [asked.eq(~done & (asked | (axi.ar.valid & axi.ar.ready))), due.eq(done | (due & ~axi.r.ready))]
        with m.If(axi.ar.valid & axi.ar.ready):
            m.d.sync += address.eq(axi.ar.payload)
        with m.If(done):
            m.d.sync += [response.eq(self._response()), data.eq(Mux(self.error, 0, self.data))]
        rules.hold(axi.ar.ready == ~asked)
        rules.hold(bus.r_en == (asked & ~due))
        rules.follows(bus.r_en, bus.r_addr == address)
        rules.hold(axi.r.valid == due)
        rules.follows(due, (axi.r.p.resp == response) & (axi.r.p.data == data))
        rules.stays(axi.r)
