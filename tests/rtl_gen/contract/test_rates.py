"""Rates in a network and in its files."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open

from board.host import archive
from rtl_gen.contract import network_file
from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.network import RATE_OFF
from tests.networks import network


def header(path):
    """Version and header of a network file."""
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    return metadata["version"], json.loads(metadata["network"])


def test_rates_are_0_where_nobody_gave_them():
    assert network().rates == (0, 0)


@pytest.mark.parametrize(("rates", "line"), [
    ((0, 0, 0), "A network of 2 blocks must have a rate for each, not 3"),
    ((0, 5), "Rate of block 1 must be in 0..3, or 4 for off, not 5"),
    ((-1, 0), "Rate of block 0 must be in 0..3, or 4 for off, not -1"),
    ((True, 0), "Rate of block 0 must be in 0..3, or 4 for off, not True")])
def test_what_are_no_rates_is_refused(rates, line):
    with pytest.raises(SpecError, match=f"^{re.escape(line)}$"):
        replace(network(), rates=rates)


@pytest.mark.parametrize("rates", [(0, 0), (3, 0), (0, RATE_OFF), (1, 2)])
def test_rates_travel_in_both_kinds_of_files(tmp_path, rates):
    wanted = replace(network(), rates=rates)
    network_file.write(tmp_path / "n.safetensors", wanted)
    assert network_file.read(tmp_path / "n.safetensors").rates == rates
    archive.write(tmp_path, wanted)
    assert archive.read(tmp_path).rates == rates


def test_only_a_file_with_rates_is_of_a_version_that_older_readers_refuse(tmp_path):
    """They would pass over the rates in silence, and learn otherwise."""
    path = tmp_path / "n.safetensors"
    network_file.write(path, network())
    version, values = header(path)
    assert (version, "rates" in values) == ("2", False)
    network_file.write(path, replace(network(), rates=(0, 1)))
    version, values = header(path)
    assert (version, values["rates"]) == ("3", [0, 1])


def test_an_older_archive_has_rates_of_0(tmp_path):
    archive.write(tmp_path, replace(network(), rates=(1, 2)))
    with np.load(tmp_path / archive.WEIGHTS_FILE) as file:
        arrays = {name: file[name] for name in file.files if name != "rates"}
    np.savez(tmp_path / archive.WEIGHTS_FILE, **arrays)
    assert archive.read(tmp_path).rates == (0, 0)
