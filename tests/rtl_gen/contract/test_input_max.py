"""How large an input may be, and what follows."""

from dataclasses import replace

import pytest

from rtl_gen.contract.arithmetic import current_max
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.engines.seen import SeenMemory
from rtl_gen.contract.plan import plan_of
from rtl_gen.contract.spec import NetworkSpec
from tests.folded_networks import conv, counting, dense, folded_spec, pool


def test_only_the_first_layer_takes_larger_inputs():
    folded_spec(counting(dense(3, 4), 255), dense(4, 5))
    with pytest.raises(SpecError, match=r"^Largest input of block 0 layer 1 must be 1, not 2: it reads spikes; only "
                                        r"the network's first layer takes larger inputs$"):
        folded_spec(dense(3, 4), counting(dense(4, 5), 2))
    for most in (0, 256, True):
        with pytest.raises(SpecError, match=r"^Largest input must be an integer in 1..255, not "):
            counting(dense(3, 4), most)


def test_a_file_names_it_where_it_is_more_than_one():
    plain, counted = folded_spec(dense(3, 4)), folded_spec(counting(dense(3, 4), 7))
    assert "input_max" not in plain.to_dict()["blocks"][0]["layers"][0]
    assert counted.to_dict()["blocks"][0]["layers"][0]["input_max"] == 7
    assert NetworkSpec.from_dict(counted.to_dict()) == counted
    assert (plain.input_max, counted.input_max) == (1, 7)


def test_sums_grow_with_it_and_the_block_is_folded():
    plain = dense(3, 4, bias=False)
    assert current_max(counting(plain, 7)) == 7 * current_max(plain)
    squares = conv(2, 2, 1, 3, 2, bias=False, pool=pool("sum", 2, 4, 4, 1))
    assert current_max(counting(squares, 7)) == 7 * current_max(squares)
    either = replace(squares, pool=pool("or", 2, 4, 4, 1))
    assert current_max(counting(either, 7)) == current_max(either)
    assert [plan_of(folded_spec(layer).blocks[0]).flat for layer in (plain, counting(plain, 2))] == [True, False]


@pytest.mark.parametrize(("most", "bits", "words"), [
    (1, 1, 3), (2, 2, 5), (3, 2, 5), (4, 4, 9), (15, 4, 9), (16, 8, 18), (255, 8, 18)])
def test_a_word_of_counts_has_a_power_of_two(most, bits, words):
    memory = SeenMemory(70, most=most)
    assert (memory.count_bits, memory.words) == (bits, words)
