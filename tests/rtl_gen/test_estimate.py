from dataclasses import replace

import numpy as np
import pytest

from rtl_gen.contract import network_file
from rtl_gen.contract.declared import engines_of
from rtl_gen.contract.engines.forward import Forward
from rtl_gen.core import Core
from rtl_gen.emit import to_rtlil
from rtl_gen.estimate import cycles, memories
from sim.core import run_on_core
from sim.reference.network import Reference
from sim.reference.recording import RecordingBlock
from sim.runner import build
from tests.networks import block, changed, network

from . import count_cycles


def test_weights_carry_their_directive():
    for style in ("auto", "block", "distributed"):
        base = block(12, 10)
        spec = network(replace(base, directives=replace(base.directives, memory=style))).spec
        assert [memory.style for memory in memories(spec) if memory.name == "block0.weights"] == [style]
    large = memories(network(block(784, 200, lanes=16)).spec)[0]
    assert (large.depth, large.width) == (13 * 785, 16 * 12)


def test_memories_are_those_of_the_design():
    """Depth and width of every memory that is named are found in the RTLIL."""
    base = block(12, 10)
    for chosen in (base, *(replace(base, directives=replace(base.directives, **other)) for other in (
            {"ahead": 9}, {"engine": "none"}))):
        spec = network(chosen).spec
        text = to_rtlil(Core(spec), name="core")
        for memory in memories(spec):
            assert f"memory width {memory.width} size {memory.depth} " in text, memory
    assert len(memories(spec)) == 7


CASES = {
    "five-lanes": block(40, 18, lanes=5, window=3),
    "two-reads": block(40, 20, bias=True, window=3, reads=2),
    "learned": block(40, 20, bias=True, window=3),
    "fixed": block(40, 20, learned=False, bias=False, window=4),
    "few-groups": block(40, 12, lanes=8, window=2),
    "random": (lambda b: replace(b, layers=(changed(b.layers[0], update__rounding="stochastic"),),
                                 readout=replace(b.readout, rounding="stochastic")))(
        block(40, 20, bias=False, window=4)),
}


CASES["waits for feedback"] = (lambda b: replace(b, directives=replace(b.directives, classes_per_cycle=2)))(
    block(40, 22, classes=9))
CASES["levels"] = (lambda b: replace(b, readout=replace(b.readout, leak_shift=2, answer="all")))(
    block(40, 12, bias=True, window=4))
CASES["unrolled"] = replace(CASES["random"], directives=replace(CASES["random"].directives, unroll=True))


class Gates(RecordingBlock):
    """Keeps which neurons had a gate or fired, too."""

    def _update(self, seed, number, error, until, found, window):
        super()._update(seed, number, error, until, found, window)
        (traces,) = window.traces
        self.windows[-1]["gated"] = ((traces.gates != 0) | (traces.spikes != 0)).any(axis=0).tolist()


def learned_windows(start, samples):
    """For each sample and window that is learned from, by the reference, which groups hold a credit, and the cycles
    until the feedback of each is there.
    """
    reference, lanes = Reference(start), start.spec.blocks[0].directives.lanes
    readout = engines_of(start.spec.blocks[0]).readout
    reference._blocks = [Gates(start, 0)]
    found = []
    for spikes, label in samples:
        reference._blocks[0].windows = []
        reference.run(spikes, label, learn=True)
        found.append([])
        for window in reference._blocks[0].windows:
            alive = np.array(window["credit"][0]).any(axis=0)
            words = range(0, len(alive), lanes)
            found[-1].append(([bool(alive[first:first + lanes].any()) for first in words],
                              [readout.feedback_of(word, window["gated"]) for word in range(len(words))]))
    return found


@pytest.mark.parametrize("name", CASES)
def test_cycles_are_those_of_the_hardware(name, tmp_path):
    """Steps and windows take exactly the cycles of the formulas; a whole sample within 5 %."""
    start = network(CASES[name])
    network_file.write(tmp_path / "n.safetensors", start)
    design = build(Core(start.spec), build_dir=tmp_path / "core", name="core")
    count, steps, density = 6, 7, 0.3
    found = run_on_core(design, script="tests.rtl_gen.count_cycles:measure", arguments={
        "network": str(tmp_path / "n.safetensors"), "count": count, "steps": steps, "density": density})
    cost = cycles(start.spec.blocks[0])
    windows = learned_windows(start, count_cycles.samples(start.spec, count, steps, density))
    for (events, rows, counters), learned in zip(found, windows, strict=True):
        assert counters["block0.windows_learned"] == len(rows) == len(learned)
        within = [min(cost.window, steps - number * cost.window) for number in range(len(rows))]
        active = [sum(events[number * cost.window:][:length]) for number, length in enumerate(within)]
        # A step that ends a window waits for its membranes in the drain.
        expected = sum(map(cost.forward, events)) - max(0, Forward.LEAST_WORDS - cost.groups) * len(rows)
        expected += cost.engines.forward.latency * len(rows) + 1
        assert counters["block0.forward_cycles"] == expected
        update = sum(map(cost.engines.learning.cycles, rows, within, active, *zip(*learned, strict=True)))
        assert counters["block0.update_cycles"] == update
        whole = cost.sample(events, rows) - sum(map(cost.update, rows, within, active)) + update
        assert abs(whole - counters["cycles"]) < 0.05 * counters["cycles"]
    assert name == "few-groups" or not all(all(credited) for sample in windows for credited, _ in sample)
