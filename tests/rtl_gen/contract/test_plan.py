"""Words and addresses of a block, and what its engines declare."""

import pytest

from rtl_gen.contract.block import Directives
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.declared import engines_of, state_buffer_bits
from rtl_gen.contract.limits import check_hardware
from rtl_gen.contract.plan import plan_of
from rtl_gen.contract.protocol import Memory, memory_id, memory_place
from tests.networks import network_spec


@pytest.mark.parametrize(("lanes", "words", "last"), [(1, 20, 1), (3, 7, 2), (5, 4, 5), (40, 1, 20), (512, 1, 20)])
def test_words_hold_all_neurons(lanes, words, last):
    (layer,) = plan_of(network_spec(sizes=(20,), lanes=lanes).blocks[0]).layers
    assert (layer.words, layer.column_words, layer.last_lanes) == (words, words, last)
    assert layer.weight_words == words * 13


def test_layers_lie_behind_one_another():
    first, second, third = plan_of(network_spec(inputs=12, sizes=(20,), depth=3, lanes=8).blocks[0]).layers
    assert [(la.word_base, la.weight_base, la.input_base) for la in (first, second, third)] == [
        (0, 0, 0), (3, 3 * 13, 12), (6, 3 * 13 + 3 * 21, 32)]


def test_each_memory_has_a_name_of_its_own():
    def names(depth, **settings):
        block = network_spec(sizes=(6,), depth=depth, **settings).blocks[0]
        return [memory.name for memory in engines_of(block).memories]

    one = ["weights", "membranes", "spikes", "events", "seen0", "seen1", "readout", "spike_counts",
           "masks", "row_list", "gates", "feedback", "credits0", "credits1", "credits2", "credits3"]
    assert names(1) == one
    assert names(1, unroll=True) == one[:-4]
    assert names(1, ahead=9) == ["ahead", *one]
    # Layers that take turns on one pair of engines lie behind one another in each memory.
    assert len(set(names(2))) == len(names(2))
    assert {"weights", "membranes", "masks", "row_list", "gates", "feedback", "credits0"} < set(names(2))


def test_a_block_without_an_engine_declares_no_learning():
    spec = network_spec(learning=False)
    engines = engines_of(spec.blocks[0])
    assert (engines.learning.kind, engines.learning.memories, engines.learning.cycles(3, 2)) == ("none", (), 0)
    assert state_buffer_bits(spec, 0) == 0
    assert not spec.blocks[0].directives.learns


def test_an_unknown_engine_is_refused():
    with pytest.raises(SpecError, match=r"^Engine must be one of none, reverse, not True$"):
        Directives(lanes=1, memory="auto", engine=True)


def test_reads_are_one_or_two_and_of_two_words_of_neurons():
    with pytest.raises(SpecError, match=r"^Reads must be an integer in 1..2, not 3$"):
        Directives(lanes=1, memory="auto", engine="none", reads=3)
    with pytest.raises(SpecError, match=r"^A block that reads 2 weight words in a cycle must have 2 words of neurons, "
                                        r"not 1 as block 0 has with 32 lanes for 20 neurons; take fewer lanes, or 1 "
                                        r"read$"):
        check_hardware(network_spec(reads=2, lanes=32))
    check_hardware(network_spec(reads=2, lanes=16))


@pytest.mark.parametrize(("reads", "bias", "cycles"), [(1, False, (2, 14, 20)), (2, False, (2, 8, 10)),
                                                       (1, True, (2, 16, 22)), (2, True, (2, 8, 12))])
def test_a_step_takes_half_the_cycles_where_two_words_are_read(reads, bias, cycles):
    """Two groups, so that three cycles more are waited for their membranes; of 0, 7 and 10 events."""
    forward = engines_of(network_spec(reads=reads, bias=bias, lanes=10).blocks[0]).forward
    assert tuple(forward.cycles(events) - 3 for events in (0, 7, 10)) == cycles


def test_numbers_of_memories_are_told_apart_and_those_of_first_layers_are_as_ever():
    places = [(block, layer, memory) for block in range(16) for layer in range(3) for memory in Memory]
    numbers = [memory_id(*place) for place in places]
    assert len(set(numbers)) == len(numbers)
    assert [memory_place(number) for number in numbers] == places
    assert memory_id(3, 0, Memory.MEMBRANES) == 3 * 8 + 2
