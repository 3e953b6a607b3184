"""What a graph becomes here: convolutions, pools, recurrence, readouts, and parameters as writers put them."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from snnfpga.importers.conventions.base import Said
from snnfpga.importers.importing import import_nir
from snnfpga.importers.recorded import _first, _last

from .nir_files import chain, dyadic, lif, neurons, write
from .test_conventions import BATCH, CLASSES, HIDDEN, INPUTS, SETTINGS, STEPS, drawn, passed

IF = {"r": 1.0, "v_reset": 0.0}


def imported(tmp_path, nodes, source="sinabs", edges=None, reading=None, **said):
    return import_nir(write(tmp_path / "a.nir", nodes, edges), source, Said(**said), reading=reading,
                      settings=SETTINGS).made


def conv(rng, filters, channels, **more):
    return ("Conv2d", {"weight": dyadic(rng, filters, channels, 3, 3, reach=0.5), "stride": 1, "dilation": 1,
                       "groups": 1, "bias": dyadic(rng, filters, reach=0.2), "padding": np.array([1, 1]), **more})


@pytest.mark.parametrize(("pool", "scale"), [("AvgPool2d", None), ("SumPool2d", None), ("AvgPool2d", 0.5)])
def test_a_convolution_a_pool_and_what_is_flattened(tmp_path, pool, scale):
    """Channels come first there; biases beside a mean keep their size."""
    rng = np.random.default_rng(1)
    one, two = conv(rng, 4, 2), conv(rng, 5, 4, padding="same", input_shape=np.array([2, 3]))
    last = dyadic(rng, CLASSES, 5 * 2 * 3)
    parts = [one, ("IF", {**IF, "v_threshold": np.full((4, 4, 6), 0.75)}), *(
        [] if scale is None else [("Scale", {"scale": np.full(4, scale)})]),
        (pool, {"kernel_size": np.array([2, 2]), "stride": 2, "padding": 0}), two,
        ("IF", {**IF, "v_threshold": np.full(5, 0.5)}), ("Flatten", {"start_dim": 0, "end_dim": -1}),
        ("Linear", {"weight": last}), ("IF", {**IF, "v_threshold": 1.0})]
    made = imported(tmp_path, chain(*parts, inputs=[2, 4, 6]))
    pictures = (rng.random((STEPS, BATCH, 2, 4, 6)) < 0.4).astype(np.float32)
    spikes, _ = passed(made, _last(pictures.reshape(STEPS, BATCH, -1), (2, 4, 6)))

    def through(weights, events):
        found = functional.conv2d(torch.from_numpy(events).flatten(0, 1).float(), torch.from_numpy(weights["weight"]),
                                  torch.from_numpy(weights["bias"]), padding=1).numpy()
        return found.reshape(STEPS, BATCH, *found.shape[1:])

    kind = {"keep": 1.0, "gain": 1.0, "above": False, "reset": "subtract"}
    first = neurons(through(one[1], pictures), threshold=0.75, **kind)
    pooled = first.reshape(STEPS, BATCH, 4, 2, 2, 3, 2).sum((4, 6)) / (4 if pool == "AvgPool2d" else 1) * (scale or 1)
    second = neurons(through(two[1], pooled), threshold=0.5, **kind)
    third = neurons(second.reshape(STEPS, BATCH, -1) @ last.T, threshold=1.0, **kind)
    for found, wanted in zip(spikes, (first, second, third), strict=True):
        np.testing.assert_array_equal(_first(found, wanted.shape[2:]), wanted.reshape(found.shape))
        assert 0.02 < wanted.mean() < 0.98


@pytest.mark.parametrize("nested", [False, True])
def test_recurrence_flat_or_nested(tmp_path, nested):
    rng = np.random.default_rng(4)
    first, own, last = dyadic(rng, HIDDEN, INPUTS), dyadic(rng, HIDDEN, HIDDEN), dyadic(rng, CLASSES, HIDDEN) + 0.25
    bias = dyadic(rng, HIDDEN, reach=0.2)
    nodes = [("input", "Input", {"shape": np.array([1, INPUTS])}), ("in", "Linear", {"weight": first}),
             ("lif", "LIF", lif(HIDDEN, 0.5, 1.0)), ("own", "Affine", {"weight": own, "bias": bias}),
             ("out", "Linear", {"weight": last}), ("end", "LIF", lif(CLASSES, 0.5, 1.0)),
             ("output", "Output", {"shape": np.array([CLASSES])})]
    edges = [("own", "lif"), ("input", "in"), ("lif", "out"), ("in", "lif"), ("lif", "own"), ("out", "end"),
             ("end", "output")]
    file = write(tmp_path / "a.nir", nodes, edges)
    if nested:
        _nest(file)
    made = import_nir(file, "snntorch", settings=SETTINGS).made
    events = drawn(rng)
    kind = {"keep": 0.5, "gain": 1.0, "above": True, "reset": "late"}
    wanted = neurons(events @ first.T + bias, threshold=1.0, own=own, **kind)
    spikes, _ = passed(made, events)
    np.testing.assert_array_equal(spikes[0], wanted)
    np.testing.assert_array_equal(spikes[1], neurons(wanted @ last.T, threshold=1.0, **kind))
    assert 0.05 < wanted.mean() < 0.95


def _nest(file):
    """Put ``lif`` and ``own`` into a graph called ``rec``."""
    import h5py

    with h5py.File(file, "r+") as held:
        nodes = held["node/nodes"]
        group = nodes.create_group("rec")
        group["type"] = "NIRGraph"
        for name in ("lif", "own"):
            held.move(f"node/nodes/{name}", f"node/nodes/rec/nodes/{name}")
        for name, kind in (("input", "Input"), ("output", "Output")):
            group[f"nodes/{name}/type"] = kind
            group[f"nodes/{name}/shape"] = np.array([HIDDEN])
        text = h5py.string_dtype()
        group["edges"] = np.array([("input", "lif"), ("lif", "own"), ("own", "lif"), ("lif", "output")], dtype=text)
        del held["node/edges"]
        held["node/edges"] = np.array([("input", "in"), ("in", "rec"), ("rec", "out"), ("out", "end"),
                                       ("end", "output")], dtype=text)


def test_neurons_that_differ_are_divided_by_their_thresholds(tmp_path):
    rng = np.random.default_rng(5)
    first, last = dyadic(rng, HIDDEN, INPUTS), dyadic(rng, CLASSES, HIDDEN) + 0.25
    thresholds = np.array([0.5, 1.0, 2.0, 1.0, 0.5, 1.0])
    made = imported(tmp_path, chain(("Linear", {"weight": first}), ("IF", {**IF, "v_threshold": thresholds}),
                                    ("Linear", {"weight": last}), ("IF", {**IF, "v_threshold": 1.0}), inputs=INPUTS))
    events = drawn(rng)
    wanted = neurons(events @ first.T, keep=1.0, gain=1.0, threshold=thresholds, above=False, reset="subtract")
    np.testing.assert_array_equal(passed(made, events)[0][0], wanted)


@pytest.mark.parametrize("reset", ["zero", "subtract-late"])
@pytest.mark.parametrize("reading", [None, "sum"])
def test_a_bias_of_the_readout_is_a_neuron_that_always_fires(tmp_path, reset, reading):
    rng = np.random.default_rng(6)
    first, last, bias = dyadic(rng, HIDDEN, INPUTS), dyadic(rng, CLASSES, HIDDEN), dyadic(rng, CLASSES)
    parts = [("Linear", {"weight": first}), ("LIF", lif(HIDDEN, 0.5, 0.25)), ("Affine", {"weight": last, "bias": bias})]
    if reading:
        parts.append(("LI", {name: value for name, value in lif(CLASSES, 0.5, 1.0).items()
                             if name in ("tau", "r", "v_leak")}))
    made = imported(tmp_path, chain(*parts, inputs=INPUTS), "snntorch", reading=reading, reset=reset)
    events = drawn(rng)
    spikes, answers = passed(made, events)
    assert (spikes[0][..., HIDDEN] == 1.0).all()
    wanted = neurons(events @ first.T, keep=0.5, gain=0.25, threshold=1.0, above=True,
                     reset="late" if reset == "subtract-late" else "zero")
    np.testing.assert_array_equal(spikes[0][..., :HIDDEN], wanted)
    level, total = 0.0, 0.0
    for step in wanted @ last.T + bias:
        level = 0.5 * level + step if reading else step
        total = total + level
    # Answers are integers on a grid of the readout's own; levels are rounded down.
    unit = 2.0 ** -made.facts[-1].fraction_bits
    np.testing.assert_allclose(answers * unit, total, atol=STEPS * STEPS * unit)
    assert any("fires in every step" in line for line in made.warnings)
    assert wanted.any()


def test_what_was_understood_is_told(tmp_path):
    rng = np.random.default_rng(7)
    made = imported(tmp_path, chain(("Linear", {"weight": dyadic(rng, HIDDEN, INPUTS)}), ("LIF", lif(HIDDEN, 0.9, 1.0)),
                                    ("Linear", {"weight": dyadic(rng, CLASSES, HIDDEN)}), ("LIF", lif(
                                        CLASSES, 0.875, 0.5)), inputs=INPUTS), "snntorch")
    first, second, readout = made.facts
    assert (first.node, first.keep, first.keep_used) == ("1", pytest.approx(0.9), 230 / 256)
    assert (second.keep_used, second.gain) == (0.875, pytest.approx((0.5, 0.5)))
    assert (first.reset, first.compare, readout.kind) == ("subtract-late", "above", "readout: most spikes")
    amounts = [layer.neuron.reset_amount / layer.neuron.threshold for layer in made.network.spec.blocks[0].layers]
    assert amounts == pytest.approx([1 / 0.9, 1 / 0.875], rel=1e-3)
    widths = {layer.neuron.membrane_bits for layer in made.network.spec.blocks[0].layers}
    assert widths == {first.membrane_bits}
