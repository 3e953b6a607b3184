import re

import pytest

from rtl_gen.emit import to_rtlil
from rtl_gen.turns import Turns
from rtl_gen.weight_memory import WeightMemory
from sim.runner import simulate
from tests.networks import network_spec

from .cases import handed, on_both

CASES = {
    "learning": network_spec(sizes=(18,), lanes=4, inputs=11),
    "inference": network_spec(sizes=(11,), lanes=3, inputs=9, learning=False),
    "two reads": network_spec(sizes=(18,), lanes=4, inputs=11, reads=2),
    "rows of memories": network_spec(sizes=(16,), lanes=8, inputs=2200),
    "rows of memories, two reads": network_spec(sizes=(16,), lanes=8, inputs=2200, reads=2),
    "distributed": network_spec(sizes=(7,), lanes=5, inputs=6, memory="distributed"),
}


@on_both(CASES)
def test_a_word_is_of_the_owners_address(case, simulator, tmp_path):
    spec = CASES[case]
    simulate(WeightMemory(spec.blocks[0]), bench="sim.benches.weight_memory", build_dir=tmp_path, simulator=simulator,
             environment=handed(spec))


def test_turns(icarus, tmp_path):
    simulate(Turns(), bench="sim.benches.turns", build_dir=tmp_path, simulator=icarus)


@pytest.mark.parametrize("case", CASES)
def test_which_row_a_word_is_in_takes_no_divider(case):
    text = to_rtlil(WeightMemory(CASES[case].blocks[0]), name="memory")
    assert "cell $memrd_v2" in text
    assert not re.search(r"cell \$(div|mod)", text)
