"""What a folded block takes, and the cycles it has, by formula."""

import numpy as np
import pytest

from rtl_gen.activity import Activity, from_json, mean_cycles, to_json
from rtl_gen.contract.engines.folded.reach import places_seeing
from rtl_gen.contract.engines.folded.work import FoldedWork
from rtl_gen.contract.plan import plan_of
from rtl_gen.core import Core
from rtl_gen.emit import to_rtlil
from rtl_gen.estimate import FoldedCycles, cycles, memories
from tests.folded_networks import conv, dense, folded_spec, pool

CASES = {
    "conv": folded_spec(conv(5, 4, 2, 6, 3, padding=1)),
    "conv learned": folded_spec(conv(5, 4, 2, 6, 3, padding=1), readout_pool=pool("or", 2, 5, 4, 6), learning=True),
    "deep": folded_spec(conv(4, 4, 2, 5, 3), dense(20, 9, threshold_shift=0, recurrent=True), dense(9, 6),
                        learning=True),
}


@pytest.mark.parametrize("name", CASES)
def test_memories_are_those_of_the_design(name):
    """Depth and width of every memory that is named are found in the RTLIL."""
    spec = CASES[name]
    text = to_rtlil(Core(spec), name="core")
    found = memories(spec)
    assert len({memory.name for memory in found}) == len(found)
    for memory in found:
        assert f"memory width {memory.width} size {memory.depth} " in text, memory


@pytest.mark.parametrize("layer", [conv(5, 4, 2, 6, 3, padding=1), conv(6, 5, 1, 4, 2, stride=2),
                                   conv(5, 5, 3, 2, 3, stride=3, padding=2)])
def test_entries_are_events_at_places(layer):
    """A source is seen by each place whose kernel lies over its pixel."""
    synapses = layer.synapses
    seen = np.zeros((synapses.height, synapses.width, synapses.channels), np.int64)
    for oy in range(synapses.out_height):
        for ox in range(synapses.out_width):
            top, left = oy * synapses.stride - synapses.padding, ox * synapses.stride - synapses.padding
            seen[max(0, top):max(0, top + synapses.kernel), max(0, left):max(0, left + synapses.kernel)] += 1
    plan = plan_of(folded_spec(layer).blocks[0])
    assert places_seeing(plan.layers[0]).tolist() == seen.reshape(-1).tolist()
    assert FoldedWork(plan).full == (seen.sum(),)


def test_more_events_and_learning_take_longer():
    block = CASES["deep"].blocks[0]
    cost = cycles(block)
    assert isinstance(cost, FoldedCycles)
    silent = cost.engines.forward.cycles([(0, ())] * block.depth)
    assert cost.forward(0) == silent
    quiet = Activity(steps=6, windows=2, events=0, silent=1, rows=0, entries=(0, 0, 0))
    assert mean_cycles(block, quiet, learn=False) == 6 * silent + cost.SAMPLE_OVERHEAD
    busy = Activity(steps=6, windows=2, events=9, silent=0, rows=20, entries=(30, 5, 3))
    run, learned = (mean_cycles(block, busy, learn=learn) for learn in (False, True))
    layers = cost.engines.forward.plan.layers
    words = [layer.column_words if layer.layer.synapses.kind == "conv" else layer.words for layer in layers]
    assert run >= 6 * (silent + words[0] * 30 + words[1] * 5 + words[2] * 3)
    assert learned > run
    assert from_json(to_json([busy]), 1) == (busy,)
