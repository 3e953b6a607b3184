from dataclasses import replace

import pytest

from board.build import with_ahead, with_lanes, with_memory, with_reads, with_unroll
from board.folder import default_folder, design_there
from board.plan import BuildPlan, write
from rtl_gen.contract import network_file
from rtl_gen.contract.network import spec_digest
from tests.networks import block, network

OWN = network(block(4, 4, lanes=4, window=2), block(4, 3, lanes=4, window=2))


@pytest.fixture
def made(tmp_path):
    """Makes what a build leaves of a network, in a folder below the test's own."""
    def make(name, built):
        network_file.write(tmp_path / "n.safetensors", built)
        write(BuildPlan(name, {"network": "network.safetensors", "specification": spec_digest(built.spec)}, {
            "network.safetensors": (tmp_path / "n.safetensors").read_bytes()}), tmp_path / name)
    return make


def name_of(parent, asked, own=OWN):
    folder, line = default_folder(parent, own.spec, asked.spec, "pynq-z2")
    assert folder.parent == parent
    return folder.name, line


def test_what_was_asked_for_is_in_the_name(tmp_path):
    assert name_of(tmp_path, OWN) == ("small-pynq-z2", "")
    assert name_of(tmp_path, with_lanes(OWN, 4)) == ("small-pynq-z2", "")
    assert name_of(tmp_path, with_lanes(OWN, 8)) == ("small-pynq-z2-lanes8", "")
    assert name_of(tmp_path, with_reads(OWN, (2,))) == ("small-pynq-z2-reads2", "")
    assert name_of(tmp_path, with_unroll(OWN, True)) == ("small-pynq-z2-unrolled", "")
    assert name_of(tmp_path, with_unroll(with_lanes(OWN, 8), False)) == ("small-pynq-z2-lanes8", "")
    assert name_of(tmp_path, with_ahead(OWN, (0, 9))) == ("small-pynq-z2-ahead0-9", "")
    assert name_of(tmp_path, with_lanes(OWN, (8, 2))) == ("small-pynq-z2-lanes8-2", "")
    assert name_of(tmp_path, with_memory(OWN, ["distributed"])) == ("small-pynq-z2-distributed", "")
    both = with_memory(with_lanes(OWN, 2), ["block", "auto"])
    assert name_of(tmp_path, both) == ("small-pynq-z2-lanes2-block-auto", "")


def test_the_same_design_comes_to_the_same_folder(tmp_path, made):
    made("small-pynq-z2", OWN)
    other_weights = replace(OWN, weights=tuple(tuple(-values for values in of) for of in OWN.weights))
    assert name_of(tmp_path, other_weights) == ("small-pynq-z2", "")


def test_another_design_of_the_name_goes_aside(tmp_path, made):
    made("small-pynq-z2", OWN)
    longer = network(block(4, 4, lanes=4, window=4), block(4, 3, lanes=4, window=4))
    assert name_of(tmp_path, longer, longer) == ("small-pynq-z2-k4", (
        f"{tmp_path}/small-pynq-z2 holds a build of another design, with windows of 2 steps and not 4; this one goes "
        f"to {tmp_path}/small-pynq-z2-k4"))
    made("small-pynq-z2-k4", longer)
    assert name_of(tmp_path, longer, longer)[0] == "small-pynq-z2-k4"
    also_longer = network(block(4, 4, lanes=4, window=4), block(4, 4, lanes=4, window=4))
    name, line = name_of(tmp_path, also_longer, also_longer)
    assert name == f"small-pynq-z2-k4-{spec_digest(also_longer.spec)[:8]}"
    assert line.endswith(f"this one goes to {tmp_path}/{name}")
    wider = with_lanes(OWN, (4, 2))
    assert name_of(tmp_path, wider, wider) == ("small-pynq-z2-lanes4-2", (
        f"{tmp_path}/small-pynq-z2 holds a build of another design, with 4 lanes and not 4, 2; this one goes to "
        f"{tmp_path}/small-pynq-z2-lanes4-2"))


def test_a_build_whose_network_cannot_be_read_is_left_alone_too(tmp_path, made):
    made("small-pynq-z2", OWN)
    (tmp_path / "small-pynq-z2" / "network.safetensors").unlink()
    other = with_lanes(OWN, 2)
    name, line = name_of(tmp_path, other, other)
    assert name == f"small-pynq-z2-{spec_digest(other.spec)[:8]}"
    assert "with another specification" in line


def test_what_is_no_build_is_for_the_writer_to_refuse(tmp_path):
    (tmp_path / "small-pynq-z2").mkdir()
    assert design_there(tmp_path / "small-pynq-z2") is None
    (tmp_path / "small-pynq-z2" / "manifest.json").write_text("mine")
    assert name_of(tmp_path, OWN) == ("small-pynq-z2", "")
