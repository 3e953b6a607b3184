import gc
import sys

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl_gen.contract.block import MAX_LANES
from rtl_gen.emit import converting, rtlil_to_verilog, to_rtlil
from rtl_gen.slice import Slice
from rtl_gen.yosys import YosysError


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_as_before_whatever_happens(on):
    was = gc.isenabled()
    (gc.enable if on else gc.disable)()
    try:
        with converting():
            assert not gc.isenabled()
        assert gc.isenabled() == on
        with pytest.raises(ValueError, match="invalid literal"), converting():
            int("x")
        assert gc.isenabled() == on
    finally:
        (gc.enable if was else gc.disable)()


class Counted(wiring.Component):
    flags: In(MAX_LANES)
    count: Out(range(MAX_LANES + 1))

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.count.eq(sum(self.flags))
        return m


def test_a_sum_over_the_most_lanes_is_converted():
    limit = sys.getrecursionlimit()
    assert f"wire width {MAX_LANES} input" in to_rtlil(Counted(), name="counted")
    assert sys.getrecursionlimit() == limit


def test_what_was_refused_is_asked_again_and_what_was_made_is_not():
    for _ in range(2):
        with pytest.raises(YosysError):
            rtlil_to_verilog("module \\top\nno RTLIL\nend\n")
    text = to_rtlil(Slice(8), name="slice")
    assert rtlil_to_verilog(text) is rtlil_to_verilog(text)
    assert rtlil_to_verilog(text) != rtlil_to_verilog(text.replace("slice", "other"))
