import random

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from rtl_gen.addends import CHAIN, sum_of
from rtl_gen.contract.block import MAX_LANES
from rtl_gen.emit import to_rtlil


class Counted(wiring.Component):
    flags: In(MAX_LANES)
    count: Out(range(MAX_LANES + 1))
    first: Out(range(CHAIN + 1))

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [self.count.eq(sum_of(self.flags)), self.first.eq(sum_of(self.flags[:CHAIN]))]
        return m


def test_the_most_lanes_are_counted():
    dut, rng = Counted(), random.Random(1)

    async def bench(context):
        for flags in (0, (1 << MAX_LANES) - 1, *(rng.getrandbits(MAX_LANES) for _ in range(20))):
            context.set(dut.flags, flags)
            assert context.get(dut.count) == flags.bit_count()
            assert context.get(dut.first) == (flags & (1 << CHAIN) - 1).bit_count()

    simulator = Simulator(dut)
    simulator.add_testbench(bench)
    simulator.run()
    # One chain of as many is beyond the calls within calls that Python allows.
    assert f"wire width {MAX_LANES} input" in to_rtlil(Counted(), name="counted")
