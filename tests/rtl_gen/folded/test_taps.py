"""Taps: the table against the definition, and the walk against a list."""

from itertools import product

import pytest

from rtl_gen.contract.plan import plan_of
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.folded.taps import TapTable, TapWalk
from sim.runner import simulate
from tests.folded_networks import conv, dense, folded_spec

from ..cases import handed, on_both


def seen_by(conv, pixel, places):
    """Each (place, tap) along an axis that sees a pixel."""
    return {(place, tap) for place, tap in product(range(places), range(conv.kernel))
            if place * conv.stride + tap - conv.padding == pixel}


def steps_of(conv, taps):
    return [(taps.place - n, taps.offset + n * conv.stride) for n in range(taps.count)]


@pytest.mark.parametrize("kernel", range(1, 6))
def test_the_table_is_the_definition(kernel):
    met = 0
    for height, width, stride, padding in product(range(1, 10), (1, 4, 9), range(1, 4), range(3)):
        if kernel > min(height, width) + 2 * padding:
            continue
        conv = ConvSpec(height=height, width=width, channels=1, filters=1, kernel=kernel, stride=stride,
                        padding=padding)
        table = TapTable(conv)
        for axis, places in ((table.rows, conv.out_height), (table.columns, conv.out_width)):
            for pixel, taps in enumerate(axis):
                steps = steps_of(conv, taps)
                assert len(set(steps)) == len(steps)
                assert set(steps) == seen_by(conv, pixel, places), (height, width, stride, padding, pixel)
                met += len(steps)
    assert met > 500


WALKS = {
    "one word a place": folded_spec(conv(5, 4, 3, 4, 3, padding=1)),
    "filters that do not fill words": folded_spec(conv(6, 6, 2, 7, 3, stride=2, padding=1), lanes=3),
    "pixels that nothing sees": folded_spec(conv(6, 5, 2, 3, 2, stride=3), lanes=2),
    "one tap": folded_spec(conv(4, 4, 3, 9, 1), lanes=4),
    "layers": folded_spec(conv(5, 5, 2, 6, 3), conv(3, 3, 6, 5, 2, padding=1), dense(80, 6),
                          dense(6, 4 * 4 * 2), conv(4, 4, 2, 3, 3, stride=2, padding=1), lanes=4),
}


@on_both(WALKS)
def test_walk_matches_the_definition(case, simulator, tmp_path):
    spec = WALKS[case]
    simulate(TapWalk(plan_of(spec.blocks[0])), bench="sim.benches.taps", build_dir=tmp_path, simulator=simulator,
             environment=handed(spec))
