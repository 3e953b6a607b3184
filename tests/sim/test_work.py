"""Cycles of whole samples by the reference and the formulas of the engines, held to simulated cores."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rtl_gen.contract.residual import ResidualSpec
from rtl_gen.core import Core
from rtl_gen.pace import LayerTime, Pace, StepTime
from sim.benches.sample_cycles import OUTPUT_VARIABLE
from sim.reference.initial import random_network
from sim.reference.network import Reference
from sim.runner import build, run
from sim.scenario import Scenario
from sim.work import WorkReference, pace_of
from tests.folded_networks import conv, dense, folded_spec, pool
from tests.networks import network_spec

# The block above has fewer words than spikes that come, and rows of readouts are passed over; the folded one waits for
# spikes of its own layers.
CASES = {
    "flat": network_spec(inputs=24, sizes=(20, 12), lanes=4, window=3, classes_per_cycle=1),
    "folded": folded_spec(dense(24, 14, recurrent=True), dense(14, 8), learning=True),
}
WIDE = {
    "two-reads": network_spec(inputs=40, sizes=(30, 20), lanes=4, reads=2),
    "interval": network_spec(inputs=30, sizes=(20,), lanes=3, window=2, update_interval=2, loss_steps=1),
    "skipped": network_spec(inputs=30, sizes=(20,), lanes=4, window=2, dead_zone=127),     # all windows are
    "largest level": network_spec(inputs=30, sizes=(20,), readout_leak_shift=2, reading="maximum", logit_shift=5,
                                  accumulate="cumulative", classes=7),
    "largest level folded": folded_spec(dense(24, 14), dense(14, 8), learning=True, leak_shift=2, reading="maximum",
                                        logit_shift=5, accumulate="cumulative", classes=7),
    "unrolled": network_spec(inputs=30, sizes=(20,), unroll=True, rounding="stochastic"),
    "conv": folded_spec(conv(5, 5, 2, 6, 3, padding=1), readout_pool=pool("or", 2, 5, 5, 6), learning=True),
    # Windows that end before their loss steps: forgotten at once, and the next sample's events wait for its start.
    "forgotten": folded_spec(conv(5, 5, 1, 5, 2), loss_steps=1, lanes=16, classes=7, learning=True, learned=False),
    "recurrent": folded_spec(dense(40, 17, recurrent=True), window=5, loss_steps=2, learning=True, answer="last"),
    "readout on a sum": folded_spec(conv(3, 6, 1, 5, 2), readout_pool=pool("sum", 2, 2, 5, 5), lanes=3, learning=True),
    "residual": folded_spec(conv(4, 4, 2, 4, 3, padding=1), conv(4, 4, 4, 4, 3, padding=1),
                            conv(4, 4, 4, 4, 3, padding=1, residual=ResidualSpec(below=2, shift=0, own_shift=0)),
                            learning=True),
    "pooled": folded_spec(conv(6, 6, 1, 6, 3, padding=1), dense(54, 8, pool=pool("or", 2, 6, 6, 6)), learning=True),
}
SAMPLES, STEPS = 5, 7
ASKED = 20


def given(spec, density=0.2, samples=SAMPLES, steps=STEPS):
    generator = np.random.default_rng(4)
    given = [(generator.random((steps, spec.inputs)) < density).astype(np.uint8) for _ in range(samples)]
    return random_network(spec, 3, density=density), given, generator.integers(spec.classes, size=samples)


def hold(spec, folder, error, simulator, **changes):
    """Simulated and predicted cycles of the same samples, run and learned from, differ by no larger share."""
    network, samples, labels = given(spec, **changes)
    design = build(Core(spec), build_dir=folder / "core", simulator=simulator)
    scenario = Scenario(network=network, samples=samples, labels=labels, actions=[])
    run(design, bench="sim.benches.sample_cycles", arrays=scenario.to_arrays(),
        environment={OUTPUT_VARIABLE: str(folder / "cycles.json")})
    found = json.loads((folder / "cycles.json").read_text("utf-8"))
    assert [one["learn"] for one in found] == [False, True]
    for one in found:
        wanted = pace_of(network, samples, labels.tolist(), learn=one["learn"])
        assert wanted.out == pytest.approx(one["ends"][-1], rel=error), f"learn {one['learn']}"
        # The host asks every few cycles.
        assert wanted.end == pytest.approx(one["idle"], rel=error, abs=ASKED), f"learn {one['learn']}"


@pytest.mark.parametrize("name", CASES)
def test_samples_take_the_cycles_that_are_predicted(name, tmp_path):
    hold(CASES[name], tmp_path, 0.02, None)


@pytest.mark.slow
@pytest.mark.parametrize("name", WIDE)
def test_samples_of_other_networks_do_too(name, tmp_path):
    hold(WIDE[name], tmp_path, 0.02, "verilator")


@pytest.mark.slow
def test_blocks_that_wait_in_turns_do_too(tmp_path):
    """One runs long and one learns long: the first goes on as far as there is room for its words of spikes."""
    spec = network_spec(inputs=64, sizes=(64, 32), window=8)
    first, second = spec.blocks
    first = replace(first, directives=replace(first.directives, lanes=5, engine="none"))
    hold(replace(spec, blocks=(first, second)), tmp_path, 0.02, "verilator", density=0.1, samples=1, steps=24)


def test_learning_is_that_of_the_reference():
    """What is recorded changes nothing of what is learned."""
    network, samples, labels = given(CASES["folded"])
    plain, working = Reference(network), WorkReference(network)
    for spikes, label in zip(samples, labels.tolist(), strict=True):
        plain.run(spikes, label, learn=True)
        times = working.times(spikes, label, learn=True)
        assert [[len(step.layers) for step in block] for block in times] == [[2] * STEPS]
        assert [step.ends for step in times[0]] == [False, False, True] * 2 + [True]
    assert all((one == other).all() for one, other in zip(plain.network().weights[0], working.network().weights[0],
                                                          strict=True))
    assert plain.counters == working.counters
    assert any(step.learns for step in times[0])


def test_a_slow_block_is_what_counts():
    """Of two blocks the slower sets the pace, whichever of them it is; what it takes longer, every sample does."""
    spec = CASES["flat"]
    layer = LayerTime(events=3, cycles=20, fed=0, begun=0, leaves=(10, 14, 18), spikes=(1, 0, 2))
    quick = [StepTime(layers=(layer,), ends=step % 3 == 2) for step in range(6)]
    slow = [replace(step, layers=(replace(layer, cycles=70, leaves=(30, 50, 68)),)) for step in quick]

    def between(steps):
        pace, ends = Pace(spec), []
        for _ in range(4):
            pace.sample(steps)
            ends.append(pace.end)
        assert ends[3] - ends[2] == ends[2] - ends[1]
        return ends[3] - ends[2]

    alone = between([quick, quick])
    assert 6 * 20 <= alone < 6 * 20 + 40
    for steps in ([slow, quick], [quick, slow]):
        assert 6 * 70 <= between(steps) < 6 * 70 + 40


def test_a_result_is_out_before_blocks_below_have_learned():
    """What the first block still learns after the last spikes delays no result, and the core is not idle before."""
    def after(dealt_with):
        layer = LayerTime(events=3, cycles=20, fed=0, begun=0, leaves=(10, 14, 18), spikes=(1, 0, 2))
        steps = [StepTime(layers=(layer,), ends=step == 5) for step in range(6)]
        pace = Pace(CASES["flat"])
        pace.sample([[*steps[:5], replace(steps[5], dealt_with=dealt_with, learns=True)], steps])
        return pace.out, pace.end

    (out, end), (later_out, later_end) = after(600), after(1000)
    assert out + 400 < end
    assert (later_out, later_end) == (out, end + 400)


def test_what_waits_ahead_lets_the_block_before_go_on():
    """Where one block runs long and the next learns long they wait for each other, and do not with a queue between."""
    spec = network_spec(inputs=24, sizes=(120, 12), lanes=4)
    leaves = range(3, 91, 3)
    long = LayerTime(events=3, cycles=90, fed=0, begun=0, leaves=leaves, spikes=[1] * len(leaves))
    short = LayerTime(events=30, cycles=10, fed=0, begun=0, leaves=(4, 7, 9), spikes=(1, 0, 0))
    ends = [step % 8 == 7 for step in range(32)]
    runs = [StepTime(layers=(long,), ends=end) for end in ends]
    learns = [StepTime(layers=(short,), ends=end, dealt_with=600 if end else None, learns=end) for end in ends]

    def cycles(ahead):
        first, second = spec.blocks
        pace = Pace(replace(spec, blocks=(
            replace(first, directives=replace(first.directives, engine="none")),
            replace(second, directives=replace(second.directives, ahead=ahead)))))
        pace.sample([runs, learns])
        return pace.end

    assert cycles(0) > cycles(32) > cycles(400) == cycles(800)
