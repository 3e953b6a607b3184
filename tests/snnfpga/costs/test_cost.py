import math
from dataclasses import replace

import pytest
import torch

from snnfpga.config.models import Config
from snnfpga.costs.formula import cost
from snnfpga.costs.measure import count
from snnfpga.costs.meter import OperationMeter, operations, through
from snnfpga.learning.formula.activity import activity
from snnfpga.learning.formula.operations import Operations
from snnfpga.learning.formula.rule_formula import NoFormulaError
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch
from snnfpga.network import sparse
from snnfpga.network.initial import initialise

STEPS, BATCH, INPUTS, CLASSES = 11, 6, 10, 3


def made(settings, sensor=(1, INPUTS, 1)):
    config = Config.model_validate(settings)
    generator = torch.Generator().manual_seed(3)
    events = (torch.rand(STEPS, BATCH, math.prod(sensor), generator=generator) < 0.4).to(torch.uint8)
    return config, initialise(config, events.float(), CLASSES, sensor), events


def metered(config, network, events):
    return count(network, config, Batch(events=events, labels=torch.arange(BATCH) % CLASSES, generator=drawing())).cost


def drawing():
    return torch.Generator().manual_seed(9)


def by_formula(config, network, events):
    return cost(config, network.spec.blocks, activity(network, events), drawing())


@pytest.mark.parametrize("network", [
    {"blocks": [[8], [7]]}, {"blocks": [[8, 9], [7]], "bias": True}, {"blocks": [[8, 9, 7]], "readout": "fixed"}])
@pytest.mark.parametrize("learning", [
    {"window": 1}, {"window": 4}, {"window": 11}, {"window": 4, "update_interval": 2}, {"window": 5, "loss_steps": 4},
    {"window": 4, "update_interval": 5}, {"window": 2, "loss_at": "step", "select": "random", "selected_steps": 3},
    {"rule": "bptt"}, {"rule": "bptt-checkpoint"}, {"rule": "bptt-checkpoint", "segment": 3}])
def test_a_run_does_what_the_formula_says(network, learning):
    config, trained, events = made({"network": network, "learning": learning})
    found = metered(config, trained, events)
    assert found == by_formula(config, trained, events)
    assert found.forward.multiplies == 0
    assert (found.backward.accumulates > 0) == (config.learning.update_interval < 5)     # so many windows there are not


@pytest.mark.parametrize("network", [
    {"blocks": [["4C3"], ["P2", "6C3P0G2"], [7]]}, {"blocks": [["SP2", "4C3S2", "6C2"]], "bias": True},
    {"blocks": [["8R"], ["7R", 5]], "surrogate_width": 3}, {"blocks": [["4C3", "GAP"], ["9R"]], "readout": "fixed"},
    {"blocks": [["4C3", "8R"]], "weight_bits": 1}])
@pytest.mark.parametrize("learning", [
    {"window": 1}, {"window": 4}, {"window": 4, "update": "window"}, {"rule": "bptt"}, {"rule": "bptt-checkpoint"},
    {"rule": "ottt"}, {"rule": "otpe"}, {"rule": "s-tllr"}, {"rule": "s-tllr", "traces": {"pre": 0.0}}])
def test_on_grids_and_with_recurrence(network, learning):
    config, trained, events = made({"network": network, "learning": learning}, sensor=(9, 8, 2))
    found = metered(config, trained, events)
    assert found == by_formula(config, trained, events)
    assert found.words > found.update.words > 0


STEP_RULES = [
    {"rule": "sltt"}, {"rule": "ottt"}, {"rule": "otpe"}, {"rule": "s-tllr"}, {"rule": "tess"}, {"rule": "decolle"},
    {"rule": "lls"}, {"rule": "sltt", "select": "random", "selected_steps": 4},
    {"rule": "ottt", "select": "last", "selected_steps": 3, "update": "window"},
    {"rule": "ottt", "traces": {"restart": 4}}, {"rule": "s-tllr", "traces": {"alpha_post": 0.0}},
    {"rule": "tess", "traces": {"pre": 0.0, "alpha_post": 0.5}, "update": "window"},
    {"rule": "decolle", "error_threshold": 0.4}]


@pytest.mark.parametrize("network", [
    {"blocks": [[8], [7]]}, {"blocks": [[8, 9], [7]], "bias": True, "learn_threshold": True, "leak_shift": None},
    {"blocks": [["4C3"], ["P2", "6C3P0G2", "GAP", 7]], "readout": "fixed", "learn_threshold": True},
    {"blocks": [["AP2", "4C3S2", "5C2"], [7]], "weight_bits": 1}])
@pytest.mark.parametrize("learning", STEP_RULES)
def test_rules_that_work_by_steps(network, learning):
    config, trained, events = made({"network": network, "learning": learning}, sensor=(9, 8, 2))
    assert metered(config, trained, events) == by_formula(config, trained, events)


def test_what_has_no_formula():
    for learning, message in (
            ({"rule": "bptt-checkpoint", "skip": 0.5},
             "Formula of rule bptt-checkpoint must have learning.skip 0, not 0.5; go by what was counted"),
            ({"feedback": "sign"},
             "Formula of a rule must have learning.feedback readout, not sign; go by what was counted")):
        config, network, events = made({"learning": learning})
        with pytest.raises(NoFormulaError, match=f"^{message}$"):
            by_formula(config, network, events)


def test_products_that_walk_events_are_counted(monkeypatch):
    monkeypatch.setattr(sparse, "SMALL", 0)
    config, network, events = made({"network": {"blocks": [[8], [7]], "bias": True}})
    wanted, walked = by_formula(config, network, events), []
    monkeypatch.setattr(sparse.Product, "apply", lambda *given: walked.append(given) or given[0] @ given[1])
    assert metered(config, network, events) == wanted
    assert not walked
    RULES["truncated-local"].learn(network, config.learning,
                                   Batch(events=events.float(), labels=torch.arange(BATCH) % CLASSES))
    assert walked


def test_rules_cost_as_they_say():
    """Backward: a block-local step rule has no more than the errors' products; traces take a multiply a synapse."""
    found = {}
    for rule in ("bptt", "truncated-local", "lls", "decolle", "s-tllr"):
        config, network, events = made({"network": {"blocks": [[8], [7]], "readout": "fixed"},
                                        "learning": {"rule": rule}})
        found[rule] = metered(config, network, events)
    # How often the weights are read differs, whole samples or windows or steps at a time; bptt has one readout.
    assert len({replace(cost.forward, weights_read=0) for rule, cost in found.items() if rule != "bptt"}) == 1
    assert found["bptt"].forward.accumulates < found["lls"].forward.accumulates
    assert found["bptt"].forward.words < found["truncated-local"].forward.words < found["lls"].forward.words
    assert found["truncated-local"].backward.multiplies == found["lls"].backward.multiplies == 0
    assert found["bptt"].backward.multiplies == STEPS * BATCH * 8 * 7
    synapses = INPUTS * 8 + 8 * 7
    assert found["decolle"].backward.multiplies == STEPS * BATCH * synapses
    assert found["s-tllr"].backward.multiplies > found["decolle"].backward.multiplies


@pytest.mark.parametrize("network", [
    {"blocks": [[8], [7]], "readout": "fixed"}, {"blocks": [["4C3"], [7]], "readout": "fixed"}])
def test_zeros_that_are_no_spikes_are_multiplied(network):
    """Every error is too small to pass, and every trace is 0 at first."""
    learning = {"rule": "decolle", "error_threshold": 1.0}
    config, trained, events = made({"network": network, "learning": learning}, sensor=(9, 8, 2))
    events[:3] = 0
    synapses = sum(layer.synapses.rows * layer.outputs for block in trained.spec.blocks for layer in block.layers)
    assert metered(config, trained, events).backward.multiplies == STEPS * BATCH * synapses


def test_what_a_product_counts_as():
    spikes, real = torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]), torch.tensor([[0.5, 2.0], [1.5, 0.0]])
    assert operations(spikes, 12) == Operations(accumulates=6, dense=12)
    assert operations(3 * spikes, 12) == Operations(accumulates=18, dense=12)
    assert operations(None, 12) == Operations(multiplies=12, dense=12)
    assert operations(real, 8) == Operations(multiplies=8, dense=8)
    assert through(0.25 * (2 * spikes - 1), 12) == Operations(accumulates=12, dense=12)
    assert through(real, 8) == Operations(multiplies=8, dense=8)


def test_what_a_product_moves():
    """Of 3 samples: through 2 x 5 weights, back through them, their gradient, and back through a fixed matrix."""
    weights, fixed = torch.randn(2, 5), 0.25 * (2.0 * torch.randint(0, 2, (2, 5)) - 1.0)
    below, above = torch.randn(3, 2), torch.randn(3, 5)
    meter = OperationMeter()
    meter.know([weights])
    products = (
        (lambda: below @ weights, Operations(weights_read=10, state_read=6, state_written=15)),
        (lambda: above @ weights.t(), Operations(weights_read=10, state_read=15, state_written=6)),
        (lambda: below.t() @ above, Operations(weights_written=10, state_read=6 + 15)),
        (lambda: above @ fixed.t(), Operations(weights_read=10, state_read=15, state_written=6)),
        # As many samples as the weights have columns: what comes back has their shape.
        (lambda: torch.randn(5, 3) @ fixed[:, :3].t(), Operations(weights_read=6, state_read=15, state_written=10)))
    with meter:
        for product, wanted in products:
            before = meter.cost.forward
            product()
            assert meter.cost.forward == before + replace(wanted, multiplies=30, dense=30)
