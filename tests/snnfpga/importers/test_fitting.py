"""Grids that are fitted to samples: nearer to the source's spikes, and nothing else changed."""

import numpy as np
import pytest
import torch

from snnfpga.importers.chain import chain_of
from snnfpga.importers.computed import computed
from snnfpga.importers.conventions.base import Said
from snnfpga.importers.conventions.registry import convention_of
from snnfpga.importers.fitting import _currents, _rounded, _spiked
from snnfpga.importers.importing import import_nir
from snnfpga.importers.making import Making
from snnfpga.importers.mapping import _grid, _on_grid
from snnfpga.importers.nir_file import read_graph

from .nir_files import chain, dyadic, lif, write
from .test_conventions import passed

STEPS, SAMPLES, INPUTS, HIDDEN, CLASSES = 10, 60, 12, 20, 3


def drawn(*shape, seed):
    rng = np.random.default_rng(seed)
    return (rng.random((STEPS, SAMPLES, *shape)) < 0.2 + 0.5 * rng.random(shape)).astype(np.uint8)


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A file of random weights, ``a.nir``, and samples to fit it to, ``d.npz``; a recurrent layer and a plain one."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    first = {"weight": rng.normal(size=(HIDDEN, INPUTS)) * 0.5, "bias": rng.normal(size=HIDDEN) * 0.1}
    nodes = chain(("Affine", first), ("LIF", lif(HIDDEN, 0.9, 1.0)),
                  ("Linear", {"weight": rng.normal(size=(CLASSES, HIDDEN)) * 0.4}),
                  ("LIF", lif(CLASSES, 0.75, 1.0)), inputs=INPUTS)
    nodes.append(("own", "Linear", {"weight": rng.normal(size=(HIDDEN, HIDDEN)) * 0.2}))
    edges = [("input", "0"), ("0", "1"), ("1", "own"), ("own", "1"), ("1", "2"), ("2", "3"), ("3", "output")]
    np.savez("d.npz", spikes=drawn(INPUTS, seed=2).swapaxes(0, 1), label=np.arange(SAMPLES) % CLASSES)
    return write(tmp_path / "a.nir", nodes, edges)


def off(made, file, events, **said):
    """Differences of counts on other samples than it was fitted to, as a share of the source's spikes."""
    theirs, _ = computed(chain_of(read_graph(file)[0], convention_of("snntorch"), Said(**said)),
                         torch.from_numpy(events))
    ours = passed(made, events)[0]
    pairs = [(one.sum(0), other.sum(0).numpy()) for one, other in zip(ours, theirs, strict=True)]
    return sum(np.abs(one - other).sum() for one, other in pairs) / sum(other.sum() for _, other in pairs)


def test_counts_come_nearer(saved):
    settings = ("network.weight_bits=5", f"hardware.max_steps={STEPS}")
    plain, fitted = (import_nir(saved, "snntorch", data=data, settings=settings).made for data in (None, "d.npz"))
    events = drawn(INPUTS, seed=3)
    before, after = (off(made, saved, events) for made in (plain, fitted))
    assert 0.02 < after < 0.8 * before


def test_labels_change_nothing(saved):
    # Without one of its own a file's split is drawn class by class.
    held = dict(np.load("d.npz")) | {"split": np.where(np.arange(SAMPLES) % 5, "train", "test")}
    np.savez("d.npz", **held)
    first = import_nir(saved, "snntorch", data="d.npz").made.network
    np.savez("d.npz", **held | {"label": (held["label"] + 1) % CLASSES})
    second = import_nir(saved, "snntorch", data="d.npz").made.network
    for one, other in zip(first.weights[0], second.weights[0], strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_exact_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(4)
    file = write(tmp_path / "b.nir", chain(("Linear", {"weight": dyadic(rng, HIDDEN, INPUTS)}), (
        "LIF", lif(HIDDEN, 0.5, 1.0)), ("Linear", {"weight": dyadic(rng, CLASSES, HIDDEN)}), (
            "LIF", lif(CLASSES, 0.5, 1.0)), inputs=INPUTS), None)
    np.savez("d.npz", spikes=drawn(INPUTS, seed=2).swapaxes(0, 1), label=np.arange(SAMPLES) % CLASSES)
    plain, fitted = (import_nir(file, "snntorch", data=data, settings=("hardware.max_steps=10",)).made for data in (
        None, "d.npz"))
    for one, other in zip(plain.network.weights[0], fitted.network.weights[0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert [facts.weight_error for facts in fitted.facts] == [0.0] * 3


@pytest.mark.parametrize("kind", ["recurrent", "synapse", "conv"])
def test_integers_are_foreseen_as_the_network_has_them(tmp_path, kind):
    """What is compared while grids are tried is what the network will do."""
    rng = np.random.default_rng(5)
    if kind == "conv":
        shape = (2, 4, 4)
        parts = [("Conv2d", {"weight": rng.normal(size=(4, 1, 3, 3)), "bias": np.zeros(4), "stride": 1, "padding": 1,
                             "dilation": 1, "groups": 2}), ("LIF", lif((4, 4, 4), 0.9, 1.0))]
    else:
        shape = (INPUTS,)
        neuron = ("CubaLIF", {**lif(HIDDEN, 0.9, 1.0), "tau_mem": np.full(HIDDEN, 1e-3), "tau_syn": np.full(
            HIDDEN, 2.2e-4), "w_in": np.full(HIDDEN, 2.2)}) if kind == "synapse" else ("LIF", lif(HIDDEN, 0.9, 1.0))
        parts = [("Affine", {"weight": rng.normal(size=(HIDDEN, INPUTS)) * 0.4, "bias": rng.normal(size=HIDDEN) * 0.1}),
                 neuron]
    nodes = chain(*parts, inputs=list(shape), outputs=[4, 4, 4] if kind == "conv" else HIDDEN)
    edges = None
    if kind == "recurrent":
        nodes.append(("own", "Linear", {"weight": rng.normal(size=(HIDDEN, HIDDEN)) * 0.2}))
        edges = [("input", "0"), ("0", "1"), ("1", "own"), ("own", "1"), ("1", "output")]
    file = write(tmp_path / "a.nir", nodes, edges)
    made = Making(shape)
    for stage in chain_of(read_graph(file)[0], convention_of("snntorch"), Said()).stages:
        made.take(stage)
    held, bits = _grid(made.layers[0], 6, None)
    events = drawn(*shape, seed=6)
    rounded = _rounded(held, bits)
    foreseen = _spiked(rounded, _currents(rounded.raw, torch.from_numpy(events).double()))
    network = import_nir(file, "snntorch", settings=("network.weight_bits=6", f"hardware.max_steps={STEPS}")).made
    flat = events.reshape(STEPS, SAMPLES, -1)
    if kind == "conv":
        flat = np.moveaxis(events, 2, -1).reshape(STEPS, SAMPLES, -1)
        foreseen = foreseen.movedim(2, -1)
    np.testing.assert_array_equal(passed(network, flat)[0][0], foreseen.flatten(2).numpy())
    assert _on_grid(made.layers[0], held, bits)[1].weight_error > 0.0
    assert 0.02 < float(foreseen.mean()) < 0.9
