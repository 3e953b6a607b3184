"""State kept for learning: the formula, and the memories that the RTLIL really has."""

import re
from dataclasses import replace

import pytest
from amaranth.back import rtlil

from rtl_gen.block import Block
from rtl_gen.contract.declared import state_buffer_bits
from rtl_gen.memories import WINDOW_STATE
from tests.networks import network_spec

MEMORY = re.compile(r"((?:^ *attribute .*\n)+) *memory width (\d+) size (\d+)", re.MULTILINE)


def marked_bits(spec, block=Block):
    """Depth times width of the memories that carry the mark of window state."""
    text = rtlil.convert(block(spec, 0), name="block", emit_src=False)
    return sum(int(width) * int(size) for attributes, width, size in MEMORY.findall(text)
               if WINDOW_STATE in attributes)


@pytest.mark.parametrize("settings", [
    dict(),
    dict(window=1, lanes=1),
    dict(window=7, lanes=16, sizes=(50,), inputs=33),
    dict(window=3, surrogate="triangle", surrogate_width=4, surrogate_height=5),
    dict(learned=False, rounding="stochastic"),
], ids=lambda settings: ",".join(f"{name}={value}" for name, value in settings.items()) or "default")
def test_formula_is_what_the_design_has(settings):
    spec = network_spec(**settings)
    assert marked_bits(spec) == state_buffer_bits(spec, 0) > 0


def test_length_of_a_sample_does_not_count():
    spec = network_spec(max_steps=16)
    longer = replace(spec, max_steps=4096)
    assert marked_bits(longer) == marked_bits(spec)
    assert state_buffer_bits(longer, 0) == state_buffer_bits(spec, 0)


def test_a_block_that_does_not_learn_keeps_none():
    spec = network_spec(learning=False)
    assert marked_bits(spec) == state_buffer_bits(spec, 0) == 0
