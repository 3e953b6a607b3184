"""Training goes on from a network file at the integers that the file has."""

import numpy as np
import pytest
import torch

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network_file import write
from snnfpga.config.models import Config
from snnfpga.network.frontends.network_file import settings_in
from snnfpga.network.initial import initialise

SENSOR, CLASSES, STEPS = (6, 6, 2), 3, 6


def described(network, **layers):
    return Config.model_validate({"network": network, "learning": {"window": 3}, **layers})


@pytest.mark.parametrize("network", [
    {"blocks": [["8R"], ["6", "6+1"]], "bias": True,
     "layers": [{"keep": 0.9, "neuron": "lif_shifts"}, {}, {"leak": False}]},
    {"architecture": "4C3-P2-5C3P0-GAP-7", "bias": True, "block_depth": "all"},
    {"architecture": "4C3S2G2-AP2-6R", "bias": True, "block_depth": 1, "learn_threshold": True, "current_keep": 0.5},
    {"architecture": "5", "weight_bits": 1, "reset": "zero"},
    {"architecture": "5", "readout_leak_shift": 2, "reading": "maximum", "reset_amount": 1.25},
], ids=["residual", "means", "thresholds", "signs", "levels"])
def test_integers_are_those_of_the_file(tmp_path, network):
    events = (torch.rand(STEPS, 5, 72, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    learning = {"hardware": {"learning": network.get("readout_leak_shift") is None}}
    first = initialise(described(network, **learning), events, CLASSES, SENSOR).export()
    file = tmp_path / "a.safetensors"
    write(file, first)
    config = described({"file": str(file), "block_depth": "file", **settings_in(first.spec),
                        "readout_bits": first.spec.blocks[-1].readout.weight_bits}, **learning)
    again = initialise(config, events, CLASSES, SENSOR).export()
    assert again.spec.blocks == first.spec.blocks
    for weights, others in zip(first.weights, again.weights, strict=True):
        for stored, after in zip(weights, others, strict=True):
            np.testing.assert_array_equal(stored, after)
    for stored, after in zip(first.readouts, again.readouts, strict=True):
        np.testing.assert_array_equal(stored, after)


def test_what_a_file_and_a_configuration_say_together(tmp_path):
    events = torch.ones(STEPS, 2, 72)
    file = tmp_path / "a.safetensors"
    write(file, initialise(described({"architecture": "5", "readout": "fixed"}), events, CLASSES, SENSOR).export())
    with pytest.raises(SnnfpgaError) as caught:
        initialise(described({"file": str(file)}), events, CLASSES, SENSOR)
    assert str(caught.value) == ("Network digits has fixed readouts, and training goes on from learned ones alone; "
                                 "train "
                                 "it anew with its own configuration")
    learning = {"hardware": {"learning": False}}
    write(file, initialise(described({"architecture": "5", "readout_leak_shift": 2}, **learning), events, CLASSES,
                           SENSOR).export())
    with pytest.raises(SnnfpgaError) as caught:
        initialise(described({"file": str(file)}), events, CLASSES, SENSOR)
    assert str(caught.value) == (f"Config network.readout_leak_shift must be 2, as {file} has it, not None; start "
                                 f"with: "
                                 f"snnfpga train --from {file}, or set it")
    with pytest.raises(SnnfpgaError) as caught:
        initialise(described({"architecture": "5", "block_depth": "file"}), events, CLASSES, SENSOR)
    assert str(caught.value) == ("Config network.block_depth=file keeps the blocks of network.file, and there is none; "
                                 "take a number, or all")
