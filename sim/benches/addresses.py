"""cocotb bench of :mod:`rtl_gen.addresses`."""

import random

import cocotb
from cocotb.triggers import FallingEdge, Timer

from ..bench import load_arrays, start


class Walk:
    """Drives the walk, and knows the group it must be in."""

    def __init__(self, dut):
        self.dut, self.group = dut, 0
        self.rows, self.groups = (int(load_arrays()[name]) for name in ("rows", "groups"))
        dut.restart.value = dut.advance.value = dut.row.value = 0

    async def step(self, row, restart=False, advance=False):
        """One cycle: the address must be the row's in the group the walk has reached before it."""
        dut = self.dut
        dut.row.value, dut.restart.value, dut.advance.value = row, int(restart), int(advance)
        await Timer(1, unit="ns")
        address = self.group * self.rows + row
        assert int(dut.address.value) == address, f"row {row} of group {self.group}"
        await FallingEdge(dut.clk)
        self.group = 0 if restart else self.group + advance
        return address


@cocotb.test(timeout_time=50, timeout_unit="us")
async def walks_rows_inside_groups(dut):
    walk = Walk(dut)
    await start(dut)
    for _ in range(2):
        visited = []
        for group in range(walk.groups):
            for row in range(walk.rows):
                ends = row == walk.rows - 1
                visited.append(await walk.step(row, restart=ends and group == walk.groups - 1,
                                               advance=ends and group < walk.groups - 1))
        assert visited == list(range(walk.rows * walk.groups))


@cocotb.test(timeout_time=50, timeout_unit="us")
async def walks_groups_inside_rows(dut):
    walk = Walk(dut)
    await start(dut)
    visited = []
    for row in range(walk.rows):
        for group in range(walk.groups):
            ends = group == walk.groups - 1
            visited.append(await walk.step(row, restart=ends, advance=not ends))
    assert visited == [g * walk.rows + r for r in range(walk.rows) for g in range(walk.groups)]


@cocotb.test(timeout_time=50, timeout_unit="us")
async def restart_wins_and_nothing_moves_by_itself(dut):
    rng, walk = random.Random(cocotb.RANDOM_SEED), Walk(dut)
    await start(dut)
    for _ in range(200):
        restart = rng.random() < 0.2
        advance = rng.random() < 0.4 and (restart or walk.group < walk.groups - 1)
        await walk.step(rng.randrange(walk.rows), restart, advance)
