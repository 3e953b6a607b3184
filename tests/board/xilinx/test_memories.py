from dataclasses import replace

import pytest

from board.xilinx.memories import distributed_luts, place, ramb18
from rtl_gen.contract.memories import ROW_WORDS, MemoryDeclaration, rows_of
from rtl_gen.estimate import memories
from tests.networks import block, network


@pytest.mark.parametrize(("depth", "width", "halves"), [
    (512, 36, 1), (512, 37, 2), (513, 18, 1), (1024, 36, 2), (2048, 64, 8), (2048, 256, 29), (16384, 1, 1),
    (32768, 1, 2), (10192, 256, 145), (784, 4, 1), (1, 1, 1),
])
def test_block_rams(depth, width, halves):
    assert ramb18(depth, width) == halves


@pytest.mark.parametrize("ports", [1, 2])
def test_rows_of_a_memory_take_no_more_than_it_would_in_one(ports):
    for width in range(1, 300, 3):
        for depth in (784, 2048, 2049, 3000, 4096, 10192, 16384, 20001, 60000):
            memory = MemoryDeclaration("weights", depth, width, ports=ports)
            rows = rows_of(memory)
            assert sum(row.depth for row in rows) == depth
            assert len(rows) == 1 or {row.depth % ROW_WORDS for row in rows[:-1]} == {0}
            assert len({row.depth for row in rows[:-1]}) <= 1
            found = sum(ramb18(row.depth, width, ports=ports) for row in rows)
            assert found <= ramb18(depth, width, ports=ports), memory
    assert [row.depth for row in rows_of(MemoryDeclaration("weights", 10192, 256))] == 4 * [2048] + [2000]


@pytest.mark.parametrize(("depth", "width", "luts"), [(13, 32, 24), (32, 6, 4), (33, 6, 8), (64, 3, 4), (65, 3, 8)])
def test_distributed_memories(depth, width, luts):
    assert distributed_luts(depth, width) == luts


@pytest.mark.parametrize(("depth", "width", "halves", "luts"), [
    (300, 64, 4, 640), (1568, 256, 29, 12800), (6272, 64, 28, 12544), (64, 20, 2, 40), (100, 40, 3, 160)])
def test_memories_whose_ports_both_read(depth, width, halves, luts):
    """Where it is 300 x 64, one port would do with a block RAM of 72 bits; and LUTs hold a bit each with both ports."""
    assert ramb18(depth, width, ports=2) == halves
    assert distributed_luts(depth, width, ports=2) == luts
    two = MemoryDeclaration("weights", depth, width, ports=2)
    assert place(two)["lut_as_memory"] == (luts if width < 64 else 0)


@pytest.mark.parametrize(("style", "in_block"), [("auto", False), ("block", True), ("distributed", False)])
def test_weights_go_where_their_directive_says(style, in_block):
    base = block(12, 10)
    spec = network(replace(base, directives=replace(base.directives, memory=style))).spec
    taken = next(place(memory) for memory in memories(spec) if memory.name == "block0.weights")
    assert (taken["ramb36"] > 0, taken["lut_as_memory"] == 0) == (in_block, in_block)


def test_a_large_memory_goes_into_block_ram_by_itself():
    """Of 2048 x 9: 5 deep, 22 wide, each half a RAMB36."""
    assert place(MemoryDeclaration("weights", 13 * 785, 16 * 12)) == {"ramb36": 5 * 22 / 2, "lut_as_memory": 0}
