from dataclasses import replace

import numpy as np
import pytest

from rtl_gen.core import Core
from rtl_gen.emit import to_verilog
from rtl_gen.mailbox import MailboxCore
from sim.reference.initial import random_network
from sim.reference.network import Reference
from sim.runner import SimulationError, build
from sim.scenario import Scenario, learning_scenario
from sim.verify import follow, verify
from tests.networks import network_spec

SPEC = network_spec(inputs=6, sizes=(5,), classes=3, lanes=2, window=2, max_steps=4)


def samples(count):
    generator = np.random.default_rng(1)
    return [(generator.random((4, SPEC.inputs)) < 0.4).astype(np.uint8) for _ in range(count)], np.arange(count) % 3


@pytest.fixture(scope="module")
def design(icarus, tmp_path_factory):
    return build(Core(SPEC), build_dir=tmp_path_factory.mktemp("core"), simulator=icarus)


def test_all_that_was_compared_is_counted(icarus, tmp_path):
    found = verify(random_network(SPEC, 1), *samples(4), build_dir=tmp_path, simulator=icarus, every=2)
    assert found.mismatches == 0
    assert (found.simulator, found.samples) == ("icarus", 4)
    weights = SPEC.blocks[0].layers[0].rows * 5 + 5 * 3 + 1 + 1         # a window number and a rate
    halted = 2 * 4 * 5                      # samples, steps, neurons
    assert found.compared["spikes"] == found.compared["membranes"] == halted
    assert found.compared["readouts"] == 4 * (1 + 3) + 2 * 3
    assert found.compared["weights"] == 2 * weights
    assert found.compared["counters"] > 2 * 20
    assert 0 < found.busy_lane_share <= 1
    assert found.cycles > 100


def test_verilog_that_was_emitted_before(icarus, tmp_path):
    text = to_verilog(MailboxCore(SPEC), name="MailboxCore")
    found = verify(random_network(SPEC, 1), *samples(2), build_dir=tmp_path, simulator=icarus,
                   verilog=("MailboxCore", text), learn=False)
    assert found.mismatches == 0
    assert found.changed == (0.0,)


def test_verilog_of_another_network_is_refused(icarus, tmp_path):
    text = to_verilog(Core(replace(SPEC, seed=SPEC.seed + 1)), name="Core")
    with pytest.raises(SimulationError, match=r"Core must be built from specification \w{8} \(test\), not "):
        verify(random_network(SPEC, 1), *samples(1), build_dir=tmp_path, simulator=icarus, verilog=("Core", text))


@pytest.mark.parametrize(("kind", "field"), [("readouts", "answers"), ("membranes", "membranes"), ("spikes", "spikes")])
def test_a_wrong_value_is_found_and_described(design, monkeypatch, kind, field):
    class Wrong(Reference):
        def run(self, *args, **kwargs):
            result = super().run(*args, **kwargs)
            values = getattr(result, field)
            if values is not None:
                first = values[0] if field == "answers" else values[0][0][1]
                first[2] += 1
            return result

    monkeypatch.setattr("sim.verify.Reference", Wrong)
    found = follow(design, learning_scenario(random_network(SPEC, 1), *samples(1), learn=True, stepwise=1))
    assert found.mismatches >= 1
    assert "sample 0" in found.described[0]
    assert "the reference has" in found.described[0]
    assert found.compared[kind] > 0


def test_wrong_weights_and_counters_are_found(design, monkeypatch):
    class Wrong(Reference):
        def network(self):
            network = super().network()
            network.weights[0][0][0, 0] ^= 1
            return network

        @property
        def counters(self):
            return [counters | {"events": counters["events"] + 1} for counters in super().counters]

    monkeypatch.setattr("sim.verify.Reference", Wrong)
    found = follow(design, learning_scenario(random_network(SPEC, 1), *samples(1), learn=True))
    assert found.mismatches == 2
    assert "after 1 samples, block 0, weights at (0, 0)" in found.described[0]
    assert "counter block0.events after 1 samples" in found.described[1]


def test_nothing_to_compare_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Verification must have at least 1 sample, not 0; raise --samples"):
        verify(random_network(SPEC, 1), [], np.zeros(0, np.int64), build_dir=tmp_path)


def test_a_scenario_survives_its_arrays():
    scenario = learning_scenario(random_network(SPEC, 1), *samples(3), learn=True, reload_after=2, duty=0.5,
                                 intrude=True)
    back = Scenario.from_arrays(SPEC, scenario.to_arrays())
    assert back.actions == scenario.actions
    assert (back.duty, back.intrude) == (0.5, True)
    assert all(np.array_equal(a, b) for a, b in zip(back.samples, scenario.samples, strict=True))
