"""Registers: the map of :func:`rtl_gen.contract.protocol.registers`, counters and error flags among them."""

from typing import NamedTuple

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .axi_lite import RegisterBus
from .block_registers import BlockRegisters, largest_increments
from .contract.network import RATE_OFF, spec_digest
from .contract.protocol import (
    BLOCKS_PER_LAYER,
    CORE_COUNTERS,
    IDENTITY,
    LAYER_MEMORIES,
    MEMORIES_PER_BLOCK,
    MEMORY_BITS,
    VERSION,
    WATCHDOG_BITS,
    Access,
    Control,
    Error,
    Memory,
    Register,
    Status,
    registers,
)
from .contract.spec import NetworkSpec
from .counter_bank import CounterBank
from .ingest import INGEST_COUNTERS
from .rates import Rates

__all__ = ["Registers"]


class _Access(NamedTuple):
    """An access to a register, decoded.

    Attributes
    ----------
    due
        It is done in this cycle.
    counter
        It is a counter's.
    place
        Its register among those that are no counters; behind the last one where there is none.
    """

    due: Value
    counter: Value
    place: Value


class Registers(wiring.Component):
    """Registers of a core.

    Addresses are decoded in the cycle in which an access comes, and it is done in the next; but for a counter's, which
    waits for the counter's turn. A counter holds what was counted before the cycle before that.

    Parameters
    ----------
    spec : NetworkSpec
        The network.

    Members
    -------
    bus : In(RegisterBus)
        Reads and writes.
    bus_errors : In(2)
        So many more accesses were refused, elsewhere on the bus.
    status : In(Status)
        Its bits but REQUEST.
    counted : In(a bit for each of INGEST_COUNTERS)
        What happened in this cycle.
    flags : In(Error)
        Errors of this cycle.
    block0, … : In(BlockRegisters)
        The counters, the window number, the rate and the seed of each block.
    halt, resume : Out(1)
        Of the register control.
    request, pending : Out(8), Out(1)
        The memory asked for last, and whether it waits.
    served : In(1)
        It no longer does.
    watchdog : Out(32)
        Of the register watchdog.
    rates_wait, renew_rates : Out(1), In(1)
        A rate was written that is not yet in force; the core is between samples, and it comes into force.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        super().__init__({
            "bus": In(RegisterBus()),
            "bus_errors": In(2),
            "status": In(len(Status)),
            "counted": In(data.StructLayout(dict.fromkeys(INGEST_COUNTERS, 1))),
            "flags": In(len(Error)),
            **{f"block{b}": In(BlockRegisters(spec, b)) for b in range(len(spec.blocks))},
            "halt": Out(1),
            "resume": Out(1),
            "request": Out(MEMORY_BITS),
            "pending": Out(1),
            "served": In(1),
            "watchdog": Out(WATCHDOG_BITS),
            "rates_wait": Out(1),
            "renew_rates": In(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus
        self._seed_value = Signal(32, name="seed", init=self.spec.seed)
        m.d.comb += [bus.r_error.eq(1), bus.w_error.eq(1)]
        m.submodules.rates = self._rates = rates = Rates(len(self.spec.blocks))
        m.d.comb += [rates.w_rate.eq(bus.w_data), rates.renew.eq(self.renew_rates), self.rates_wait.eq(rates.waiting)]
        for block in range(len(self.spec.blocks)):
            port = self._of_block(block)
            m.d.comb += [port.w_data.eq(bus.w_data), port.seed.eq(self._seed_value)]
            wiring.connect(m, getattr(rates, f"rate{block}"), wiring.flipped(port.rate))

        # A cycle late, so that an address is not decoded and counted in one.
        self._refused_before = Signal(self._refused().shape())
        m.d.sync += self._refused_before.eq(self._refused())
        m.submodules.bank = self._bank = CounterBank(self._largest_increments())
        there = registers(self.spec)
        self._others = [register for register in there if register.access != Access.COUNTER]
        self._counters = {register.name: register for register in there if register.access == Access.COUNTER}
        m.d.comb += [self._bank.amounts[name].eq(self._amount(name)) for name in self._bank.largest]

        self._read = self._decode(m, "r", bus.r_en & ~bus.r_ready, bus.r_addr)
        self._write = self._decode(m, "w", bus.w_en & ~bus.w_ready, bus.w_addr)
        m.d.comb += [
            bus.r_ready.eq(self._read.due),
            bus.w_ready.eq(self._write.due),
            self._bank.clear.eq(self._write.due & self._write.counter),
        ]
        with m.If(self._write.counter):
            m.d.comb += bus.w_error.eq(0)
        values = [self._register(m, place, register) for place, register in enumerate(self._others)]
        with m.If(self._read.counter):
            m.d.comb += [bus.r_data.eq(self._bank.value), bus.r_error.eq(0)]
        with m.Switch(self._read.place):
            for place, value in enumerate(values):
                with m.Case(place):
                    m.d.comb += [bus.r_data.eq(value), bus.r_error.eq(0)]

        with m.If(self.served):
            m.d.sync += self.pending.eq(0)
        return m

    def _refused(self) -> Value:
        """How many accesses were refused in this cycle."""
        bus = self.bus
        return (bus.r_ready & bus.r_error) + (bus.w_ready & bus.w_error) + self.bus_errors

    def _decode(self, m: Module, side: str, comes: Value, address: Value) -> _Access:
        """What an access is to, a cycle after it ``comes``."""
        there, counter = Signal(name=f"{side}_there"), Signal(name=f"{side}_counter")
        place = Signal(range(len(self._others) + 1), name=f"{side}_place")
        turn = Signal.like(self._bank.turn, name=f"{side}_turn")
        m.d.sync += [there.eq(comes), counter.eq(0), place.eq(len(self._others))]
        with m.Switch(address):
            for number, register in enumerate(self._others):
                with m.Case(register.address):
                    m.d.sync += place.eq(number)
            for number, name in enumerate(self._bank.largest):
                with m.Case(self._counters[name].address):
                    m.d.sync += [counter.eq(1), turn.eq(number)]
        due = Signal(name=f"{side}_due")
        m.d.comb += due.eq(there & (~counter | (self._bank.turn == turn)))
        return _Access(due, counter, place)

    def _register(self, m: Module, place: int, register: Register) -> Value:
        """Make the writes of a register that is no counter; give what it reads as."""
        bus, name = self.bus, register.name
        written = Signal(name=f"{name.replace('.', '_')}_written")
        if register.access != Access.READ:
            accepted = self._accepts(name, bus.w_data)
            with m.If(self._write.place == place):
                m.d.comb += [bus.w_error.eq(~accepted), written.eq(self._write.due & accepted)]
        block, _, of_block = name.removeprefix("block").partition(".")
        if of_block:
            return getattr(self, f"_{of_block}")(m, int(block), written)
        return getattr(self, f"_{name}")(m, written)

    def _accepts(self, name: str, value: Value) -> Value:
        """Whether a register can be written so."""
        if name == "request":
            return self._known(value) & ~self.pending
        return value <= RATE_OFF if name.endswith(".rate") else Const(1)

    def _largest_increments(self) -> dict[str, int]:
        """The most that each counter grows by in a cycle."""
        largest = dict.fromkeys(CORE_COUNTERS, 1) | {"bus_errors": 2 + (1 << len(self.bus_errors)) - 1}
        for block in range(len(self.spec.blocks)):
            largest |= {f"block{block}.{name}": most for name, most in largest_increments(self.spec, block).items()}
        return largest

    def _amount(self, name: str) -> Value:
        """What a counter grows by."""
        if name == "cycles":
            return ~self.status[Status.IDLE.bit_length() - 1]
        if name == "bus_errors":
            return self._refused_before
        if name in INGEST_COUNTERS:
            return self.counted[name]
        block, _, counter = name.partition(".")
        return self._of_block(int(block.removeprefix("block"))).increments[counter]

    def _of_block(self, number: int) -> wiring.PureInterface:
        """The port of a block."""
        return getattr(self, f"block{number}")

    def _window_number(self, m: Module, block: int, written: Value) -> Value:
        port = self._of_block(block)
        m.d.comb += port.w_en.eq(written)
        return port.window_number

    def _rate(self, m: Module, block: int, written: Value) -> Value:
        m.d.comb += self._rates.w_en[block].eq(written)
        return getattr(self._rates, f"written{block}")

    def _identity(self, m: Module, written: Value) -> Value:
        return Const(IDENTITY, 32)

    def _version(self, m: Module, written: Value) -> Value:
        return Const(VERSION, 32)

    def _digest(self, m: Module, written: Value) -> Value:
        return Const(int(spec_digest(self.spec)[:8], 16), 32)

    def _control(self, m: Module, written: Value) -> Value:
        with m.If(written):
            m.d.comb += self.resume.eq((self.bus.w_data & Control.RESUME) != 0)
            m.d.sync += self.halt.eq((self.bus.w_data & Control.HALT) != 0)
        return Mux(self.halt, Control.HALT, 0)

    def _status(self, m: Module, written: Value) -> Value:
        return self.status | Mux(self.pending, Status.REQUEST, 0)

    def _errors(self, m: Module, written: Value) -> Value:
        errors, raised = Signal(len(Error)), Signal(len(Error))
        m.d.comb += raised.eq(self.flags | Mux(self._refused() != 0, Error.BUS, 0))
        m.d.sync += errors.eq((errors & ~Mux(written, self.bus.w_data, 0)) | raised)
        return errors

    def _request(self, m: Module, written: Value) -> Value:
        with m.If(written):
            m.d.sync += [self.request.eq(self.bus.w_data), self.pending.eq(1)]
        return Cat(self.request, Const(0, 31 - MEMORY_BITS), self.pending)

    def _seed(self, m: Module, written: Value) -> Value:
        with m.If(written):
            m.d.sync += self._seed_value.eq(self.bus.w_data)
        return self._seed_value

    def _watchdog(self, m: Module, written: Value) -> Value:
        with m.If(written):
            m.d.sync += self.watchdog.eq(self.bus.w_data)
        return self.watchdog

    def _known(self, number: Value) -> Value:
        """Whether a memory of that id exists."""
        place, memory = number[MEMORIES_PER_BLOCK.bit_length() - 1:], number[:MEMORIES_PER_BLOCK.bit_length() - 1]
        further = [place == layer * BLOCKS_PER_LAYER + index for index, block in enumerate(self.spec.blocks)
                   for layer in range(1, block.depth)]
        of_layer = Cat(memory == kind for kind in LAYER_MEMORIES).any()
        return ((place < len(self.spec.blocks)) & (memory < len(Memory))) | (
            Cat(further).any() & of_layer if further else 0)
