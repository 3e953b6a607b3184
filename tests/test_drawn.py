"""Whole networks that hypothesis draws, in RTL on Icarus beside the reference, value by value."""

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from rtl_gen.contract.protocol import BLOCK_COUNTERS
from sim.reference.network import Reference
from sim.runner import SimulationError
from tests.drawn.able import FEATURES, able, engines
from tests.drawn.case import DEEDS, Case, cases, run
from tests.drawn.replay import reproduced
from tests.rtl_gen.mutation import copied, folder

__all__ = ["folder"]        # a fixture

QUICK, PARTS, OF_A_PART = 5, 10, 32
MIDDLING = range(20, 500)       # weights of a network that has something to learn and is simulated in seconds
FIRST = int(os.environ.get("SNNFPGA_DRAW", "0"))        # another number draws other networks in the slow run


def drawing(number, count, *, shrink=True, among=None):
    """Call a test with ``count`` cases, the same for a number in every process; None is among all cases."""
    phases = [Phase.generate, *([Phase.shrink] if shrink else [])]
    source = cases() if among is None else among

    def decorate(test):
        return seed(number)(settings(max_examples=count, database=None, deadline=None, phases=phases,
                                     suppress_health_check=list(HealthCheck))(given(source)(test)))
    return decorate


def check(number, count, folder, among=None):
    """Run drawn cases; a failure is shrunk, and leaves a file that runs the smallest again."""
    @drawing(number, count, among=among)
    def each(case):
        with reproduced(case):
            found = run(case, folder)
            assert found.mismatches == 0, "\n".join(found.described)

    each()


def middling(case):
    return sum(layer.rows * layer.columns for block in case.spec.blocks for layer in block.layers) in MIDDLING


def test_drawn_networks_run_and_learn_as_the_reference_does(icarus, tmp_path):
    check(1, QUICK, tmp_path, cases().filter(middling))


@pytest.mark.slow
@pytest.mark.timeout(3600)      # what fails is made smaller for five minutes more
@pytest.mark.parametrize("part", range(PARTS))
def test_many_drawn_networks_run_and_learn_as_the_reference_does(part, icarus, tmp_path):
    check(1 + FIRST * PARTS + part, OF_A_PART, tmp_path)


def test_a_failure_leaves_a_file_that_runs_the_case_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    met = []

    @drawing(2, 3, shrink=False)
    def each(case):
        met.append(case)
        with reproduced(case):
            raise ValueError("differs")

    again = r"^differs\nAgain: python -m tests\.drawn\.replay build/drawn/\w+\.json\n"
    with pytest.raises(AssertionError, match=again):
        each()
    case = Case.read(Path("build") / "drawn" / f"{met[-1].name}.json")
    assert case == met[-1]
    assert case.scenario().actions == met[-1].scenario().actions


def test_what_is_drawn_reaches_all_that_hardware_has():
    """On the reference alone: each counter counts, each feature, deed and directive is there, odd lanes too."""
    seen, deeds, blocks, deep, met = Counter(), Counter(), Counter(), Counter(), Counter()

    @drawing(1, 300, shrink=False)
    def each(case):
        deeds.update(case.deeds)
        scenario = case.scenario()
        reference = Reference(scenario.network)
        for action in scenario.actions:
            if action.do in ("sample", "ask", "turn"):
                reference.run(scenario.samples[action.index], scenario.labels[action.index], action.learn)
        met.update({"inputs that count": case.spec.input_max > 1, "labels of steps": scenario.of_steps,
                    "windows without a label": reference.windows_unlabelled > 0})
        for block, counters in zip(case.spec.blocks, reference.counters, strict=True):
            seen.update(name for name, value in counters.items() if value)
            blocks.update(features(block))
            if block.depth > 1:
                deep.update(name for name, value in counters.items() if value)

    each()
    assert set(seen) == set(BLOCK_COUNTERS)
    # Alone 137, 137 and 58; hypothesis draws constants of the modules that other tests have loaded, too.
    assert seen["updates"] > 90
    assert deep["spikes"] > 70
    assert deep["updates"] > 35
    assert min(met.values()) > 3, met
    assert set(deeds) == set(DEEDS)
    wanted = {"odd lanes", "more than 16 lanes", "two reads", "unrolled", "some classes", "ahead", *engines()}
    wanted |= set().union(*map(able, engines()))
    assert set(blocks) == wanted


def features(block):
    """What a block has of all that may be drawn."""
    first, readout, directives = block.layers[0], block.readout, block.directives
    has = {
        "plain": True, "deep": block.depth > 1, "readout pool": readout.pool is not None,
        "1-bit readout": readout.weight_bits == 1, "leaky readout": readout.leak_shift is not None,
        "largest level": readout.reading == "maximum",
        "convolution": any(layer.synapses.kind == "conv" for layer in block.layers),
        "pool": any(layer.pool is not None for layer in block.layers),
        "recurrent": any(layer.synapses.recurrent for layer in block.layers),
        "residual": any(layer.residual is not None for layer in block.layers),
        "thresholds": any(layer.neuron.threshold_shift is not None for layer in block.layers),
        "1 bit": any(layer.weights.bits == 1 for layer in block.layers), "lingering": first.current is not None}
    assert set(has) == set(FEATURES)
    has |= {"odd lanes": directives.lanes % 2 == 1, "more than 16 lanes": directives.lanes > 16,
            "two reads": directives.reads == 2, "unrolled": directives.unroll,
            "some classes": directives.classes_per_cycle is not None, "ahead": directives.ahead > 0,
            directives.engine: True}
    return {name for name, there in has.items() if there}


@pytest.mark.slow
@pytest.mark.parametrize(("file", "old", "new"), [
    ("neurons/lif.py", "(membrane >> neuron.leak_shift)", "((membrane + 1) >> neuron.leak_shift)"),
    ("rounding.py", "self.changed.eq(updated != self.stored)", "self.changed.eq(rounded != 0)"),
    ("rates.py", "with m.If(self.renew):", "with m.If(1):"),
    ("readout.py", "TokenKind.ABORT):\n                    m.d.comb += self._forget.eq(1)",
     "TokenKind.ABORT):\n                    pass"),
])
def test_drawn_networks_find_a_mutant(file, old, new, icarus, folder):
    core = copied(folder, "rtl_gen_copy_drawn", file, old, new)("core").Core

    @drawing(1, OF_A_PART, shrink=False)
    def each(case):
        try:
            mismatches = run(case, folder, core=core).mismatches
        except SimulationError as error:        # it stands still, or breaks a handshake
            mismatches = str(error)
        assert not mismatches

    with pytest.raises(AssertionError):
        each()
