"""What stands before an engine or a readout that knows places: coordinates, pools, and what was seen."""

import json
from itertools import pairwise

import numpy as np
import pytest

from rtl_gen.contract.division import Division, GridDivisions, signed_digits
from rtl_gen.contract.grid import PoolSpec
from rtl_gen.coordinates import Coordinates
from rtl_gen.pool_filter import PoolFilter
from rtl_gen.seen_filter import SeenFilter
from sim.benches.coordinates import CARRIED_BITS
from sim.benches.pool_filter import CLASSES, POOL_VARIABLE
from sim.runner import simulate

from .cases import on_both

GRIDS = {"nothing is a power of two": (5, 7, 3), "powers of two": (4, 8, 2), "one channel": (6, 6, 1),
         "one row": (1, 11, 3), "one column": (7, 1, 5), "one pixel": (1, 1, 6), "one index": (1, 1, 1),
         "few pixels of many channels": (2, 2, 33), "few lines of many pixels": (3, 17, 1)}
POOLS = {
    "whole squares": PoolSpec(kind="sum", size=2, height=4, width=6, channels=3),
    "cut off": PoolSpec(kind="sum", size=2, height=5, width=7, channels=2),
    "cut squares": PoolSpec(kind="sum", size=3, height=5, width=4, channels=2, partial=True),
    "larger than the grid": PoolSpec(kind="or", size=5, height=2, width=5, channels=3, partial=True),
    "all of it": PoolSpec(kind="sum", size=4, height=4, width=4, channels=5),
    "nothing": PoolSpec(kind="or", size=1, height=3, width=3, channels=1),
}
# Of one word, of a few, and of so many that several are cleared behind a step; and how many events of each count.
SEEN = {"one": (1, 1), "a part of a word": (13, 1), "a word": (32, 1), "some words": (70, 1),
        "words by the dozen": (32 * 33 + 5, 1), "three of each": (20, 3), "many of each": (5, 255)}


@on_both(GRIDS, slow=("one channel", "one pixel", "few lines of many pixels"))
def test_coordinates_match_the_grid(case, simulator, tmp_path):
    simulate(Coordinates(GridDivisions(*GRIDS[case]), CARRIED_BITS), bench="sim.benches.coordinates",
             build_dir=tmp_path, simulator=simulator, arrays={"grid": np.array(GRIDS[case])})


@on_both(POOLS, slow=("whole squares", "all of it"))
def test_a_pool_matches_the_reference(case, simulator, tmp_path):
    pool = POOLS[case]
    simulate(PoolFilter(pool, CLASSES), bench="sim.benches.pool_filter", build_dir=tmp_path, simulator=simulator,
             environment={POOL_VARIABLE: json.dumps(vars(pool))})


@on_both(SEEN, slow=("one", "a word"))
def test_a_filter_passes_what_was_not_seen(case, simulator, tmp_path):
    indices, most = SEEN[case]
    simulate(SeenFilter(indices, CLASSES, most), bench="sim.benches.seen_filter", build_dir=tmp_path,
             simulator=simulator, arrays={"indices": np.array(indices), "most": np.array(most)})


@pytest.mark.parametrize("divisor", [*range(2, 70), 96, 127, 255, 1000, 4095])
def test_a_product_and_a_shift_divide(divisor):
    for count in (divisor + 1, 2 * divisor - 1, 2 * divisor, 5 * divisor + 3, 9000, 65536):
        division = Division(count, divisor)
        if not division.shift_only:
            multiplier, shift = division.reciprocal
            values = np.arange(count)
            assert (values * multiplier >> shift == values // divisor).all()


def test_digits_make_their_number_and_no_two_are_neighbours():
    for value in range(1, 2000):
        digits = signed_digits(value)
        assert sum(sign << exponent if sign > 0 else -(1 << exponent) for sign, exponent in digits) == value
        assert all(above - below > 1 for (_, below), (_, above) in pairwise(digits))
