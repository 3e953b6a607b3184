"""Nine files of four frameworks, beside every spike that these computed; the files lie where --data-root says."""

import numpy as np
import pytest
import torch
from torch.nn import functional

import snnfpga
from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.importers.conventions.base import Said
from snnfpga.importers.importing import import_nir
from snnfpga.importers.recorded import Check, LayerCheck, compared, read_recorded
from snnfpga.importers.verdict import judged

from .nir_files import chain, dyadic, lif, neurons, write

# By how much of its spikes a layer's counts are off with weights of 16 bits, and all layers' together.
FILES = {
    "snntorch_mlp": ("snntorch", {}, 0.003), "snntorch_mlp_zero": ("snntorch", {"reset": "zero"}, 0.003),
    "snntorch_conv": ("snntorch", {}, 0.01), "norse_mlp": ("norse", {}, 0.003), "norse_li": ("norse", {}, 0.003),
    "spikingjelly_mlp": ("spikingjelly", {}, 0.003), "spikingjelly_conv_if": ("spikingjelly", {}, 0.003),
    "sinabs_mlp_iaf": ("sinabs", {}, 0.003), "sinabs_mlp_lif": ("sinabs", {}, 0.025),
}


@pytest.mark.parametrize("name", FILES)
def test_counts_are_those_of_the_source(data_root, name):
    folder = data_root / "nir"
    if not folder.is_dir():
        pytest.skip(f"no files of NIR in {folder}")
    source, said, most = FILES[name]
    made = import_nir(folder / f"{name}.nir", source, Said(**said), reading="sum" if name == "norse_li" else None,
                      settings=("network.weight_bits=16", "hardware.max_steps=16")).made
    found = compared(made.network, made.sources, read_recorded(folder / f"{name}.npz"))
    spikes = sum(layer.spikes for layer in found.layers)
    assert spikes > 1000
    assert sum(layer.count_error * layer.spikes for layer in found.layers) <= most * spikes
    assert found.same_predictions >= 99


@pytest.fixture
def small(tmp_path):
    """A network of 5 inputs, 4 and 3 neurons, and what it computes with 6 samples of 7 steps."""
    rng = np.random.default_rng(0)
    first, second = dyadic(rng, 4, 5), dyadic(rng, 3, 4) + 0.5
    file = write(tmp_path / "a.nir", chain(("Linear", {"weight": first}), ("LIF", lif(4, 0.5, 1.0)),
                                           ("Linear", {"weight": second}), ("LIF", lif(3, 0.5, 1.0)), inputs=5), None)
    events = (rng.random((7, 6, 5)) < 0.5).astype(np.uint8)
    kind = {"keep": 0.5, "gain": 1.0, "threshold": 1.0, "above": True, "reset": "late"}
    hidden = neurons(events @ first.T, **kind)
    last = neurons(hidden @ second.T, **kind)
    fields = {"steps": 7, "samples": 6, "input_shape": np.array([5]), "inputs_packed": np.packbits(events, -1),
              "predictions": last.sum(0).argmax(1), "labels": last.sum(0).argmax(1)}
    for index, spikes in enumerate((hidden, last)):
        fields[f"layer{index}_counts"] = spikes.sum(0)
        fields[f"layer{index}_spikes_packed"] = np.packbits(spikes.astype(np.uint8), -1)
    return import_nir(file, "snntorch", settings=("network.weight_bits=16",)).made, fields


def test_every_spike_is_compared(small, tmp_path):
    made, fields = small
    np.savez(tmp_path / "r.npz", **fields)
    found = compared(made.network, made.sources, read_recorded(tmp_path / "r.npz"))
    assert [(layer.differing, layer.count_error) for layer in found.layers] == [(0, 0.0)] * 2
    assert (found.same_predictions, found.accuracy) == (6, 1.0)
    spoilt = np.unpackbits(fields["layer0_spikes_packed"], axis=-1)
    spoilt[0, 0, 0] ^= 1
    np.savez(tmp_path / "r.npz", **fields | {"layer0_spikes_packed": np.packbits(spoilt, -1), "layer0_counts": spoilt[
        ..., :4].sum(0)})
    found = compared(made.network, made.sources, read_recorded(tmp_path / "r.npz"))
    assert [layer.differing for layer in found.layers] == [1, 0]
    assert found.layers[0].count_error == pytest.approx(1 / found.layers[0].spikes)


@pytest.mark.parametrize(("change", "message"), [
    ({"input_shape": np.array([6])}, "Samples of {} must have 5 inputs, not 6; record those of this network"),
    ({"inputs_packed": np.zeros((7, 6, 2), np.uint8)},
     "inputs_packed of {} must be uint8 of 7 x 6 x 1, not uint8 of 7 x 6 x 2; record it again"),
    ({"layer1_counts": np.zeros((6, 3), np.int64)},
     "layer1_counts of {} must be the sums of its spikes, and are not; record it again"),
    ({"steps": None}, "File {} of recorded spikes must have steps, and has "),
    *(({"input_shape": shape}, "input_shape of {} must be whole numbers of at least 1, (inputs) or (channels, rows, "
       f"columns), not {said}; record it again") for shape, said in [
           (np.array([np.nan]), "[nan]"), (np.array([5.7]), "[5.7]"), (np.array("5"), "['5']"),
           (np.array([-1, -5, 1]), "[-1, -5, 1]"), (np.array([1, 5]), "[1, 5]"), (np.zeros(0, int), "[]")]),
    ({"samples": 0, "inputs_packed": np.zeros((7, 0, 1), np.uint8)},
     "samples of {} must be a whole number of at least 1; record it again"),
    ({"steps": 0, "inputs_packed": np.zeros((0, 6, 1), np.uint8)},
     "steps of {} must be a whole number of at least 1; record it again"),
    ({"steps": 7.0}, "steps of {} must be a whole number of at least 1; record it again"),
    ({"layer0_spikes_multi": np.float32(1.0)},
     "layer0_spikes_multi of {} must be whole numbers of 7 x 6 x 4, not float32 of no axes; record those of this "
     "network"),
])
def test_what_was_recorded_otherwise(small, tmp_path, change, message):
    made, fields = small
    np.savez(tmp_path / "r.npz", **{name: value for name, value in (fields | change).items() if value is not None})
    with pytest.raises(SnnfpgaError) as caught:
        compared(made.network, made.sources, read_recorded(tmp_path / "r.npz"))
    assert str(caught.value).startswith(message.format(tmp_path / "r.npz"))


def layer(spikes, own, off, number=0):
    return LayerCheck(layer=number, node=str(number), differing=off, spikes=spikes, own_spikes=own,
                      count_error=off / max(1, spikes), counts_off=off)


@pytest.mark.parametrize(("last", "same", "fits", "line"), [
    (layer(1750, 1755, 5, 2), 100, True, ""),
    (layer(1750, 1755, 180, 2), 90, True, ""),
    (layer(3, 12, 9, 2), 100, True, ""),
    (layer(3, 15, 12, 2), 100, False,
     "Counts of spikes of node 2 are off by 12, where 3 were recorded and 15 are here"),
    (layer(0, 1755, 1755, 2), 50, False,
     "Counts of spikes of node 2 are off by 1755, where none were recorded and 1755 are here; were other"),
    (layer(1755, 0, 1755, 2), 100, False,
     "Counts of spikes of node 2 are off by 1755, where 1755 were recorded and none are here; were other"),
    (layer(50000, 50000, 50000, 2), 100, False,
     "Counts of spikes are off by 14.39 % of the 350000 that were recorded; were other"),
    (layer(1750, 1755, 5, 2), 50, True,
     "50 of 100 samples have the class that the source predicted; is the readout the source's"),
])
def test_a_wrong_layer_is_not_hidden_by_the_spikes_of_others(last, same, fits, line):
    layers = (layer(300000, 300000, 380), last)
    spikes = sum(one.spikes for one in layers)
    found = judged(Check(samples=100, same_predictions=same, accuracy=None, source_accuracy=None, layers=layers,
                         off=sum(one.counts_off for one in layers) / spikes))
    assert (found.fits, found.line[:len(line) or None]) == (fits, line)


def deep(rng, reset):
    """A convolution, a SumPool2d whose IF any event makes fire, and two layers of 6 neurons, with what they compute."""
    kernel, second, third = dyadic(rng, 2, 1, 3, 3), dyadic(rng, 6, 8), dyadic(rng, 6, 6) + 0.25
    parts = (("Conv2d", {"weight": kernel, "bias": np.zeros(2), "stride": 1, "padding": 1, "dilation": 1, "groups": 1}),
             ("IF", {"v_threshold": 1.0, "r": 1.0}),
             ("SumPool2d", {"kernel_size": 2, "stride": 2, "padding": 0}), ("IF", {"v_threshold": 1.0, "r": 1.0}),
             ("Flatten", {"input_type": np.array([2, 2, 2]), "start_dim": 0, "end_dim": -1}),
             ("Linear", {"weight": second}), ("LIF", lif(6, 0.5, 1.0)),
             ("Linear", {"weight": third}), ("LIF", lif(6, 0.5, 1.0)))
    events = (rng.random((5, 4, 1, 4, 4)) < 0.5).astype(np.uint8)
    kind = {"gain": 1.0, "threshold": 1.0, "above": False, "reset": "zero"}
    currents = functional.conv2d(torch.from_numpy(events.reshape(-1, 1, 4, 4)).double(), torch.from_numpy(
        kernel).double(), padding=1).numpy().reshape(5, 4, -1)
    found = [neurons(currents, keep=1.0, **kind)]
    found.append(found[0].reshape(5, 4, 2, 2, 2, 2, 2).max((4, 6)).reshape(5, 4, 8))
    for weight in (second, third):
        found.append(neurons(found[-1] @ weight.T, keep=0.5, **kind))
    fields = {"steps": 5, "samples": 4, "input_shape": np.array([1, 4, 4]),
              "inputs_packed": np.packbits(events.reshape(5, 4, -1), -1), "predictions": found[-1].sum(0).argmax(1)}
    return parts, fields, found


def recording(path, fields, layers):
    """``layers`` are (number, name or None, spikes)."""
    more = {}
    for number, name, spikes in layers:
        more |= {f"layer{number}_counts": spikes.sum(0), f"layer{number}_spikes_packed": np.packbits(
            spikes.astype(np.uint8), -1)} | ({} if name is None else {f"layer{number}_name": name})
    np.savez(path, **fields, **more)


def test_layers_are_matched_by_name_or_by_size_and_what_was_not_compared_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parts, fields, (first, pooled, second, third) = deep(np.random.default_rng(3), "zero")
    write("a.nir", chain(*parts, inputs=[1, 4, 4], outputs=6), None)

    def checked(*layers):
        recording("r.npz", fields, layers)
        lines = []
        found = snnfpga.import_nir("a.nir", "spikingjelly", gain=1.0, check="r.npz", on_line=lines.append, settings={
            "network.weight_bits": 16}).check
        assert [layer.counts_off for layer in found.layers] == [0] * len(found.layers)
        assert all(layer.spikes for layer in found.layers)
        return [layer.node for layer in found.layers], [line for line in lines if "not compared" in line]

    said = "Warning: not compared with r.npz: "
    pool = "node 3, of 8 neurons, which are a pooling here"
    whole = ((0, None, first), (1, None, pooled), (2, None, second), (3, None, third))
    assert checked(*whole) == (["1", "6", "8"], [said + pool])
    # The pooling's neurons left out, the layers behind it are found by their sizes.
    assert checked((0, None, first), (1, None, second), (2, None, third)) == (["1", "6", "8"], [said + pool])
    assert checked((0, None, first), (3, None, third)) == (
        ["1", "8"], [f"{said}{pool}; node 6, of 6 neurons, which were not recorded"])
    assert checked((0, "8", third), (5, "1", first)) == (
        ["8", "1"], [f"{said}{pool}; node 6, of 6 neurons, which were not recorded"])
    assert checked(*whole, (4, None, first[..., :5])) == (
        ["1", "6", "8"], [f"{said}recorded layer 4, of 5 neurons, which are none of the source's; {pool}"])
    other = "Layers of r.npz, of {} neurons, must be those of the source in their order, 32, 8, 6, 6, and fit in {}"
    for layers, message in (
            (((0, None, third),), other.format("6", "more than one way; say each one's node by layerK_name")),
            (((0, None, first), (1, None, first)), other.format("32, 32", "no way; record those of this network")),
            (((0, "7", third),), "layer0_name of r.npz must be one of 1, 3, 6, 8, not '7'; record the names of the "
                                 "file's nodes"),
            (((0, "1", third),), "layer0_counts of r.npz must be of the 32 neurons of node 1, not of 6; record those "
                                 "of this network"),
            (((0, "8", third), (1, "8", third)), "File r.npz must have layer0_name, of its own, as other layers have; "
                                                 "record it again"),
            (((0, "3", pooled),), "File r.npz must hold a layer of neurons that there is here, and none was compared: "
                                  "node 1, of 32 neurons, which were not recorded; ")):
        with pytest.raises(SnnfpgaError) as caught:
            checked(*layers)
        assert str(caught.value).startswith(message)
