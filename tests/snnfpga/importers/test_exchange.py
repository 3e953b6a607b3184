"""Imported networks are networks like any other: evaluated, trained further, written as NIR and read back."""

import json

import numpy as np
import pytest
import torch

import snnfpga
from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network_file import read, write
from snnfpga.config.models import Config
from snnfpga.data.dataset import Split
from snnfpga.importers.computed import passed
from snnfpga.importers.nir_file import read_graph
from snnfpga.importers.nodes import STAGES
from snnfpga.network.inference import batch_passages, weights_of
from snnfpga.network.initial import initialise
from tests.verbs import UNSEARCHED, call

from .nir_files import chain, dyadic, lif, neurons
from .nir_files import write as write_nir

INPUTS, CLASSES = 8, 4


@pytest.fixture
def made(tmp_path, monkeypatch):
    """``mine.npz``, and ``a.nir`` of a network in which each class has two inputs of its own."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    label = np.arange(40) % CLASSES
    rate = 0.05 + 0.5 * (np.arange(INPUTS) // 2 == label[:, None, None])
    np.savez("mine.npz", spikes=(rng.random((40, 6, INPUTS)) < rate).astype(np.uint8), label=label)
    first = dyadic(rng, 5, INPUTS) * 0.7
    weights = np.kron(np.eye(CLASSES), np.ones((1, 2)))
    nodes = chain(("Linear", {"weight": np.concatenate([weights, first])}), ("LIF", lif(9, 0.9, 1.0)),
                  ("Linear", {"weight": np.eye(CLASSES, 9) * 1.1}), ("LIF", lif(CLASSES, 0.9, 1.0)), inputs=INPUTS,
                  outputs=CLASSES)
    return write_nir(tmp_path / "a.nir", nodes, None)


def test_import_evaluate_and_train_on(made, capsys):
    code, out, err = call(capsys, "import", "a.nir", "--from", "snntorch", "--data", "mine.npz", "--json")
    assert (code, err) == (0, ""), out
    told = json.loads(out)
    assert (told["inputs"], told["classes"], told["max_steps"], len(told["layers"])) == (INPUTS, CLASSES, 6, 3)
    code, out, err = call(capsys, "evaluate", "a.safetensors", "--backend", "reference", "--json")
    assert (code, err) == (0, ""), out
    before = json.loads(out)
    assert before["differences"] == 0
    assert before["accuracy"] > 0.6
    code, out, err = call(capsys, "import", "a.nir", "--from", "snntorch")
    assert (code, err) == (2, "snnfpga: File a.safetensors exists and is not replaced unless asked for; name another "
                              "file with --out, or give --overwrite\n")
    code, out, err = call(capsys, "train", "--from", "a.safetensors", "--set", "training.epochs=1", "--set",
                          "training.rate=1e-9", *UNSEARCHED, "--set", "on_chip.centre=false", "--json")
    assert code == 0, err
    imported, trained = read("a.safetensors"), read(json.loads(out)["network"])
    # Nothing was learned at such a rate: all is as the file had it.
    for block, own, weights, others in zip(imported.spec.blocks, trained.spec.blocks, imported.weights, trained.weights,
                                           strict=True):
        assert [layer.neuron for layer in block.layers] == [layer.neuron for layer in own.layers]
        assert [layer.weights for layer in block.layers] == [layer.weights for layer in own.layers]
        for stored, after in zip(weights, others, strict=True):
            np.testing.assert_array_equal(stored, after)
    np.testing.assert_array_equal(imported.readouts[0], trained.readouts[0])


def test_what_the_file_says_of_each_layer_is_not_said_of_all(made, capsys):
    call(capsys, "import", "a.nir", "--from", "snntorch")
    code, _, err = call(capsys, "train", "--from", "a.safetensors", "--set", "data.name=mine.npz", "--set",
                        "network.weight_bits=4")
    assert (code, err) == (2, "snnfpga: Config network.weight_bits is said of each layer by a.safetensors; say it of a "
                              "layer, as in --set network.layers.0.weight_bits=4\n")
    assert call(capsys, "train", "--from", "a.safetensors", "--resume")[0] == 2


@pytest.mark.parametrize("said", [{"reset": "zero"}, {"reset": "subtract-late"}, {"reset": "subtract"}])
def test_what_is_exported_comes_back(made, said):
    first = snnfpga.import_nir("a.nir", "snntorch", **said, on_line=lambda line: None)
    lines = []
    exported = snnfpga.export_nir(first.network, "b.nir", on_line=lines.append)
    assert lines == [f"Warning: the file is approximate: {line}" for line in exported.approximate]
    assert exported.approximate     # it leaks
    back = snnfpga.import_nir("b.nir", "snnfpga", on_line=lambda line: None)
    _same(first.network.values, back.network.values)


def _same(one, other):
    assert [[(layer.neuron, layer.weights, layer.synapses, layer.pool, layer.current) for layer in block.layers]
            for block in one.spec.blocks] == [
        [(layer.neuron, layer.weights, layer.synapses, layer.pool, layer.current) for layer in block.layers]
        for block in other.spec.blocks]
    for stored, after in zip((*one.weights[0], *one.readouts), (*other.weights[0], *other.readouts), strict=True):
        np.testing.assert_array_equal(stored, after)


def test_without_a_leak_and_reset_to_zero_a_file_is_exact(tmp_path, monkeypatch):
    """And half a unit below the threshold a comparison is the same, above or at."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(2)
    nodes = chain(("Affine", {"weight": dyadic(rng, 5, INPUTS), "bias": dyadic(rng, 5)}),
                  ("IF", {"r": 1.0, "v_threshold": 1.0}), ("Linear", {"weight": dyadic(rng, CLASSES, 5)}),
                  inputs=INPUTS, outputs=CLASSES)
    write_nir(tmp_path / "a.nir", nodes, None)
    first = snnfpga.import_nir("a.nir", "spikingjelly", on_line=lambda line: None)
    assert snnfpga.export_nir(first.network, "b.nir").approximate == ()
    for compare in ("above", "reached"):
        back = snnfpga.import_nir("b.nir", "nir", dt=1e-4, reset="zero", compare=compare, on_line=lambda line: None)
        own, other = (net.spec.blocks[0].layers[0] for net in (first.network, back.network))
        # The same membranes fire, which are multiples of ``scale`` on the finer grid.
        scale = 2.0 ** (other.weights.fraction_bits - own.weights.fraction_bits)
        assert (own.neuron.threshold - 1) * scale < other.neuron.threshold <= own.neuron.threshold * scale
    _same(first.network.values, snnfpga.import_nir("b.nir", "snnfpga", on_line=lambda line: None).network.values)


def random(tmp_path, architecture, **network):
    """A network of random weights for a sensor of 4 x 4 x 2, saved as ``n.safetensors``, and its integers."""
    config = Config.model_validate({"network": {"architecture": architecture, "block_depth": "all", **network}})
    torch.manual_seed(0)
    made = initialise(config, torch.ones(4, 2, 32), 3, (4, 4, 2)).export()
    write(tmp_path / "n.safetensors", made)
    return made


@pytest.mark.parametrize("architecture", ["4C3-SP2-6", "4C3-P2-6", "4C3-P2-4C3-P2"])
def test_pools_come_back(tmp_path, architecture):
    made = random(tmp_path, architecture)
    snnfpga.export_nir(tmp_path / "n.safetensors", tmp_path / "n.nir", on_line=lambda line: None)
    _same(made, snnfpga.import_nir(tmp_path / "n.nir", "snnfpga", on_line=lambda line: None).network.values)


@pytest.mark.parametrize("architecture", ["6-6+1-6+2", "4C3-4C3+1-4C3+1-P2-6"])
def test_currents_that_are_added_and_pools_of_any_event_are_exact(tmp_path, architecture):
    """Without a leak and with a reset to zero the graph spikes as the network, edges into a node being added."""
    made = random(tmp_path, architecture, reset="zero", leak_shift=None, threshold=2.0)
    exported = snnfpga.export_nir(tmp_path / "n.safetensors", tmp_path / "n.nir", on_line=lambda line: None)
    assert exported.approximate == ()
    graph, _ = read_graph(tmp_path / "n.nir")
    events = (np.random.default_rng(0).random((8, 5, 2, 4, 4)) < 0.5).astype(np.uint8)
    flat = np.moveaxis(events, 2, -1).reshape(8, 5, -1)
    found = _computed(graph, flat if architecture[0] == "6" else events)
    split = Split(np.ascontiguousarray(flat.swapaxes(0, 1)), np.zeros(5, int))
    for number, spikes in enumerate(next(batch_passages(made.spec, weights_of(made), split))[0].spikes):
        own = found[f"layer{number}.neurons"]
        own = np.moveaxis(own, 2, -1).reshape(8, 5, -1) if own.ndim == 5 else own
        np.testing.assert_array_equal(spikes.numpy(), own)
        assert 0.02 < own.mean() < 0.98
    if not exported.read_back:
        with pytest.raises(SnnfpgaError, match=r"a residual connection, which import does not read back"):
            snnfpga.import_nir(tmp_path / "n.nir", "snnfpga")


def _computed(graph, events):
    """What each node gives out, (T, B, ...), where what comes into a node adds up and neurons forget in a reset."""
    found, left = {"input": events.astype(float)}, dict(graph.nodes)
    while left:
        name = next(name for name in left if all(before in found for before in graph.before(name)) or name == "input")
        node = left.pop(name)
        if name == "input":
            continue
        into = sum(found[before] for before in graph.before(name))
        if node.kind in ("IF", "LIF"):
            found[name] = neurons(into, keep=1.0, gain=1.0, threshold=node.array("v_threshold"), above=True,
                                  reset="zero")
            continue
        stage = STAGES[node.kind](node) if node.kind in STAGES else None
        found[name] = into if stage is None else passed(stage, torch.from_numpy(into)).numpy()
    return found


def test_a_residual_connection_is_written_and_its_file_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    events = (torch.rand(6, 5, INPUTS, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    config = Config.model_validate({"network": {"blocks": [["6", "6+1"]]}, "learning": {"window": 3}})
    write("a.safetensors", initialise(config, events, CLASSES).export())
    exported = snnfpga.export_nir("a.safetensors", "a.nir", on_line=lambda line: None)
    assert not exported.read_back
    with pytest.raises(SnnfpgaError) as caught:
        snnfpga.import_nir("a.nir", "snnfpga")
    assert str(caught.value) == (
        "Node layer1.neurons (LIF) adds currents of layer0.weights to those of layer1.weights, a residual connection, "
        "which import does not read back; go on from the network file that was exported, which every verb takes")
