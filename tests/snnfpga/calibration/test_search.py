"""The search repeats itself, keeps what was given by hand, and chooses what its trials say."""

import numpy as np
import pytest

from rtl_gen.contract.network import RATE_OFF
from rtl_gen.contract.synapses.conv import ConvSpec
from rtl_gen.contract.synapses.dense import DenseSpec
from snnfpga.calibration.calibrate import calibrated
from snnfpga.calibration.drifts import DRIFTS
from snnfpga.calibration.rates import shifts_of
from snnfpga.calibration.search import TOLERANCE, Trial, choose
from snnfpga.calibration.words import lines
from snnfpga.config.models import Config
from tests.networks import network_spec
from tests.snnfpga.calibration.trained import a_network, groups


@pytest.fixture(scope="module")
def network():
    return a_network()


def settle(network, on_chip=None, unseen=60):
    config = Config.model_validate({"on_chip": on_chip or {}})
    return calibrated(network, network, "network", groups(120, 2), groups(unseen, 3), config)


def test_the_same_seed_gives_the_same_network(network):
    (one, evidence), (other, again) = settle(network), settle(network)
    assert one.spec == other.spec
    assert evidence.facts() == again.facts()
    assert all((a == b).all() for a, b in zip(one.readouts, other.readouts, strict=True))
    assert one.rates == (1,)
    assert evidence.found.chosen in evidence.found.trials


@pytest.mark.parametrize("synapses", [ConvSpec(height=4, width=3, channels=1, filters=8, kernel=3, padding=1),
                                      DenseSpec(inputs=12, outputs=16, recurrent=True)])
def test_convolutions_and_recurrent_layers_are_calibrated(synapses):
    settled, evidence = settle(a_network(synapses))
    assert evidence.found.accuracy > 0.9
    assert evidence.found.chosen.keeps
    assert evidence.found.chosen.recovery > 0
    assert settled.rates == (1,)
    assert shifts_of(settled)[0] != shifts_of(a_network(synapses))[0]


def test_what_was_given_by_hand_stays(network):
    for on_chip, found in (({"rate_shift": 5}, lambda spec: spec.blocks[0].layers[0].update.rate_shift),
                           ({"readout_rate_shift": 6}, lambda spec: spec.blocks[0].readout.rate_shift)):
        (name, value), = on_chip.items()
        spec = network_spec(rounding="stochastic", max_steps=8, **{"rate_shift": 8, "readout_rate_shift": 3} | on_chip)
        given = type(network)(spec, network.weights, network.readouts, network.window_numbers)
        settled, _ = settle(given, on_chip)
        assert found(settled.spec) + settled.rates[0] == value, name
    settled, evidence = settle(network, {"rate_shift": 8, "readout_rate_shift": 3, "dead_zone": 24, "logit_shift": 2})
    assert evidence.found is None
    assert settled.spec.blocks[0].readout.dead_zone == 24
    assert shifts_of(settled)[0].layers == (8 - settled.rates[0],)


def test_a_shift_of_0_by_hand_is_had(network):
    """There is none below it that hardware could be built with."""
    spec = network_spec(rounding="stochastic", rate_shift=0, readout_rate_shift=3, max_steps=8)
    given = type(network)(spec, network.weights, network.readouts, network.window_numbers)
    settled, _ = settle(given, {"rate_shift": 0, "readout_rate_shift": 3})
    assert (settled.rates, shifts_of(settled)[0].layers, shifts_of(settled)[0].readout) == ((0,), (0,), 3)


def test_too_few_samples_are_said(network):
    settled, evidence = settle(network, unseen=8)
    assert "too few to calibrate" in "".join(lines(evidence))
    assert shifts_of(settled)[0].layers == (7,)


def trial(by, loss, won):
    return Trial(by, 1, 24, loss, {"pairs swapped": won}, 0.0)


def test_of_those_that_keep_the_one_that_wins_most_back_is_chosen():
    keeps, wins, loses = trial(2, 0.1, 0.4), trial(1, TOLERANCE, 0.6), trial(0, 0.6, 0.9)
    assert choose([keeps, wins, loses]) is wins
    assert choose([trial(3, 2.0, 0.1), loses]) is loses
    assert choose([trial(3, 0, 0.54), faster := trial(1, 0, 0.5)]) is faster
    assert choose([trial(1, 0, 0.5), better := trial(1, 0, 0.54)]) is better


def test_drifts_change_what_they_say():
    spikes = groups(20, 0).spikes
    for name, drift in DRIFTS.items():
        found = drift(spikes, 0.4, np.random.default_rng(0))
        assert found.shape == spikes.shape
        assert (found != spikes).any(), name
        assert found.max() == 1
    assert not DRIFTS["inputs dead"](spikes, 1.0, np.random.default_rng(0)).any()
    swapped = DRIFTS["pairs swapped"](spikes, 1.0, np.random.default_rng(0))
    assert swapped.sum() == spikes.sum()
    assert (DRIFTS["events added"](spikes, 0.4, np.random.default_rng(0)) >= spikes).all()


def test_a_block_that_is_off_stays_off_in_every_schedule():
    from board.host.schedule import SCHEDULES, Schedule

    for name in SCHEDULES:
        schedule = Schedule(name, (RATE_OFF, 1), 8, 0.0)
        for _ in range(8):
            assert schedule.rates(0)[0] == RATE_OFF
            schedule.answered(0, False)
