"""The compiled loops that benchmarks learn with do what the integer reference does."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sim.reference.initial import random_network
from sim.reference.network import Reference

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DATA = SimpleNamespace(sensor=(8, 9, 2), classes=4, steps=7)
CASES = {
    "dense": {"blocks": (("6",),)},
    "two dense blocks": {"blocks": (("8",), ("6",)), "bias": True, "shadow_bits": 0, "rounding": "stochastic",
                         "rate_shifts": 12, "readout_shifts": 6},
    "a pool of any event": {"blocks": (("4C3",), ("P2", "9"))},
    "no leak, loss at the end": {"blocks": (("4C3",), ("P2", "9")), "leak_shift": None, "loss_steps": 2},
    "triangle": {"blocks": (("4C3",), ("P2", "9")), "surrogate": "triangle", "width": 4, "height": 5},
    "counted inputs": {"blocks": (("4C3",), ("P2", "9")), "input_max": 3},
    "one window, hard sigmoid": {"blocks": (("5C5",), ("P4", "9")), "window": 7, "error_function": "hard_sigmoid"},
    "two layers": {"blocks": (("4C3P0", "P2", "9"),), "rate_shifts": ((7, 5),), "readout_shifts": (1,),
                   "feedback_shift": 5},
    "a pool that counts": {"blocks": (("3C3", "SP2", "7"), ("5",)), "rounding": "stochastic", "feedback_shift": 6},
    "three layers, no shadow bits": {"blocks": (("4C4P1",), ("SP3", "9", "6")), "shadow_bits": 0, "rate_shifts": 12,
                                     "rounding": "stochastic", "readout_shifts": 6, "feedback_shift": 6},
}


@pytest.fixture
def loop(monkeypatch):
    """Makes the loop of a case of a reset and a way to accumulate, held to the reference throughout."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import chip_course
    import dense_loop
    import layered_loop

    for of in (dense_loop.DenseLoop, layered_loop.LayeredLoop):
        monkeypatch.setattr(of, "checked", 1 << 30)
    base = chip_course.Experiment(
        data="none", steps=DATA.steps, blocks=(("6",),), leak_shift=3, window=3, logit_shift=1, dead_zone=4,
        rate_shifts=(6,), readout_shifts=(1,), epochs=1, threshold=40, width=60)

    def make(case, reset, accumulate, module=layered_loop):
        experiment = chip_course.changed(base, **{"rate_shifts": 6, "readout_shifts": 1} | CASES[case])
        spec = experiment.spec(DATA, 5)
        blocks = tuple(
            replace(block, readout=replace(block.readout, accumulate=accumulate), layers=tuple(
                replace(layer, neuron=replace(layer.neuron, reset=reset)) for layer in block.layers))
            for block in spec.blocks)
        spec = replace(spec, blocks=blocks)
        assert module.suits(spec)
        of = dense_loop.DenseLoop if module is dense_loop else layered_loop.LayeredLoop
        made = of(random_network(spec, 3, density=0.3))
        made.rates = [1] * len(blocks)
        return made, experiment.input_max

    return make


def samples(largest: int):
    generator = np.random.default_rng(1)
    shape = (30, DATA.steps, int(np.prod(DATA.sensor)))
    events = (generator.random(shape) < 0.3) * generator.integers(1, largest + 1, shape)
    return events.astype(np.uint8), generator.integers(0, DATA.classes, len(events))


@pytest.mark.slow
@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("accumulate", ["window", "cumulative"])
@pytest.mark.parametrize("case", [name for name, changes in CASES.items() if not changes.get("bias")])
def test_layers_learn_as_in_the_reference(loop, case, reset, accumulate):
    made, largest = loop(case, reset, accumulate)
    events, labels = samples(largest)
    made.learn(events, labels)      # raises where the reference differs
    assert made.counters[0]["windows_learned"] > 0
    assert np.array_equal(made.evaluate(events), Reference(made.network()).evaluate(events))


@pytest.mark.slow
@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("case", ["dense", "two dense blocks"])
def test_dense_blocks_learn_as_in_the_reference(loop, case, reset):
    import dense_loop

    made, largest = loop(case, reset, "window", dense_loop)
    made.learn(*samples(largest))
    assert made.counters[0]["windows_learned"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["flipped", "spread", "back_through", "read_out"])
def test_a_wrong_loop_is_found(loop, monkeypatch, wrong):
    made, largest = loop("two layers", "subtract", "window")
    import layer_learning
    import layer_sample

    module = layer_sample if hasattr(layer_sample, wrong) else layer_learning
    monkeypatch.setattr(module, wrong, lambda *arguments: None)
    with pytest.raises(ValueError, match="mend the loop"):
        made.learn(*samples(largest))
