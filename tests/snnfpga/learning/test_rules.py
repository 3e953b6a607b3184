"""What the rules leave on the weights: which windows and blocks a gradient comes from, and what it costs in memory."""

from contextlib import nullcontext

import pytest
import torch

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.config.models import Config
from snnfpga.learning.loss import LOSSES
from snnfpga.learning.memory import ActivationMeter
from snnfpga.learning.registry import RULES, check, find_rule
from snnfpga.learning.rule import Batch
from snnfpga.network.initial import initialise
from snnfpga.network.window import block_window, rest

STEPS, BATCH, INPUTS, CLASSES = 12, 6, 10, 3


def made(blocks=((8,), (7,)), steps=STEPS, **learning):
    config = Config.model_validate({"network": {"blocks": blocks}, "learning": {"window": 4} | learning})
    generator = torch.Generator().manual_seed(3)
    events = (torch.rand(steps, BATCH, INPUTS, generator=generator) < 0.4).to(torch.uint8)
    labels = torch.arange(BATCH) % CLASSES
    return config, initialise(config, events.float(), CLASSES), events, labels


def gradients(rule, config, network, events, labels):
    network.zero_grad(set_to_none=True)
    learned = RULES[rule].learn(network, config.learning, Batch(events=events, labels=labels))
    return learned, {name: value.grad for name, value in network.named_parameters() if value.grad is not None}


def plain_gradients(config, network, events, labels, wanted_windows):
    """The same by one graph for each window, through the quantisers, without the accumulation."""
    learning, total, losses = config.learning, {}, []
    first_loss = learning.window - (learning.loss_steps or learning.window)
    passing = events.float()
    for index, (spec, block) in enumerate(zip(network.spec.blocks, network.blocks, strict=True)):
        membranes, before, spikes = rest(spec, BATCH, passing), 0.0, []
        for number, window in enumerate(passing.split(learning.window)):
            network.zero_grad(set_to_none=True)
            out, steps, membranes = block_window(spec, block.integers(), window, membranes)
            logit = before + steps[first_loss:].sum(0)
            if number in wanted_windows:
                loss = LOSSES[learning.loss](logit * block.logit_scale, labels)
                loss.backward()
                losses.append(loss.item() / len(wanted_windows))
                for name, value in block.named_parameters():
                    key = f"blocks.{index}.{name}"
                    total[key] = total.get(key, 0) + value.grad
            before = logit.detach() if learning.accumulate == "cumulative" else 0.0
            spikes.append(out.detach())
        passing = torch.cat(spikes)
    return total, losses


@pytest.mark.parametrize(("learning", "windows"), [
    ({}, {0, 1, 2}),
    ({"accumulate": "window"}, {0, 1, 2}),
    ({"loss": "logistic"}, {0, 1, 2}),
    ({"update_interval": 2}, {1}),
    ({"loss_steps": 1}, {0, 1, 2}),
    ({"window": 5, "loss_steps": 3}, {0, 1}),      # the last window has 2 steps, none of them of the loss window
    ({"window": 5, "loss_steps": 4}, {0, 1, 2}),
])
def test_truncated_local_learns_from_these_windows(learning, windows):
    config, network, events, labels = made(**learning)
    wanted, losses = plain_gradients(config, network, events, labels, windows)
    learned, found = gradients("truncated-local", config, network, events, labels)
    assert found.keys() == wanted.keys()
    for name, value in found.items():
        torch.testing.assert_close(value, wanted[name], msg=name)
        assert value.abs().max() > 0, name
    assert sum(learned.losses) == pytest.approx(sum(losses))


def test_no_gradient_crosses_a_block():
    config, network, events, labels = made()
    alone = made(blocks=((8,),))
    with torch.no_grad():
        for name, value in alone[1].named_parameters():
            value.copy_(network.get_parameter(name))
    _, found = gradients("truncated-local", config, network, events, labels)
    _, first = gradients("truncated-local", alone[0], alone[1], events, labels)
    for name, value in first.items():
        assert torch.equal(value, found[name]), name


def test_one_block_in_one_window_is_bptt():
    config, network, events, labels = made(blocks=((8, 7),), window=STEPS)
    local = gradients("truncated-local", config, network, events, labels)
    whole = gradients("bptt", config, network, events, labels)
    assert torch.equal(local[0].answers, whole[0].answers)
    for name, value in local[1].items():
        torch.testing.assert_close(value, whole[1][name])


def test_bptt_crosses_blocks():
    config, network, events, labels = made()
    learned, found = gradients("bptt", config, network, events, labels)
    assert learned.losses[0] is None
    assert found["blocks.0.layers.0.linear.weight"].abs().max() > 0
    assert "blocks.0.learned_readout.linear.weight" not in found


def peak(rule, steps, **learning):
    config, network, events, labels = made(steps=steps, **learning)
    with ActivationMeter() as meter:
        gradients(rule, config, network, events, labels)
    return meter.peak_bytes


def test_memory_grows_with_the_window_and_not_with_the_sample():
    assert peak("truncated-local", 12) == peak("truncated-local", 48) > 0
    assert 1.9 < peak("truncated-local", 48, window=8) / peak("truncated-local", 48, window=4) < 2.1
    assert 3.5 < peak("bptt", 48) / peak("bptt", 12) < 4.1
    # Of one block's window: input events and spikes as float32, gates as bytes; the rest is the softmax of its logits.
    window = 4 * BATCH * (INPUTS * 4 + 8 * 4 + 8)
    assert window < peak("truncated-local", 12) < window + BATCH * CLASSES * 16


@pytest.mark.parametrize(("settings", "message"), [
    ({"learning": {"loss_steps": 5}}, "Config learning.loss_steps must be at most 4, the window, not 5"),
    ({"learning": {"rule": "bptt", "update_interval": 2}},
     "Config learning.update_interval means nothing to rule bptt, yet is 2; leave it out, or take one of "
     "truncated-local"),
    ({"learning": {"rule": "sltt", "traces": {"pre": 0.5}}},
     "Config learning.traces.pre means nothing to rule sltt, yet is 0.5; leave it out, or take one of s-tllr, tess"),
    ({"learning": {"rule": "ottt", "loss_at": "window"}},
     "Rule ottt learns at each step and cannot serve learning.loss_at=window; take step, or rule truncated-local"),
    ({"learning": {"rule": "ottt"}, "network": {"reset": "zero"}},
     "Rule ottt cannot serve network.reset=zero, where a trace would be needed for each synapse; take subtract, or "
     "rule truncated-local"),
    ({"learning": {"rule": "ottt"}, "network": {"blocks": [[8, "8+1"]]}},
     "Rule ottt finds a signal layer by layer and cannot serve currents of earlier layers (+); take rule "
     "truncated-local or bptt, or leave them out"),
    ({"learning": {"rule": "decolle"}, "network": {"blocks": [[8], [8, "7R"]]}},
     "Rule decolle is of feed-forward layers and cannot serve recurrent ones (R); take one of truncated-local, bptt, "
     "bptt-checkpoint, ottt, otpe, s-tllr, or leave the R out"),
    ({"learning": {"rule": "sltt", "select": "last"}},
     "Config learning.select must be last, random or top where learning.selected_steps is given, and only there"),
])
def test_refused_settings(settings, message):
    learning = {"window": 4} | settings["learning"]
    with pytest.raises(SnnfpgaError) as caught:
        check(Config.model_validate(settings | {"learning": learning}))
    assert (str(caught.value), caught.value.exit_code) == (message, 2)


@pytest.mark.parametrize("name", RULES)
def test_recurrent_layers_are_of_the_rules_that_say_so(name):
    config = Config.model_validate({"learning": {"rule": name}, "network": {"architecture": "8-7R"}})
    with nullcontext() if RULES[name].recurrent else pytest.raises(SnnfpgaError, match=f"^Rule {name} is of feed-for"):
        check(config)
        assert name in ("truncated-local", "bptt", "bptt-checkpoint", "ottt", "otpe", "s-tllr")


@pytest.mark.parametrize(("words", "settings"), [
    ("residual currents (+)", {"network": {"blocks": [[8, "8+1"]]}}),
    ("reset zero", {"network": {"reset": "zero"}}),
    ("update,", {"learning": {"update": "window"}})])
def test_what_a_rule_refuses_is_what_it_says(words, settings):
    for rule in RULES.values():
        config = Config.model_validate(settings | {"learning": settings.get("learning", {}) | {"rule": rule.name}})
        with pytest.raises(SnnfpgaError) if words in rule.refuses else nullcontext():
            check(config)


def test_unknown_rule():
    with pytest.raises(SnnfpgaError) as caught:
        find_rule("truncated")
    assert str(caught.value) == ("No learning rule is called 'truncated'; did you mean truncated-local? "
                                 "(snnfpga rules lists them)")
