"""cocotb bench of :mod:`board.pynq_z2.top`: the board's host drives the whole fabric from the processor's side."""

import random
from dataclasses import replace

import cocotb
import numpy as np
from cocotb.task import bridge, resume
from cocotb.triggers import FallingEdge, RisingEdge, Timer

from board.host.host import Host
from board.host.link import MmioLink
from board.pynq_z2.constants import BASE_ADDRESS
from rtl_gen.contract import protocol
from rtl_gen.contract.protocol import BLOCK_COUNTERS, Status
from sim.reference.initial import random_network
from sim.reference.network import Reference
from tests.networks import network, samples


class Processor:
    """Single word accesses on GP0, each with an ID of its own; ``read`` and ``write`` are called from a thread."""

    def __init__(self, dut, rng):
        self.ps7, self.rng = dut.ps7.zynq, rng
        self.clock = self.ps7.clock

    async def _channel(self, name, **fields):
        for field, value in fields.items():
            getattr(self.ps7, field).value = value
        getattr(self.ps7, f"{name}valid").value = 1
        ready = getattr(self.ps7, f"MAXIGP0{name.upper()}READY")
        while True:
            await RisingEdge(self.clock)
            taken = ready.value == 1
            await FallingEdge(self.clock)
            if taken:
                break
        getattr(self.ps7, f"{name}valid").value = 0

    async def _answer(self, name, tag, *fields):
        ready = getattr(self.ps7, f"{name}ready")
        ready.value = 1
        signals = [getattr(self.ps7, f"MAXIGP0{name.upper()}{field}") for field in ("VALID", "ID", "RESP", *fields)]
        while True:
            await RisingEdge(self.clock)
            values = [signal.value for signal in signals]
            await FallingEdge(self.clock)
            if values[0] == 1:
                break
        ready.value = 0
        assert int(values[1]) == tag, "another transaction was answered"
        return [int(value) for value in values[2:]]

    @resume
    async def read(self, offset):
        tag = self.rng.getrandbits(12)
        await self._channel("ar", araddr=BASE_ADDRESS + offset, arid=tag)
        resp, word, last = await self._answer("r", tag, "DATA", "LAST")
        assert (resp, last) == (0, 1), f"read of {offset:#x} answered {resp}"
        return word

    @resume
    async def write(self, offset, value):
        assert isinstance(value, int)
        tag = self.rng.getrandbits(12)
        address = cocotb.start_soon(self._channel("aw", awaddr=BASE_ADDRESS + offset, awid=tag))
        await self._channel("w", wdata=value)
        await address
        (resp,) = await self._answer("b", tag)
        assert resp == 0, f"write of {offset:#x} answered {resp}"


@cocotb.test(timeout_time=60, timeout_unit="ms")
async def host_drives_the_fabric(dut):
    """Loads, learns, halts and reads back, as on the board; everything equals the reference."""
    processor = Processor(dut, random.Random(cocotb.RANDOM_SEED))
    await Timer(100, unit="ns")
    await FallingEdge(processor.clock)
    dut.ps7.zynq.reset_n.value = 1
    await Timer(100, unit="ns")
    await FallingEdge(processor.clock)
    await bridge(_drive)(processor)


def _drive(processor):
    start = replace(random_network(network().spec, 21, density=0.4), rates=(1, 0))
    reference, host = Reference(start), Host(MmioLink(processor), start.spec)
    host.load(start)
    host.clear_counters()
    compared = 0
    for index, (spikes, label) in enumerate(zip(*samples(start.spec, 6), strict=True)):
        expected = reference.run(spikes, int(label), True, trace=True)
        if index % 3 == 2:
            result, steps = host.run_stepwise(spikes, label=int(label), learn=True)
            for t, step in enumerate(steps):
                for b in range(len(start.spec.blocks)):
                    np.testing.assert_array_equal(step.membranes[b], [layer[t] for layer in expected.membranes[b]])
                    np.testing.assert_array_equal(step.spikes[b], [layer[t] for layer in expected.spikes[b]])
                    compared += sum(map(len, step.spikes[b]))
        else:
            result = host.run(spikes, label=int(label), learn=True)
        assert result.prediction == expected.prediction
        np.testing.assert_array_equal(result.answers, expected.answers[-1])
    found, wanted = host.network(), reference.network()
    assert (found.window_numbers, found.rates) == (wanted.window_numbers, wanted.rates)
    changed = 0
    for b in range(len(start.spec.blocks)):
        np.testing.assert_array_equal(found.weights[b][0], wanted.weights[b][0])
        np.testing.assert_array_equal(found.readouts[b], wanted.readouts[b])
        changed += int((found.weights[b][0] != start.weights[b][0]).sum())
    counters = host.counters()
    for b, counted in enumerate(reference.counters):
        assert {name: counters[f"block{b}.{name}"] for name in BLOCK_COUNTERS} == counted
    assert counters["samples"] == 6
    assert not host.errors()
    assert host.read_register("status") == Status.IDLE
    assert compared > 0
    assert changed > 20
    assert host.read_register("identity") == protocol.IDENTITY
