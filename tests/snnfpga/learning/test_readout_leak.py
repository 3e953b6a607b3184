"""Training through a readout that leaks: the gradient is that of autograd, and what has no place for it refuses."""

from contextlib import nullcontext

import pytest
import torch

from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.config.models import Config
from snnfpga.learning import leaky
from snnfpga.learning.registry import RULES
from snnfpga.network.initial import initialise
from snnfpga.network.levels import Level, added, at_rest, whole
from tests.networks import network_spec


def readout_of(reading, leak_shift=2):
    return network_spec(readout_leak_shift=leak_shift, reading=reading, accumulate="cumulative").blocks[0].readout


def plain(steps, keep, reading):
    """What is read of levels without a floor, (B, classes), by autograd alone."""
    level, levels = torch.zeros_like(steps[0]), []
    for step in steps:
        level = level * keep + step
        levels.append(level)
    levels = torch.stack(levels)
    return {"sum": levels.sum(0), "last": levels[-1], "maximum": levels.max(0).values}[reading]


@pytest.mark.parametrize("reading", ["sum", "last", "maximum"])
def test_gradient_is_that_of_autograd(reading):
    generator = torch.Generator().manual_seed(1)
    # Multiples of a power of two, so that no level is ever rounded.
    steps = (torch.randint(-9, 10, (7, 5, 4), generator=generator) * 2.0 ** 14).requires_grad_()
    weights = torch.randn(5, 4, generator=generator)
    found, wanted = whole(readout_of(reading), steps).sum(0), plain(steps, 0.75, reading)
    assert torch.equal(found, wanted)
    (to_found,) = torch.autograd.grad((found * weights).sum(), steps)
    (to_wanted,) = torch.autograd.grad((wanted * weights).sum(), steps)
    torch.testing.assert_close(to_found, to_wanted)


@pytest.mark.parametrize("reading", ["sum", "last", "maximum"])
def test_windows_go_on_where_the_one_before_ended(reading):
    readout = readout_of(reading)
    steps = torch.randint(-50, 20, (9, 5, 4), generator=torch.Generator().manual_seed(2)).float()
    level, parts = at_rest(readout, 5, steps), []
    for part in steps.split(4):
        found, level = added(readout, part, level)
        parts.append(found)
    assert torch.equal(torch.cat(parts), whole(readout, steps))
    assert isinstance(level, Level)
    assert not level.level.requires_grad


def config(rule="truncated-local", **changes):
    settings = {"network": {"blocks": [[6]], "readout_leak_shift": 2}, "learning": {"rule": rule}}
    for key, value in changes.items():
        section, _, name = key.partition("__")
        settings.setdefault(section, {})[name] = value
    return Config.model_validate(settings)


@pytest.mark.parametrize(("changes", "message"), [
    ({"network__readout_leak_shift": None, "network__reading": "last"},
     "Config network.reading=last needs network.readout_leak_shift, a leak of the readouts; give one, or take sum"),
    ({"rule": "ottt"}, "Rule ottt has no credit of earlier steps for network.readout_leak_shift; take truncated-local "
                       "or bptt, or a readout without a leak"),
    ({"learning__loss_at": "step"}, "Config learning.loss_at=step cannot serve network.readout_leak_shift, whose "
                                    "levels carry credit to a window's end; take window, or a readout without a leak"),
    ({"training__warm_epochs": 1}, "Config training.warm_epochs cannot serve network.readout_leak_shift: rates know no "
                                   "order of steps; take 0, or a readout without a leak"),
    ({"network__reading": "maximum", "learning__accumulate": "window"},
     "Config network.reading=maximum needs learning.accumulate=cumulative, not window; take that, or the reading sum"),
    ({"network__reading": "last", "learning__answer": "last"},
     "Config network.reading=last needs learning.answer=all, not last; take that, or the reading sum"),
    ({"network__reading": "last", "learning__loss_steps": 2},
     "Config network.reading=last needs a loss in all steps of a window, 4, and learning.loss_steps is 2; leave it "
     "out, or take the reading sum"),
])
def test_what_has_no_place_for_it(changes, message):
    with pytest.raises(SnnfpgaError) as caught:
        leaky.check(config(**changes))
    assert str(caught.value) == message


@pytest.mark.parametrize("name", RULES)
def test_what_a_rule_refuses_is_what_it_says(name):
    with pytest.raises(SnnfpgaError) if "readouts that leak" in RULES[name].refuses else nullcontext():
        leaky.check(config(name))


def test_the_specification_has_it():
    settings = config(network__reading="last")
    leaky.check(settings)
    readout = initialise(settings, torch.ones(4, 3, 9), 3).spec.blocks[0].readout
    assert (readout.leak_shift, readout.reading) == (2, "last")
