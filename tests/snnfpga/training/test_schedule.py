"""Learning rates from batch to batch."""

import pytest

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.config.models import Config
from snnfpga.config.training import TrainingConfig
from snnfpga.training.schedule import check, rate_at


def rates(epochs, **settings):
    training = TrainingConfig(epochs=epochs, rate=1.0, **settings)
    return [rate_at(training, step, 4) for step in range(4 * epochs)]


def test_a_cosine_runs_over_all_epochs():
    found = rates(4)
    assert (found[0], found[8]) == (1, pytest.approx(0.5))
    assert 0 < found[-1] < 0.01
    assert found == sorted(found, reverse=True)


def test_restarts_repeat_the_cosine_of_a_period():
    assert rates(4, schedule="cosine-restarts", period=2) == pytest.approx(2 * rates(2))


def test_constant():
    assert set(rates(3, schedule="constant")) == {1.0}


@pytest.mark.parametrize("training", [{"period": 2}, {"schedule": "cosine-restarts"}])
def test_a_period_and_restarts_come_together(training):
    with pytest.raises(SnnfpgaError) as caught:
        check(Config.model_validate({"training": training}))
    assert (str(caught.value), caught.value.exit_code) == (
        "Config training.schedule must be cosine-restarts where training.period is given, and only there", 2)
