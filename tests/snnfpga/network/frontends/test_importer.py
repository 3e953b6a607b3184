"""An importer is one class and one line of the registry: its weights are taken, put on a grid, run and exported."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.backends.evaluation import measure
from snnfpga.config.models import Config
from snnfpga.config.network import LayerConfig
from snnfpga.data.dataset import Split, assemble
from snnfpga.network.architecture import Architecture, Conv, Given, Layer, Linear, Pool, cut
from snnfpga.network.frontends.registry import FRONT_ENDS, architecture_of, settings_of
from snnfpga.network.inference import evaluate, weights_of
from snnfpga.network.initial import initialise
from snnfpga.network.sweep import over, parse
from snnfpga.training.trainer import Trainer
from tests.verbs import call

SENSOR, STEPS, BATCH, CLASSES = (4, 6, 2), 9, 12, 3
UNIT = 16       # weights are multiples of 1/16, which the grid holds to the bit
SIZES = {"conv": (4, 2, 3, 3), "conv_bias": (4,), "conv_thresholds": (4,), "dense": (7, 4 * 2 * 3), "recurrent": (7, 7),
         "readout": (CLASSES, 7)}


class Scratch:
    """A convolution, a pool, a recurrent layer and a readout from an .npz, laid out as PyTorch has them."""

    def describe(self, config):
        arrays = np.load(config.file)
        conv = Layer(Conv(4, 3), known=LayerConfig(leak=False, bias=True, threshold=1.5, gain=7.0), given=Given(
            weights=arrays["conv"], bias=arrays["conv_bias"],
            thresholds=arrays["conv_thresholds"] if config.learn_threshold else None))
        dense = Layer(Linear(7, recurrent=True), Pool("or", 2), known=LayerConfig(leak_shift=2, reset="zero"), given=(
            Given(weights=arrays["dense"], recurrent=arrays["recurrent"], channels_first=True)))
        return cut(Architecture(((conv, dense),), readout=Given(weights=arrays["readout"])), config)


@pytest.fixture
def arrays(tmp_path, monkeypatch):
    """Weights on multiples of ``1 / UNIT``, in a file that the scratch importer reads."""
    monkeypatch.setitem(FRONT_ENDS, ".scratch", Scratch())       # the one line
    rng = np.random.default_rng(4)
    made = {name: (rng.integers(-2 * UNIT, 2 * UNIT, size) / UNIT).astype(np.float32) for name, size in SIZES.items()}
    made["conv_thresholds"] = (rng.integers(UNIT, 3 * UNIT, 4) / UNIT).astype(np.float32)
    np.savez(tmp_path / "network.scratch.npz", **made)
    (tmp_path / "network.scratch.npz").rename(tmp_path / "network.scratch")
    return made


def config_of(tmp_path, **network):
    return Config.model_validate({"network": {"file": tmp_path / "network.scratch", "headroom": 1.0, **network},
                                  "training": {"epochs": 1, "rate": 1e-9, "batch": 4}})


def drawn_events():
    return (torch.rand(STEPS, BATCH, int(np.prod(SENSOR)), generator=torch.Generator().manual_seed(1)) < 0.3).float()


def in_floats(arrays, events, thresholds):
    """Spikes of both layers and the answers, by PyTorch's own layers on pictures with their channels first."""
    pictures = events.reshape(STEPS, BATCH, *SENSOR).permute(0, 1, 4, 2, 3)
    tensors = {name: torch.from_numpy(values) for name, values in arrays.items()}
    v, u, before, found = 0.0, torch.zeros(BATCH, 7), torch.zeros(BATCH, 7), []
    answers = torch.zeros(BATCH, CLASSES)
    for picture in pictures:
        v = v + functional.conv2d(picture, tensors["conv"], tensors["conv_bias"], padding=1)
        fired = (v >= thresholds).float()
        v = v - fired * thresholds
        below = functional.max_pool2d(fired, 2).flatten(1)
        lost = torch.floor(u * UNIT / 4) / UNIT
        u = u - lost + functional.linear(below, tensors["dense"]) + functional.linear(before, tensors["recurrent"])
        before = (u >= 1.0).float()
        u = u * (1 - before)
        answers += functional.linear(before, tensors["readout"])
        found.append((fired.permute(0, 2, 3, 1).flatten(1), before))
    return [torch.stack(spikes) for spikes in zip(*found, strict=True)], answers


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("depth", ["all", 1])
def test_weights_are_taken_as_they_are(arrays, tmp_path, learned, depth):
    config, events = config_of(tmp_path, block_depth=depth, learn_threshold=learned), drawn_events()
    network = initialise(config, events, CLASSES, SENSOR).export()
    assert [block.depth for block in network.spec.blocks] == ([2] if depth == "all" else [1, 1])
    thresholds = torch.from_numpy(arrays["conv_thresholds"])[:, None, None] if learned else 1.5
    spikes, answers = in_floats(arrays, events, thresholds)
    split = Split(events.transpose(0, 1).numpy().astype(np.uint8), np.arange(BATCH) % CLASSES)
    measured = measure(network, split, "reference", lambda *_: None)
    assert measured.differences.differing == {"spikes": 0, "membranes": 0, "answers": 0, "predictions": 0}
    np.testing.assert_array_equal(measured.predictions, answers.argmax(1).numpy())
    rates = [rate for block in evaluate(network.spec, weights_of(network), split).rates for rate in block]
    assert rates == pytest.approx([float(layer.mean()) for layer in spikes], abs=1e-7)
    assert all(0.05 < rate < 0.9 for rate in rates)


def test_a_trained_network_begins_at_the_given_weights(arrays, tmp_path):
    spikes = drawn_events().transpose(0, 1).numpy().astype(np.uint8)
    data = assemble("made", spikes, np.arange(BATCH) % CLASSES, np.arange(BATCH) < 4, SENSOR, CLASSES)
    trainer = Trainer(config_of(tmp_path, block_depth="all"), data)
    before = trainer.network.export()
    trainer.epoch()
    after = trainer.network.export()
    for first, last in zip((*before.weights[0], *before.readouts), (*after.weights[0], *after.readouts), strict=True):
        np.testing.assert_array_equal(first, last)
    layer, shadow = before.spec.blocks[0].layers[0], before.spec.blocks[0].layers[0].weights.shadow_bits
    wanted = np.concatenate([arrays["conv"].transpose(2, 3, 1, 0).reshape(-1, 4), arrays["conv_bias"][None]])
    np.testing.assert_array_equal((before.weights[0][0] >> shadow) * 2.0 ** -layer.weights.fraction_bits, wanted)
    assert not measure(after, data.test, "reference", lambda *_: None).differences.differing["answers"]


def test_the_command_line_trains_from_the_file(arrays, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    spikes = drawn_events().transpose(0, 1).numpy().astype(np.uint8).reshape(BATCH, STEPS, *SENSOR)
    np.savez("made.npz", spikes=spikes, label=np.arange(BATCH) % CLASSES, split=["train"] * 6 + ["test"] * 6)
    asked = ["data.name=made.npz", "name=made", "network.file=network.scratch", "training.epochs=1"]
    code, out, err = call(capsys, "train", *(word for setting in asked for word in ("--set", setting)))
    assert (code, err) == (0, ""), out
    code, out, err = call(capsys, "evaluate", "runs/made", "--backend", "reference", "--json")
    assert (code, err) == (0, ""), out
    assert json.loads(out)["differences"] == 0
    assert call(capsys, "train", "--resume", "--out", "runs/made")[0] == 0


def test_a_chain_is_swept_over_the_depths_of_blocks(arrays, tmp_path):
    config = config_of(tmp_path)
    cells = parse(["block=1,all"], config, STEPS)
    assert [[len(block) for block in architecture_of(cell.network).blocks] for cell in over(config, cells)] == [
        [1, 1], [2]]
    with pytest.raises(SnnfpgaError) as caught:
        architecture_of(config_of(tmp_path, block_depth=3).network)
    assert str(caught.value) == ("Config network.block_depth must be at most 2, the layers of network.file, not 3; "
                                 "take 2 or fewer, or all")


def test_the_configuration_has_the_last_word_on_a_layer(arrays, tmp_path):
    told = settings_of(config_of(tmp_path, leak_shift=5, threshold=3.0).network)
    assert [(own.leak_shift, own.threshold, own.reset, own.bias, own.gain) for own in told] == [
        (None, 1.5, "subtract", True, 7.0), (2, 3.0, "zero", False, 1.0)]
    own = [{"leak_shift": 4, "bias": False}, {"leak": False, "threshold": 0.5}]
    told = settings_of(config_of(tmp_path, layers=own).network)
    assert [(own.leak_shift, own.threshold, own.bias) for own in told] == [(4, 1.5, False), (None, 0.5, False)]


def test_a_readout_alone_is_no_network(arrays, tmp_path):
    for depth in (1, "all"):
        with pytest.raises(SnnfpgaError) as caught:
            cut(Architecture(((),), readout=READOUT), config_of(tmp_path, block_depth=depth).network)
        assert str(caught.value) == ("Config network.file must describe a layer of neurons at least, and describes a "
                                     "readout alone; add one to it")


GIVEN = Given(weights=np.ones((4, 48)), bias=np.ones(4))
READOUT = Given(weights=np.ones((3, 4)))


def with_bias(given, **layer):
    return Layer(Linear(4, **layer), known=LayerConfig(bias=True), given=given)


@pytest.mark.parametrize(("layer", "readout", "network", "message"), [
    (with_bias(replace(GIVEN, weights=np.ones((48, 4)))), None, {},
     "Layer 0 of the network must be given weights of 4 x 48, not 48 x 4; mend what describes the network"),
    (with_bias(replace(GIVEN, weights=np.full((4, 48), np.nan))), None, {},
     "Layer 0 of the network must be given weights that are finite, and some are NaN or infinite; mend what describes "
     "the network"),
    (with_bias(replace(GIVEN, weights=np.full((4, 48), 1e300))), None, {},
     "Layer 0 of the network must be given weights that are finite, and some are NaN or infinite; mend what describes "
     "the network"),
    (with_bias(replace(GIVEN, weights=np.full((4, 48), 1e30))), None, {},
     "Layer 0 of the network must be given weights of at most 2^16 times its threshold 1, not 1e+30; divide its "
     "weights and biases, or raise network.threshold with them"),
    (with_bias(replace(GIVEN, weights=np.full((4, 48), "1"))), None, {},
     "Layer 0 of the network must be given weights that are real numbers, not of type <U1; mend what describes the "
     "network"),
    (with_bias(replace(GIVEN, weights=np.ones((4, 48), complex))), None, {},
     "Layer 0 of the network must be given weights that are real numbers, not of type complex128; mend what describes "
     "the network"),
    (with_bias(replace(GIVEN, bias=np.full(4, None))), None, {},
     "Layer 0 of the network must be given biases that are real numbers, not of type object; mend what describes the "
     "network"),
    (with_bias(replace(GIVEN, bias=[[1], [2, 3]])), None, {},
     "Layer 0 of the network must be given biases as an array of real numbers, and what is given is none (setting an "
     "array element with a sequence. The requested array has an inhomogeneous shape after 1 dimensions. The detected "
     "shape was (2,) + inhomogeneous part.); mend what describes the network"),
    (with_bias(GIVEN, recurrent=True), None, {},
     "Layer 0 of the network must be given recurrent weights of 4 x 4, not none; mend what describes the network"),
    (with_bias(replace(GIVEN, recurrent=np.ones((4, 4)))), None, {},
     "Layer 0 of the network has recurrent weights given and is not recurrent; leave them out, or make it so"),
    (replace(with_bias(GIVEN), known=LayerConfig()), None, {},
     "Layer 0 of the network has biases given and no bias by its settings; set bias to true for it"),
    (with_bias(replace(GIVEN, thresholds=np.ones(4))), None, {},
     "Layer 0 of the network has a threshold given for each neuron, for which it has no place; set "
     "network.learn_threshold to true, or divide the weights by them"),
    (with_bias(GIVEN), None, {"normalise": "weights"},
     "Layer 0 of the network has weights given, which network.normalise=weights would change; take none"),
    (with_bias(GIVEN), READOUT, {"readout": "fixed"},
     "Readout of block 0 has weights given, for which a fixed readout has no place; take network.readout=learned"),
    (with_bias(GIVEN), replace(READOUT, bias=np.ones(3)), {},
     "Readout of block 0 can be given weights alone, not recurrent ones, biases or thresholds; leave them out"),
    (with_bias(GIVEN), replace(READOUT, weights=np.ones(3)), {},
     "Readout of block 0 must be given weights of 3 x 4, not 3; mend what describes the network"),
])
def test_what_does_not_fit_is_refused(monkeypatch, layer, readout, network, message):
    class Made:
        def describe(self, config):
            return Architecture(((layer,),), readout=readout)

    monkeypatch.setitem(FRONT_ENDS, ".made", Made())
    config = Config.model_validate({"network": {"file": "a.made", **network}})
    with pytest.raises(SnnfpgaError) as caught:
        initialise(config, torch.ones(2, 3, 48), CLASSES, SENSOR)
    assert (str(caught.value), caught.value.exit_code) == (message, 2)


@pytest.mark.parametrize(("network", "message"), [
    ({"file": "a.scratch", "architecture": "8"},
     "Config network must have file, or architecture or blocks, not both; leave one out"),
    ({"file": "a.h5"}, "Config network.file must be of a kind that a front end reads (.safetensors, .scratch), not "
                       "a.h5; give network.architecture or network.blocks in its place"),
    ({"file": "a"}, "Config network.file must be of a kind that a front end reads (.safetensors, .scratch), not a; "
                    "give network.architecture or network.blocks in its place"),
])
def test_a_file_that_nobody_reads(monkeypatch, network, message):
    monkeypatch.setitem(FRONT_ENDS, ".scratch", Scratch())
    with pytest.raises(SnnfpgaError) as caught:
        settings_of(Config.model_validate({"network": network}).network)
    assert (str(caught.value), caught.value.exit_code) == (message, 2)
