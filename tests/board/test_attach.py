"""Where the PYNQ-Z2's program is started elsewhere than on the board."""

import sys

import pytest

from board.pynq_z2.attach import attach
from rtl_gen.contract.errors import SnnfpgaError


def test_a_machine_without_pynq_is_a_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynq", None)
    with pytest.raises(SnnfpgaError, match="No Python package pynq here: this program runs on the board"):
        attach("top.bit", clock_mhz=50.0)
