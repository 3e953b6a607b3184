import pytest
import torch

from snnfpga.config.models import Config
from snnfpga.costs.formula import peak_bytes
from snnfpga.learning.formula.rule_formula import NoFormulaError
from snnfpga.learning.memory import ActivationMeter
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch
from snnfpga.network.initial import initialise

STEPS, BATCH, SENSOR = 6, 16, (16, 16, 2)


NETWORKS = [
    {"blocks": [[256], [128]]},
    {"blocks": [["16C3"], ["P2", "32C3"], ["P2", 64]]},
    {"blocks": [["16C3", "16C3"], ["P2", "32C3P0", 64]], "normalise": "weights"},
    {"blocks": [[512], [256]], "readout": "fixed"}]


@pytest.mark.parametrize("network", [
    *NETWORKS,
    {"blocks": [["16C3", "16C3+1"], ["P2", "32C3P0", 64, "64+1"]], "learn_threshold": True},
    {"blocks": [["AP2", "8C3S2"], ["64R"]], "reset": "zero", "surrogate": "sigmoid"}])
@pytest.mark.parametrize("learning", [{"window": 1}, {"window": 6}, {"rule": "bptt"}])
def test_the_formula_is_what_is_kept(network, learning):
    assert_kept(network, learning)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("learning", [
    {"rule": "sltt"}, {"rule": "ottt"}, {"rule": "otpe"}, {"rule": "s-tllr"}, {"rule": "tess"},
    {"rule": "tess", "traces": {"pre": 0.0, "alpha_post": 0.5}}, {"rule": "decolle"}, {"rule": "lls"}])
def test_of_a_step(network, learning):
    assert_kept(network, learning)


@pytest.mark.parametrize("learning", [
    {"rule": "ottt"}, {"rule": "otpe"}, {"rule": "s-tllr"}, {"rule": "s-tllr", "traces": {"pre": 0.0}}])
def test_of_a_step_with_recurrence(learning):
    assert_kept({"blocks": [["AP2", "8C3S2"], ["256R"]], "surrogate": "sigmoid"}, learning)


def test_what_has_no_formula():
    for learning, found in (({"rule": "bptt-checkpoint"}, "readout and bptt-checkpoint"),
                            ({"feedback": "sign"}, "sign and truncated-local")):
        message = ("Formula of kept bytes must have learning.feedback readout and a rule that carries one, "
                   f"not {found}; go by what was measured")
        with pytest.raises(NoFormulaError, match=f"^{message}$"):
            peak_bytes(Config.model_validate({"learning": learning}), [], STEPS, BATCH)


def assert_kept(network, learning):
    config = Config.model_validate({"network": network, "learning": learning})
    events = (torch.rand(STEPS, BATCH, 512, generator=torch.Generator().manual_seed(1)) < 0.2).to(torch.uint8)
    trained = initialise(config, events.float(), 4, SENSOR)
    with ActivationMeter() as meter:
        RULES[config.learning.rule].learn(trained, config.learning,
                                          Batch(events=events, labels=torch.arange(BATCH) % 4))
    wanted = peak_bytes(config, trained.spec.blocks, STEPS, BATCH)
    assert wanted == pytest.approx(meter.peak_bytes, rel=0.05)
