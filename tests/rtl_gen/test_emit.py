import gc

import pytest

from rtl_gen.emit import rtlil_to_verilog, to_rtlil, uncollected
from rtl_gen.slice import Slice
from rtl_gen.yosys import YosysError


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_as_before_whatever_happens(on):
    was = gc.isenabled()
    (gc.enable if on else gc.disable)()
    try:
        with uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() == on
        with pytest.raises(ValueError, match="invalid literal"), uncollected():
            int("x")
        assert gc.isenabled() == on
    finally:
        (gc.enable if was else gc.disable)()


def test_what_was_refused_is_asked_again_and_what_was_made_is_not():
    for _ in range(2):
        with pytest.raises(YosysError):
            rtlil_to_verilog("module \\top\nno RTLIL\nend\n")
    text = to_rtlil(Slice(8), name="slice")
    assert rtlil_to_verilog(text) is rtlil_to_verilog(text)
    assert rtlil_to_verilog(text) != rtlil_to_verilog(text.replace("slice", "other"))
