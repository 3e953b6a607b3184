"""A sample without a label is answered and not learned from, by the hardware as by the reference."""

from dataclasses import replace

import numpy as np
import pytest

from rtl_gen.contract.checks import SpecError
from rtl_gen.contract.limits import check_hardware, check_learning
from rtl_gen.contract.network import spec_digest
from rtl_gen.contract.spec import NetworkSpec
from sim.verify import verify
from snnfpga.backends.learn import learn
from snnfpga.data.dataset import Split
from tests.networks import network, samples

LABELS = np.array([1, -1, 2])


@pytest.fixture
def split():
    return Split(samples(network().spec, 3)[0], LABELS)


def test_the_hardware_learns_from_the_others_alone(split, tmp_path, monkeypatch, icarus):
    monkeypatch.chdir(tmp_path)
    found = learn(network(), split, "rtl", lambda done=1: None, icarus)
    assert found.differences.total == 0
    others = learn(network(), split.select(LABELS >= 0), "reference", lambda done=1: None)
    for now, then in zip(found.network.weights, others.network.weights, strict=True):
        np.testing.assert_array_equal(now[0], then[0])
    assert found.network.window_numbers == others.network.window_numbers


def test_verification_takes_samples_without_a_label(split, tmp_path, icarus):
    found = verify(network(), list(split.spikes), LABELS, build_dir=tmp_path, simulator=icarus)
    assert (found.samples, found.mismatches) == (3, 0)


def test_the_answer_of_the_last_window_has_hardware_and_leaves_other_files_as_they_were():
    spec = network().spec
    assert "answer" not in spec.to_dict()["blocks"][0]["readout"]
    last = replace(spec, blocks=tuple(replace(block, readout=replace(block.readout, answer="last"))
                                      for block in spec.blocks))
    assert NetworkSpec.from_dict(last.to_dict()) == last
    assert spec_digest(last) != spec_digest(spec)
    check_learning(last)
    check_hardware(last)
    with pytest.raises(SpecError, match=r"^Answer must be one of all, last, not 'first'$"):
        replace(spec.blocks[0].readout, answer="first")
