"""Rules that learn step by step against naive sums over time, in float64, to 1e-12 of the largest gradient."""

from itertools import pairwise

import pytest
import torch
from torch.nn import functional

from snnfpga.config.learning import LearningConfig
from snnfpga.learning.registry import RULES
from snnfpga.learning.rule import Batch
from snnfpga.learning.select import selected
from snnfpga.learning.traces import Traces
from snnfpga.network.neuron import integrate
from snnfpga.network.surrogates import area_of, gates
from snnfpga.network.window import Flows, layer_rest, layer_run
from tests.snnfpga.learning.test_identities import (
    BATCH,
    CLASSES,
    STEPS,
    STEPWISE,
    assert_different,
    assert_equal,
    drawn,
    gradients,
    left_on,
)


def errors(logits, labels, least=0.0):
    """Of the cross entropy, (B, classes); those of at most ``least`` are none."""
    found = functional.softmax(logits, 1) - functional.one_hot(labels, CLASSES)
    return torch.where(found.abs() <= least, 0.0, found) / BATCH


def naive(network, events, labels, factors, chosen=range(STEPS), least=0.0):
    """Gradients of blocks of one layer, each by its own readout: at each step sums over all steps before it."""
    passing = events.double()
    for spec, block, weights in zip(network.spec.blocks, network.blocks, network.integers(), strict=True):
        (layer,), (matrix,), scale = spec.layers, weights.layers, block.logit_scale
        spikes, charged = (found.detach() for found in layer_run(
            layer, matrix, passing, layer_rest(layer, BATCH, matrix), Flows(frozenset())))
        psi = gates(charged, layer.neuron.threshold, layer.surrogate).double() / area_of(layer.surrogate)
        peak = gates(torch.tensor(float(layer.neuron.threshold)), layer.neuron.threshold, layer.surrogate)
        traced = psi if factors.post_of == "surrogate" else spikes * peak / area_of(layer.surrogate)
        inputs = torch.cat([passing, torch.ones(STEPS, BATCH, 1)], 2) if layer.weights.bias else passing
        readout, logits = weights.readout.detach(), 0.0
        to_layer, to_readout = torch.zeros_like(matrix), torch.zeros_like(readout)
        for t in range(STEPS):
            logits = logits + spikes[t] @ readout
            error = errors(logits * scale, labels, least) * scale
            if t in chosen:
                pre = sum(factors.pre ** (t - past) * inputs[past] for past in range(t + 1))
                post = sum(factors.post ** (t - past) * traced[past] for past in range(t))
                signal = error @ readout.t()
                to_layer += factors.alpha_pre * pre.t() @ (signal * psi[t])
                to_layer += factors.alpha_post * inputs[t].t() @ (signal * post)
                to_readout += spikes[t].t() @ error
        matrix.backward(to_layer)
        weights.readout.backward(to_readout)
        passing = spikes
    return left_on(network)


LEAK = 1 - 2.0 ** -3
PAPERS = {"s-tllr": Traces(pre=0.75, post=0.2, alpha_pre=1.0, alpha_post=-1.0), "tess": Traces(pre=0.5, post=0.2),
          "decolle": Traces(pre=LEAK), "ottt": Traces(pre=LEAK), "sltt": Traces(), "lls": Traces()}
OWN = {"pre": 0.9, "post": 0.6, "alpha_pre": 0.7, "alpha_post": 1.3}
ONE, TWO = [[8]], [[8], [7]]        # of two blocks each has a signal of its own


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("rule", "blocks"), [("s-tllr", ONE), ("tess", TWO), ("decolle", TWO), ("ottt", ONE),
                                              ("sltt", ONE), ("lls", TWO)])
def test_the_papers_factors(rule, blocks, bias):
    case = {"blocks": blocks, "bias": bias, "learning": STEPWISE}
    assert_equal(gradients(rule, **case), naive(*drawn(rule, **case)[1:], PAPERS[rule]))


@pytest.mark.parametrize(("rule", "blocks"), [("s-tllr", ONE), ("tess", TWO)])
@pytest.mark.parametrize("changed", [OWN, OWN | {"alpha_pre": 0.0}, OWN | {"post_of": "spikes"}])
def test_factors_of_ones_own(rule, blocks, changed):
    case = {"blocks": blocks, "bias": True, "learning": STEPWISE | {"traces": changed}}
    assert_equal(gradients(rule, **case), naive(*drawn(rule, **case)[1:], Traces(**changed)))


@pytest.mark.parametrize(("rule", "blocks"), [("sltt", ONE), ("s-tllr", ONE), ("tess", TWO)])
@pytest.mark.parametrize("select", ["last", "random"])
def test_chosen_steps_alone_are_learned_from(rule, blocks, select):
    learning = STEPWISE | {"select": select, "selected_steps": 5}
    case = {"blocks": blocks, "learning": learning}
    found = gradients(rule, batch={"generator": torch.Generator().manual_seed(9)}, **case)
    learns = selected(LearningConfig(**learning), STEPS, torch.Generator().manual_seed(9))
    chosen = [t for t in range(STEPS) if learns[t]]
    assert len(chosen) == 5
    assert (chosen == list(range(STEPS - 5, STEPS))) == (select == "last")
    assert_equal(found, naive(*drawn(rule, **case)[1:], PAPERS[rule], chosen))


def test_small_errors_trigger_nothing():
    case = {"blocks": TWO, "learning": STEPWISE | {"error_threshold": 0.4}}
    found = gradients("decolle", **case)
    assert_equal(found, naive(*drawn("decolle", **case)[1:], PAPERS["decolle"], least=0.4))
    assert_different(found, gradients("decolle", blocks=TWO, learning=STEPWISE))


@pytest.mark.parametrize("rule", ["ottt", "sltt"])
def test_updates_after_every_step(rule):
    """By hand: what the neurons and their traces are goes on, and the weights of each step are those after the last."""
    case = {"blocks": ONE, "bias": True, "learning": STEPWISE | {"update": "window"}}
    config, trained, events, labels = drawn(rule, **case)
    follow = follower(trained)
    RULES[rule].learn(trained, config.learning, Batch(events=events, labels=labels, apply=follow))

    network = drawn(rule, **case)[1]
    follow, block, layer = follower(network), network.blocks[0], network.spec.blocks[0].layers[0]
    membrane, trace, logits, seen = torch.zeros(BATCH, 8).double(), 0.0, 0.0, []
    for step in torch.cat([events.double(), torch.ones(STEPS, BATCH, 1)], 2):
        weights = block.integers()
        (matrix,), readout = weights.layers, weights.readout.detach()
        seen.append(matrix.detach().clone())
        spikes, charged, membrane = integrate((step @ seen[-1])[None], membrane, layer.neuron.threshold, layer)
        trace, logits = step + PAPERS[rule].pre * trace, logits + spikes[0] @ readout
        error = errors(logits * block.logit_scale, labels) * block.logit_scale
        psi = gates(charged[0], layer.neuron.threshold, layer.surrogate).double() / area_of(layer.surrogate)
        matrix.backward(trace.t() @ (error @ readout.t() * psi))
        weights.readout.backward(spikes[0].t() @ error)
        follow()
    assert not any(torch.equal(one, other) for one, other in pairwise(seen))
    assert_equal(dict(trained.named_parameters()), dict(network.named_parameters()))


def follower(network):
    """What follows the gradients of a network, and forgets them."""
    optimiser = torch.optim.SGD(network.parameters(), lr=0.2, momentum=0.5)

    def follow():
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    return follow
