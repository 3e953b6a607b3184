"""From a network on a grid, deep and recurrent, to a build that verify finds equal to the reference as it learns."""

import json

import numpy as np
import pytest

from tests.verbs import call

SETTINGS = ("data.name=grid.npz", "name=grid", "training.epochs=1", "learning.window=2", "hardware.lanes=3",
            "hardware.blocks=[]", "training.batch=8", "network.weight_bits=4", "on_chip.shadow_bits=4")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    spikes = (rng.random((24, 4, 6, 6, 1)) < 0.25).astype(np.uint8)
    np.savez("grid.npz", spikes=spikes, label=np.arange(24) % 3, split=np.array(["train", "test"] * 12))
    return tmp_path


@pytest.mark.parametrize(("architecture", "depth"), [
    ("4C3-P2-5C2P1-6R", 3), pytest.param("4C3-P2-5C2P1-6R", 1, marks=pytest.mark.slow),
    pytest.param("4C3-SP2-7", 2, marks=pytest.mark.slow)])
def test_a_network_of_layers_of_all_kinds_is_what_it_was_specified_to_be(here, capfd, icarus, architecture, depth):
    settings = (*SETTINGS, f"network.architecture={architecture}", f"network.block_depth={depth}")
    code, out, err = call(capfd, "train", *(word for value in settings for word in ("--set", value)), "--json",
                          whole=True)
    assert code == 0, err
    (outlook,) = json.loads(out)["hardware"]["boards"]
    assert outlook["verdict"] == "fits"
    assert outlook["microseconds"]["learn"] > outlook["microseconds"]["run"] > 0
    code, out, err = call(capfd, "build", "runs/grid", "--no-synthesis", "--json")
    assert (code, err) == (0, "")
    cycles = json.loads(out)["cycles"]
    assert 0 < cycles["sample_silent"] < cycles["sample_full"]
    code, out, err = call(capfd, "verify", "--samples", "3", "--simulator", "icarus", "--json")
    assert (code, json.loads(out)["mismatches"]) == (0, 0), err
    assert json.loads(out)["compared"]["weights"] > 0
