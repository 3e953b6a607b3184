"""cocotb bench of :mod:`rtl_gen.registers`: every cycle against a model. Needs a simulator that shows inner signals."""

import random

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from rtl_gen.axi_lite import ADDRESS_BITS
from rtl_gen.block_registers import increment_layout, largest_increments
from rtl_gen.contract.network import RATE_OFF, spec_digest
from rtl_gen.contract.protocol import (
    IDENTITY,
    MEMORIES_PER_BLOCK,
    REQUEST_PENDING,
    VERSION,
    Access,
    Control,
    Error,
    Memory,
    Status,
    memory_id,
    registers,
)
from rtl_gen.ingest import INGEST_COUNTERS

from ..bench import load_spec, start
from ..stream import pack


class Model:
    """The registers in Python; :meth:`cycle` is one clock cycle."""

    def __init__(self, spec):
        self.spec = spec
        self.registers = {register.address: register for register in registers(spec)}
        self.counters = {r.name: 0 for r in self.registers.values() if r.access == Access.COUNTER}
        self.values = {"identity": IDENTITY, "version": VERSION, "digest": int(spec_digest(spec)[:8], 16),
                       "control": 0, "errors": 0, "request": 0, "seed": spec.seed, "watchdog": 0,
                       **{f"block{b}.rate": 0 for b in range(len(spec.blocks))}}
        self.pending = self.rates_wait = 0
        self.in_force = [0] * len(spec.blocks)
        self.refused = 0        # accesses of the cycle before, which are counted in this one
        self.late = dict.fromkeys(self.counters, 0)     # what was counted in the cycle before
        self.turn = 0           # whose counter can be reached; in the order of the map
        self.r_there = self.w_there = False     # an access came in the cycle before, and is not done

    def _waits(self, address):
        register = self.registers.get(address)
        return (register is not None and register.access == Access.COUNTER
                and register.name != list(self.counters)[self.turn])

    def read(self, address, inputs):
        register = self.registers.get(address)
        if register is None:
            return None
        if register.access == Access.COUNTER:
            return self.counters[register.name]
        if register.name == "status":
            return inputs["status"] | self.pending * Status.REQUEST
        if register.name == "request":
            return self.values["request"] | self.pending * REQUEST_PENDING
        if register.name.endswith("window_number"):
            return inputs["window_numbers"][int(register.name[5:].partition(".")[0])]
        return self.values[register.name]

    def accepts(self, address, value):
        register = self.registers.get(address)
        if register is None or register.access == Access.READ:
            return False
        if register.name == "request":
            known = value // MEMORIES_PER_BLOCK < len(self.spec.blocks) and value % MEMORIES_PER_BLOCK < len(Memory)
            return known and not self.pending
        return not register.name.endswith(".rate") or value <= RATE_OFF

    def cycle(self, inputs):
        """Outputs of a cycle; then what the next one begins with."""
        read = self.read(inputs["r_addr"], inputs)
        accepted = self.accepts(inputs["w_addr"], inputs["w_data"])
        r_done, w_done = (there and not self._waits(inputs[f"{side}_addr"])
                          for side, there in (("r", self.r_there), ("w", self.w_there)))
        self.r_there, self.w_there = inputs["r_en"] and not r_done, inputs["w_en"] and not w_done
        refused = (r_done and read is None) + (w_done and not accepted) + inputs["bus_errors"]
        written = self.registers[inputs["w_addr"]].name if w_done and accepted else ""
        outputs = {
            "r_done": r_done, "w_done": w_done, "r": read, "w": accepted, "halt": self.values["control"],
            "pending": self.pending, "request": self.values["request"], "watchdog": self.values["watchdog"],
            "resume": int(written == "control" and bool(inputs["w_data"] & Control.RESUME)),
            **{f"block{b}__seed": self.values["seed"] for b in range(len(self.spec.blocks))},
            **{f"block{b}__w_en": int(written == f"block{b}.window_number") for b in range(len(self.spec.blocks))},
            "rates_wait": self.rates_wait}
        for b, rate in enumerate(self.in_force):
            outputs[f"block{b}__rate__off"] = int(rate == RATE_OFF)
            if rate != RATE_OFF:
                outputs[f"block{b}__rate__shift"] = rate
        self._count(inputs, refused, written)
        self._write(inputs, refused, written)
        self.turn = (self.turn + 1) % len(self.counters)
        return outputs

    def _count(self, inputs, refused, written):
        amounts = {"cycles": not inputs["status"] & Status.IDLE, "bus_errors": self.refused, **inputs["counted"]}
        self.refused = refused
        for block, increments in enumerate(inputs["increments"]):
            amounts |= {f"block{block}.{name}": amount for name, amount in increments.items()}
        for name in self.counters:
            self.counters[name] = (0 if name == written else self.counters[name]) + self.late[name]
            self.late[name] = int(amounts[name])

    def _write(self, inputs, refused, written):
        value = inputs["w_data"]
        if written == "errors":
            self.values["errors"] &= ~value
        self.values["errors"] |= inputs["flags"] | (Error.BUS if refused else 0)
        self.pending = int(not inputs["served"] and (self.pending or written == "request"))
        if written == "control":
            self.values["control"] = value & Control.HALT
        if inputs["renew_rates"]:
            self.in_force = [self.values[f"block{b}.rate"] for b in range(len(self.spec.blocks))]
            self.rates_wait = 0
        if written in ("request", "seed", "watchdog") or written.endswith(".rate"):
            self.values[written] = value
        if written.endswith(".rate"):
            self.rates_wait = 1


def draw(spec, rng, model, before):
    """Inputs of a cycle; an access that is not done stays."""
    drawn = anything(spec, rng, model)
    for side, there in (("r", model.r_there), ("w", model.w_there)):
        if there:
            drawn |= {name: value for name, value in before.items() if name.startswith(f"{side}_")}
    return drawn


def anything(spec, rng, model):
    """Inputs of a cycle, whatever was before."""
    addresses = [*model.registers, 0x7FFC, 0x8000, 0x8008]
    special = [register.address for register in registers(spec) if register.name in (
        "control", "errors", "request", "seed", "watchdog", "block0.rate", "block1.rate")]
    (errors,) = (register.address for register in registers(spec) if register.name == "errors")
    special += [errors] * 2
    turns = [address for address, register in model.registers.items() if register.access == Access.COUNTER]
    kind = rng.random()
    # A flag that is lost comes again soon: the flags are written and read often.
    r_addr = errors if rng.random() < 0.3 else rng.choice(addresses) + (rng.randrange(4) if kind < 0.2 else 0)
    value = rng.choice((rng.getrandbits(32), rng.randrange(4), memory_id(0, 0, Memory.SPIKES), RATE_OFF, RATE_OFF + 1,
                        1 << 8, memory_id(1, 0, Memory.ANSWERS), len(spec.blocks) * MEMORIES_PER_BLOCK))
    return {
        "r_en": rng.randrange(2), "w_en": int(rng.random() < 0.8),
        "r_addr": turns[(model.turn + 1) % len(turns)] if rng.random() < 0.3 else r_addr,
        "w_addr": (turns[(model.turn + 1) % len(turns)] if rng.random() < 0.1 else rng.choice(special) if kind < 0.7
                   else rng.choice(addresses) + (rng.randrange(4) if kind > 0.8 else 0)),
        "w_data": value, "bus_errors": rng.choice((0, 0, 0, 1, 2)), "status": rng.getrandbits(3),
        "flags": rng.getrandbits(len(Error)) & rng.getrandbits(len(Error)) & rng.getrandbits(len(Error)),
        "counted": {name: rng.randrange(2) for name in INGEST_COUNTERS},
        "increments": [{name: rng.randint(0, most)
                        for name, most in largest_increments(spec, b).items()} for b in range(len(spec.blocks))],
        "window_numbers": [rng.getrandbits(32) for _ in spec.blocks], "served": int(rng.random() < 0.1),
        "renew_rates": int(rng.random() < 0.1)}


def drive(dut, spec, inputs):
    for name in ("r_en", "r_addr", "w_en", "w_addr", "w_data"):
        dut[f"bus__{name}"].value = inputs[name]
    for name in ("bus_errors", "status", "flags", "served", "renew_rates"):
        dut[name].value = inputs[name]
    dut.counted.value = sum(bit << at for at, bit in enumerate(inputs["counted"].values()))
    for block, increments in enumerate(inputs["increments"]):
        dut[f"block{block}__increments"].value = pack(increment_layout(spec, block), increments)
        dut[f"block{block}__window_number"].value = inputs["window_numbers"][block]


def check(dut, wanted):
    assert dut.bus__r_ready.value == wanted["r_done"]
    assert dut.bus__w_ready.value == wanted["w_done"]
    if wanted["r_done"]:
        assert dut.bus__r_error.value == (wanted["r"] is None)
        if wanted["r"] is not None:
            assert int(dut.bus__r_data.value) == wanted["r"]
    if wanted["w_done"]:
        assert dut.bus__w_error.value != wanted["w"]
    for name in ("halt", "resume", "pending", "rates_wait", "watchdog",
                 *(name for name in wanted if name.startswith("block"))):
        assert int(dut[name].value) == wanted[name], name
    if wanted["pending"]:
        assert int(dut.request.value) == wanted["request"]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def matches_model(dut):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    model = Model(spec)
    inputs = anything(spec, rng, model) | {
        "r_en": 0, "w_en": 0, "bus_errors": 0, "status": Status.IDLE, "flags": 0, "served": 0, "renew_rates": 0,
        "counted": dict.fromkeys(INGEST_COUNTERS, 0),
        "increments": [dict.fromkeys(increment_layout(spec, b).members, 0) for b in range(len(spec.blocks))]}
    drive(dut, spec, inputs)
    await start(dut)
    model.turn = int(dut.bank.turn.value)
    assert ADDRESS_BITS == len(dut.bus__r_addr)
    for _ in range(4000):
        inputs = draw(spec, rng, model, inputs)
        drive(dut, spec, inputs)
        await RisingEdge(dut.clk)
        check(dut, model.cycle(inputs))
        await FallingEdge(dut.clk)
