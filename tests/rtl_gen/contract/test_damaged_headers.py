"""Network files whose checksum is right and whose header is not: one line says so, and nothing half is read."""

import copy
import json

import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from rtl_gen.contract import network_file
from tests.networks import network


def set_at(values, path, value):
    *way, last = path
    for key in way:
        values = values[key]
    values[last] = value


LAYER = ("spec", "blocks", 0, "layers", 0)


@pytest.fixture
def damaged(tmp_path):
    """Write a network file with changes in its header, and the checksum that belongs to them."""
    path = tmp_path / "network.safetensors"
    network_file.write(path, network())
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}

    def write(*way, value=None, version=None):
        header = copy.deepcopy(json.loads(metadata["network"]))
        if way:
            set_at(header, way, value)
        text = json.dumps(header, sort_keys=True)
        save_file(tensors, path, metadata={
            **metadata, "network": text, "version": version or metadata["version"],
            "sha256": network_file._digest(text, tensors.items())})
        return path
    return write


def test_an_unchanged_header_is_read(damaged):
    assert network_file.read(damaged()).spec == network().spec


@pytest.mark.parametrize("way", [
    *((*LAYER, part) for part in ("synapses", "weights", "neuron", "surrogate", "update")),
    (*LAYER, "neuron", "kind"), (*LAYER, "neuron", "threshold"), ("spec", "blocks", 0, "readout"),
    ("spec", "blocks", 0, "directives"), ("spec", "blocks", 0, "layers"), ("spec", "name"), ("window_numbers",),
    ("notes",), ("spec",)])
def test_nothing_may_be_null(damaged, way):
    with pytest.raises(network_file.NetworkFileError, match=r"holds no valid network \(.*\); export it again$"):
        network_file.read(damaged(*way, value=None))


@pytest.mark.parametrize(("way", "value"), [
    (("window_numbers",), [True, 1.5]), (("window_numbers",), ["0", "0"]), (("spec", "name"), [1]), (("notes",), "x"),
    ((*LAYER, "neuron", "kind"), "base"), ((*LAYER, "neuron", "kind"), "../lif"), ((*LAYER, "synapses"), [])])
def test_nothing_may_be_of_another_kind(damaged, way, value):
    with pytest.raises(network_file.NetworkFileError, match=r"holds no valid network \(.*\); export it again$"):
        network_file.read(damaged(*way, value=value))


@pytest.mark.parametrize("version", ["0", "01", "5", "²", "9" * 5000, "-1"])
def test_versions_that_there_are_not(damaged, version):
    with pytest.raises(network_file.NetworkFileError, match=r"this snnfpga reads up to 4; install a newer snnfpga$"):
        network_file.read(damaged(version=version))


@pytest.mark.parametrize(("rates", "version"), [
    ([0, 5], "3"), ([0], "3"), ([], "3"), (None, "3"), ("00", "3"), ([0, 1.0], "3"), ([True, 0], "3"), ({}, "3"),
    ([0, -1], "2"), ([0], "1")])
def test_rates_that_are_none(damaged, rates, version):
    with pytest.raises(network_file.NetworkFileError, match=r"holds no valid network \(.*\); export it again$"):
        network_file.read(damaged("rates", value=rates, version=version))


def test_a_file_of_rates_must_hold_them(damaged):
    with pytest.raises(network_file.NetworkFileError, match=r"holds no valid network \('rates'\); export it again$"):
        network_file.read(damaged(version="3"))
