"""cocotb bench of a :class:`rtl_gen.core.Core` that is reset within samples: what comes after equals the reference.

A reset comes within a step, while a window ends, and while weights are updated. Each time the network is loaded anew,
and learns from samples as if nothing had been before.
"""

import random

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge
from cocotb.utils import get_sim_time

from board.host.port import Beats
from rtl_gen.contract.protocol import BLOCK_COUNTERS, Status
from rtl_gen.estimate import cycles

from ..bench import PERIOD_NS, load_arrays, load_spec, start
from ..bus import CoreBus
from ..driver import CoreDriver
from ..reference.initial import random_network
from ..reference.network import Reference

SAMPLES = 3         # that are compared after each reset
WHERE = ("step", "window", "update")


def drawn(spec, rng):
    """A sample, (T, inputs), of nearly all events, so that hardly an input is left out; or of few."""
    values = np.random.default_rng(rng.getrandbits(32))
    steps = rng.randint(spec.blocks[0].window, spec.max_steps)
    return (values.random((steps, spec.inputs)) < rng.choice((0.3, 0.9))).astype(np.uint8)


async def reset(bus, send):
    """Reset in the middle of what is sent, and forget what came."""
    send.cancel()
    await FallingEdge(bus.clk)
    bus.stream.valid.value = 0
    bus.reset.value = 1
    await ClockCycles(bus.clk, 2)
    await FallingEdge(bus.clk)
    bus.packets.forget()
    bus.reset.value = 0


def until(spec, steps: list[Beats], where: str, rng: random.Random) -> tuple[Beats, int]:
    """The beats of a sample up to a reset, and the cycles to wait once they were taken."""
    block = spec.blocks[0]
    cost = cycles(block)
    if where == "step":
        whole = rng.randrange(len(steps))
        return np.concatenate([*steps[:whole], steps[whole][:rng.randint(1, len(steps[whole]))]]), rng.randrange(40)
    ends = range(block.window, len(steps) + 1, block.window)
    stop = rng.choice(ends)
    forward, readout, update = cost.forward(block.inputs), cost.readout, cost.update(block.inputs, block.window)
    wait = forward + (rng.randrange(readout) if where == "window" else readout + rng.randrange(update))
    return np.concatenate(steps[:stop]), wait


async def compare(driver, network, rng):
    """Load ``network``, learn from some samples, and compare all that can be read with the reference."""
    spec, reference = driver.spec, Reference(network)
    await driver.load(network)
    for _ in range(SAMPLES):
        spikes, label = drawn(spec, rng), rng.randrange(spec.classes)
        wanted = reference.run(spikes, label, True)
        packet = await driver.run(driver.steps(spikes, label=label, learn=True))
        assert packet[1:].astype(np.uint32).view(np.int32).tolist() == wanted.answers[-1].tolist(), "answers"
    found, wanted = await driver.network(), reference.network()
    for block in range(len(spec.blocks)):
        for layer, weights in enumerate(wanted.weights[block]):
            assert np.array_equal(found.weights[block][layer], weights), f"weights of block {block}, layer {layer}"
        assert np.array_equal(found.readouts[block], wanted.readouts[block]), f"readout of block {block}"
    assert found.window_numbers == wanted.window_numbers
    counters = await driver.counters()
    for block, values in enumerate(reference.counters):
        counted = {name: counters[f"block{block}.{name}"] for name in BLOCK_COUNTERS}
        assert counted == values, f"counters of block {block}"


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def a_reset_leaves_nothing_of_the_sample(dut):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    bus = CoreBus(dut, rng=rng)
    await start(dut)
    driver = CoreDriver(bus, spec, rng=rng)
    network = random_network(spec, 3, density=0.4)
    await driver.load(network)
    for number in range(int(load_arrays()["resets"])):
        where = WHERE[number % len(WHERE)]
        steps = driver.steps(drawn(spec, rng), label=rng.randrange(spec.classes), learn=True)
        beats, wait = until(spec, steps, where, rng)
        send = cocotb.start_soon(bus.send(beats, last=len(beats) == sum(map(len, steps))))
        await send
        await ClockCycles(bus.clk, wait + 1)
        await reset(bus, send)
        if rng.random() < 0.3:      # and once more, while what the first one left is cleared
            await ClockCycles(bus.clk, rng.randint(1, spec.inputs))
            await reset(bus, send)
        await compare(driver, network, rng)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def a_core_is_not_idle_until_it_is_cleared(dut):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    bus = CoreBus(dut, rng=rng)
    await start(dut)
    began = get_sim_time("ns")
    wanted = max(cycles(block).reset for block in spec.blocks)
    driver = CoreDriver(bus, spec, rng=rng)
    assert not await driver.read("status") & Status.IDLE, "idle before its memories are cleared"
    await driver.wait_for(Status.IDLE)
    took = (get_sim_time("ns") - began) / PERIOD_NS
    assert wanted <= took <= wanted + 12, f"{took} cycles until idle, where {wanted} were said"     # and the bus's own
