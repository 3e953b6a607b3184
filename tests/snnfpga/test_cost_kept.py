import pytest
import torch

from snnfpga.config import Config
from snnfpga.cost.kept import peak_bytes
from snnfpga.learning.memory import ActivationMeter
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch
from snnfpga.network.network import initialise

STEPS, BATCH, SENSOR = 6, 16, (16, 16, 2)


@pytest.mark.parametrize("network", [
    {"blocks": [[256], [128]]},
    {"blocks": [["16C3"], ["P2", "32C3"], ["P2", 64]]},
    {"blocks": [["16C3", "16C3"], ["P2", "32C3P0", 64]], "normalise": "weights"},
    {"blocks": [["16C3", "16C3+1"], ["P2", "32C3P0", 64, "64+1"]], "learn_threshold": True},
    {"blocks": [["AP2", "8C3S2"], ["64R"]], "reset": "zero", "surrogate": "sigmoid"}])
@pytest.mark.parametrize("learning", [{"window": 2}, {"window": 6}, {"rule": "bptt"}])
def test_the_formula_is_what_is_kept(network, learning):
    config = Config.model_validate({"network": network, "learning": learning})
    events = (torch.rand(STEPS, BATCH, 512, generator=torch.Generator().manual_seed(1)) < 0.2).to(torch.uint8)
    trained = initialise(config, events.float(), 4, SENSOR)
    with ActivationMeter() as meter:
        RULES[config.learning.rule].learn(trained, config.learning,
                                          Batch(events=events, labels=torch.arange(BATCH) % 4))
    wanted = peak_bytes(config, trained.spec.blocks, STEPS, BATCH)
    assert wanted == pytest.approx(meter.peak_bytes, rel=0.05)
