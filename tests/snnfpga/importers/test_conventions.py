"""Imported networks spike as their frameworks' own, computed in float by the letter; all numbers are exact."""

import math

import numpy as np
import pytest

from snnfpga.data.dataset import Split
from snnfpga.importers.conventions.base import Said
from snnfpga.importers.importing import import_nir
from snnfpga.network.inference import batch_passages, weights_of

from .nir_files import chain, dyadic, lif, neurons, write

STEPS, BATCH, INPUTS, HIDDEN, CLASSES = 8, 12, 7, 6, 3
# A membrane that keeps a half loses a bit a step: weights on sixteenths leave 16-bit ones enough of them.
SETTINGS = ("network.weight_bits=16", f"hardware.max_steps={STEPS}")
THRESHOLDS = (1.0, 0.75)
CUBA = {"tau_syn": 2e-4, "tau_mem": 2e-4, "w_in": 2.0, "r": 2.0, "v_leak": 0.0}


def passed(made, events):
    """Spikes (T, B, N) of each layer of an imported network, and its answers."""
    split = Split(np.ascontiguousarray(events.swapaxes(0, 1).astype(np.uint8)), np.zeros(events.shape[1], np.int64))
    passage = next(batch_passages(made.network.spec, weights_of(made.network), split))[0]
    return [spikes.numpy() for spikes in passage.spikes], passage.answers.numpy()


def drawn(rng):
    return (rng.random((STEPS, BATCH, INPUTS)) < 0.5).astype(float)


def plain(count, threshold, **more):
    return {"v_threshold": np.full(count, threshold), "v_reset": np.zeros(count), "r": np.ones(count), **more}


def cuba(count, threshold):
    values = {name: np.full(count, value) for name, value in CUBA.items()}
    return {**values, "v_threshold": np.full(count, threshold), "v_reset": np.zeros(count)}


@pytest.mark.parametrize(("source", "said", "node", "computed"), [
    ("snntorch", {}, lambda n, th: ("LIF", lif(n, 0.5, 1.0, th)),
     {"keep": 0.5, "gain": 1.0, "above": True, "reset": "late"}),
    ("snntorch", {"reset": "zero"}, lambda n, th: ("LIF", lif(n, 0.5, 1.0, th)),
     {"keep": 0.5, "gain": 1.0, "above": True, "reset": "zero"}),
    ("snntorch", {}, lambda n, th: ("CubaLIF", cuba(n, th)),
     {"keep": 0.5, "gain": 1.0, "above": True, "reset": "late", "alpha": 0.5}),
    # Norse writes a time constant of 2e-3 s as 2e-6.
    ("norse", {}, lambda n, th: ("LIF", plain(n, th / 4, tau=np.full(n, 2e-6), v_leak=np.zeros(n))),
     {"keep": 0.5, "gain": 2.0, "above": True, "reset": "zero"}),
    ("norse", {}, lambda n, th: ("CubaLIF", {**cuba(n, th / 2), "tau_syn": np.full(n, 2e-6), "tau_mem": np.full(
        n, 2e-6), "w_in": np.ones(n), "r": np.ones(n)}),
     {"keep": 0.5, "gain": 1.0, "above": True, "reset": "zero", "alpha": 0.5}),
    ("spikingjelly", {}, lambda n, th: ("LIF", lif(n, 0.5, 0.5, th / 2)),
     {"keep": 0.5, "gain": 1.0, "above": False, "reset": "zero"}),
    # Reset to its resting value of 1/4, from where all is counted; it starts there.
    ("spikingjelly", {}, lambda n, th: ("LIF", {**lif(n, 0.5, 1.0, th + 0.25), "v_leak": np.full(n, 0.25),
                                                "v_reset": np.full(n, 0.25)}),
     {"keep": 0.5, "gain": 1.0, "above": False, "reset": "zero"}),
    ("spikingjelly", {}, lambda n, th: ("IF", plain(n, th, r=np.full(n, 1e4))),
     {"keep": 1.0, "gain": 1.0, "above": False, "reset": "zero"}),
    ("sinabs", {}, lambda n, th: ("IF", plain(n, th)), {"keep": 1.0, "gain": 1.0, "above": False, "reset": "subtract"}),
    ("sinabs", {}, lambda n, th: ("LIF", plain(n, th / 2, tau=np.full(n, 1 / math.log(2)), v_leak=np.zeros(n))),
     {"keep": 0.5, "gain": 1.0, "above": False, "reset": "subtract"}),
    ("sinabs", {"gain": 1.0}, lambda n, th: ("LIF", plain(n, th, tau=np.full(n, 1 / math.log(2)), v_leak=np.zeros(n))),
     {"keep": 0.5, "gain": 1.0, "above": False, "reset": "subtract"}),
    ("nir", {"dt": 0.5, "reset": "subtract", "compare": "above"}, lambda n, th: ("LIF", lif(n, 0.5, 1.0, th, dt=0.5)),
     {"keep": 0.5, "gain": 1.0, "above": True, "reset": "subtract"}),
])
def test_spikes_are_those_of_the_framework(tmp_path, source, said, node, computed):
    rng = np.random.default_rng(3)
    first, second = dyadic(rng, HIDDEN, INPUTS), dyadic(rng, CLASSES, HIDDEN, reach=2.0) + 0.25
    bias = dyadic(rng, HIDDEN, reach=0.2)
    file = write(tmp_path / "a.nir", chain(
        ("Affine", {"weight": first, "bias": bias}), node(HIDDEN, THRESHOLDS[0]), ("Linear", {"weight": second}),
        node(CLASSES, THRESHOLDS[1]), inputs=INPUTS), None)
    made = import_nir(file, source, Said(**said), settings=SETTINGS).made
    events = drawn(rng)
    (hidden, last), answers = passed(made, events)
    wanted = neurons(events @ first.T + bias, threshold=THRESHOLDS[0], **computed)
    np.testing.assert_array_equal(hidden, wanted)
    np.testing.assert_array_equal(last, neurons(wanted @ second.T, threshold=THRESHOLDS[1], **computed))
    counts = last.sum(0)
    np.testing.assert_array_equal(answers / answers.max() * counts.max(), counts)
    assert 0.05 < hidden.mean() < 0.95
    assert 0.02 < last.mean() < 0.98
    assert all(facts.weight_error == 0.0 for facts in made.facts)
