"""cocotb bench of :class:`rtl_gen.core.Core`: does what a scenario says and records what the core answers.

What is right is not decided here, but in :mod:`sim.verify`.
"""

import os
import random

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, Timer, with_timeout
from cocotb.utils import get_sim_time

from rtl_gen.axi_lite import Response
from rtl_gen.contract.memory_map import geometry, host_memories, words_to_neurons
from rtl_gen.contract.plan import plan_of
from rtl_gen.contract.protocol import Access, Memory, Status, registers
from rtl_gen.contract.windows import told_after

from ..bench import PERIOD_NS, load_arrays, load_spec, start
from ..bus import CoreBus
from ..driver import CoreDriver
from ..scenario import RECORD_VARIABLE, Scenario, asked

STALLED = 2000      # cycles that the watchdog waits: more than any host here pauses within a packet
TRACED = (Memory.MEMBRANES, Memory.SPIKES, Memory.ANSWERS)


def longest_action_us(spec):
    """Far more than any action takes; a core that stands still longer is dead."""
    cycles = 50_000
    for place in host_memories(spec):
        shape = geometry(spec, *place)
        cycles += 2 * shape.depth * (shape.beats + 5)
    for block in spec.blocks:
        words = sum(layer.words * (30 + 3 * layer.rows) for layer in plan_of(block).layers)
        cycles += spec.max_steps * (1000 + words)
    return 4 * cycles * PERIOD_NS // 1000


class Intruder:
    """Reads any register, and tries what is refused, at random; counts the refusals."""

    def __init__(self, bus, spec, rng):
        self.bus, self.rng, self.refused = bus, rng, 0
        self.known = [register.address for register in registers(spec)]
        self.read_only = [register.address for register in registers(spec) if register.access == Access.READ]
        self.allowed = True
        self.at_rest = True

    async def run(self):
        while True:
            await ClockCycles(self.bus.clk, self.rng.randint(1, 60))
            if self.allowed:
                self.at_rest = False
                await self._intrude()
                self.at_rest = True

    async def _intrude(self):
        rng, driver = self.rng, self.bus.registers
        outside = rng.choice([rng.choice(self.known) + rng.randint(1, 3), self.known[-1] + 4, 0x7FFC])
        choice = rng.randrange(3)
        if choice == 0:
            response, _ = await driver.try_read(rng.choice(self.known))
            assert response == Response.OKAY
            return
        self.refused += 1
        if choice == 1:
            assert await driver.try_read(outside) == (Response.SLVERR, 0)
        else:
            address = rng.choice([outside, *self.read_only])
            assert await driver.try_write(address, rng.getrandbits(32)) == Response.SLVERR

    async def pause(self):
        self.allowed = False
        while not self.at_rest:
            await ClockCycles(self.bus.clk, 1)


class Recorder:
    """Carries out the scenario; ``record`` holds what came back, by number of the action."""

    def __init__(self, scenario, driver, intruder):
        self.scenario, self.driver, self.intruder = scenario, driver, intruder
        self.spec = driver.spec
        self.longest_us = longest_action_us(self.spec)
        self.record = {}

    async def run(self):
        for number, action in enumerate(self.scenario.actions):
            act = getattr(self, f"_{action.do}")
            await with_timeout(cocotb.start_soon(act(number, action)), self.longest_us, "us")
        count = len(self.driver.bus.packets.packets) + self.driver.unclaimed
        assert not count, f"{count} packets that nobody asked for"

    def _steps(self, action):
        return self.driver.steps(self.scenario.samples[action.index], label=self.scenario.labels[action.index],
                                 learn=action.learn, tell=action.tells)

    async def _sample(self, number, action):
        beats = self._steps(action)
        if not action.stepwise:
            self.record[f"{number}.result"] = await self.driver.run(beats)
            await self._told(number, action)
            return
        result, steps = await self.driver.run_stepwise(beats, TRACED)
        self.record[f"{number}.result"] = result
        await self._told(number, action)
        for block, spec in enumerate(self.spec.blocks):
            for layer in range(spec.depth):
                for name, memory in (("membranes", Memory.MEMBRANES), ("spikes", Memory.SPIKES)):
                    self.record[f"{number}.{name}{block}.{layer}"] = np.array(
                        [words_to_neurons(self.spec, block, layer, step[block, layer, memory]) for step in steps])
            self.record[f"{number}.answer{block}"] = steps[-1][block, 0, Memory.ANSWERS].reshape(-1)

    async def _told(self, number, action):
        """Answers that came before the result."""
        if action.tells:
            steps = len(self.scenario.samples[action.index])
            self.record[f"{number}.told"] = np.array([
                await self.driver.receive_so_far() for _ in told_after(self.spec.blocks[-1], steps)]).reshape(
                    -1, 1 + self.spec.classes)

    async def _ask(self, number, action):
        block, layer = asked(self.spec, action)
        self.record[f"{number}.result"], stored = await self.driver.run_asking(
            self._steps(action), block=block, layer=layer)
        self.record[f"{number}.weights{block}.{layer}"] = stored

    async def _stream(self, number, action):
        await self.driver.bus.stream.send_marked(action.beats)
        for result in range(action.results):
            self.record[f"{number}.result{result}"] = await self.driver.receive_result()
        await self.driver.wait_for(Status.IDLE)

    async def _stall(self, number, action):
        await self.driver.set_watchdog(STALLED)
        await self._stream(number, action)
        await self.driver.set_watchdog(0)

    async def _network(self, number, action):
        found = await self.driver.network()
        for block, (weights, readout) in enumerate(zip(found.weights, found.readouts, strict=True)):
            self.record |= {f"{number}.weights{block}.{layer}": stored for layer, stored in enumerate(weights)}
            self.record[f"{number}.readout{block}"] = readout
        self.record[f"{number}.window_numbers"] = np.array(found.window_numbers, np.int64)
        self.record[f"{number}.rates"] = np.array(found.rates, np.int64)

    async def _rates(self, number, action):
        await self.driver.set_rates(action.rates)

    async def _turn(self, number, action):
        self.record[f"{number}.result"], self.record[f"{number}.result1"] = await self.driver.run_turning(
            self._steps(action), action.rates)

    async def _counters(self, number, action):
        await self.driver.wait_for(Status.IDLE)
        await self.intruder.pause()
        found = await self.driver.counters()
        self.record[f"{number}.counters"] = np.array(list(found.values()), np.int64)
        self.record[f"{number}.errors"] = np.array(await self.driver.read("errors"))
        self.record[f"{number}.refused"] = np.array(self.intruder.refused)
        self.intruder.allowed = True

    async def _reload(self, number, action):
        await self.intruder.pause()
        network = await self.driver.network()
        await self.driver.reset()
        await self.driver.load(network)
        self.intruder.refused, self.intruder.allowed = 0, True


@cocotb.test()          # each action has its own timeout
async def follows_the_plan(dut):
    spec, rng = load_spec(), random.Random(cocotb.RANDOM_SEED)
    scenario = Scenario.from_arrays(spec, load_arrays())
    bus = CoreBus(dut, rng=rng, duty=scenario.duty)
    await start(dut)
    driver, intruder = CoreDriver(bus, spec, rng=rng), Intruder(bus, spec, rng)
    await driver.check_identity()
    await with_timeout(cocotb.start_soon(driver.load(scenario.network)), longest_action_us(spec), "us")
    if scenario.intrude:
        cocotb.start_soon(intruder.run())
    recorder = Recorder(scenario, driver, intruder)
    began = get_sim_time("ns")
    await recorder.run()
    recorder.record["cycles"] = np.array((get_sim_time("ns") - began) // PERIOD_NS)
    np.savez(os.environ[RECORD_VARIABLE], **recorder.record)


@cocotb.test(timeout_time=100, timeout_unit="us")
async def no_output_follows_an_input_within_a_cycle(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    inputs = [name for name in ("s_axis_tvalid", "s_axis_tdata", "s_axis_tlast", "m_axis_tready", "s_axi_awvalid",
                                "s_axi_awaddr", "s_axi_wvalid", "s_axi_wdata", "s_axi_bready", "s_axi_arvalid",
                                "s_axi_araddr", "s_axi_rready") if hasattr(dut, name)]
    outputs = [name for name in ("s_axis_tready", "m_axis_tvalid", "m_axis_tdata", "m_axis_tlast", "s_axi_awready",
                                 "s_axi_wready", "s_axi_bvalid", "s_axi_bresp", "s_axi_arready", "s_axi_rvalid",
                                 "s_axi_rdata", "s_axi_rresp") if hasattr(dut, name)]

    def shake():
        for name in inputs:
            pin = dut[name]
            pin.value = rng.getrandbits(len(pin)) if len(pin) > 1 else rng.randrange(2)

    def seen():
        return [int(dut[name].value) for name in outputs]

    shake()
    await start(dut)
    differs = set()
    for _ in range(300):
        shake()
        await Timer(1, unit="ns")
        before = seen()
        shake()
        await Timer(1, unit="ns")
        assert seen() == before
        differs.add(tuple(before))
        await FallingEdge(dut.clk)
    assert len(differs) > 10, "the outputs never moved"
