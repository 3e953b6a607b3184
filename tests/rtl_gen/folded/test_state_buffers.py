"""State that a folded block keeps for learning: the formula, and the memories that the RTLIL really has."""

from dataclasses import replace

import pytest

from rtl_gen.contract.declared import state_buffer_bits
from rtl_gen.folded.block import FoldedBlock
from tests.folded_networks import conv, dense, folded_spec, pool

from ..test_state_buffers import marked_bits

SPECS = {
    "conv": folded_spec(conv(4, 4, 2, 6, 3, padding=1), learning=True),
    "counts": folded_spec(conv(3, 3, 40, 5, 2, pool=pool("sum", 2, 6, 6, 40)), learning=True, window=5),
    "mixed": folded_spec(conv(4, 4, 1, 4, 3), dense(16, 6, recurrent=True), learning=True, lanes=3),
}


@pytest.mark.parametrize("name", SPECS)
def test_formula_is_what_the_design_has(name):
    assert marked_bits(SPECS[name], FoldedBlock) == state_buffer_bits(SPECS[name], 0) > 0


def test_length_of_a_sample_does_not_count():
    spec = replace(SPECS["conv"], max_steps=4096)
    assert marked_bits(spec, FoldedBlock) == marked_bits(SPECS["conv"], FoldedBlock)
