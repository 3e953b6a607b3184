"""Training through currents that linger: the gradient is that of autograd, and what has no place for it refuses."""

from contextlib import nullcontext

import pytest
import torch

from rtl_gen.contract.current import CurrentSpec
from rtl_gen.contract.errors import SnnfpgaError
from snnfpga.config.models import Config
from snnfpga.learning import lingering
from snnfpga.learning.registry import RULES
from snnfpga.network.initial import initialise
from snnfpga.network.surrogates import area_of
from snnfpga.network.window import Flows, layer_rest, layer_run, layer_window
from snnfpga.training.warm_start import rates_of
from tests.networks import changed, layer

OWN = CurrentSpec(bits=22, leak_shifts=(1, -4))
UNIT = 2.0 ** 12        # currents are multiples of it, so that few leaks are rounded, and by little


def spec_of(recurrent, reset):
    made = layer(membrane_bits=24, leak_shift=2, threshold=20 << 12, reset=reset, surrogate_width=30 << 12, current=OWN)
    return changed(made, synapses__recurrent=recurrent)


class Gate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v, spec):
        ctx.spec = spec
        ctx.save_for_backward(v)
        return (v >= spec.neuron.threshold).to(v)

    @staticmethod
    def backward(ctx, grad):
        (v,) = ctx.saved_tensors
        return grad * ((v - ctx.spec.neuron.threshold).abs() < ctx.spec.surrogate.width) / area_of(
            ctx.spec.surrogate), None


def plain(spec, weights, events):
    """Spikes (K, B, N) by autograd through every step; floors move values and no gradient."""
    u = i = before = torch.zeros(events.shape[1], spec.outputs, dtype=events.dtype)
    found = []
    for event in events:
        added = event @ weights[:spec.synapses.inputs]
        if spec.synapses.recurrent:
            added = added + before @ weights[spec.synapses.inputs:]
        i = i * OWN.keep + (torch.ceil(i * OWN.keep) - i * OWN.keep).detach() + added
        kept = u * 0.75
        v = kept + (torch.ceil(kept) - kept).detach() + i
        before = Gate.apply(v, spec)
        fired = before.detach()
        u = v - fired * spec.neuron.threshold if spec.neuron.reset == "subtract" else v * (1 - fired)
        found.append(before)
    return torch.stack(found)


@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("recurrent", [False, True])
def test_gradient_is_that_of_autograd(recurrent, reset):
    spec, generator = spec_of(recurrent, reset), torch.Generator().manual_seed(1)
    weights = (torch.randint(-10, 26, (spec.rows, 7), generator=generator) * UNIT).requires_grad_()
    events = (torch.rand(9, 5, 3, generator=generator) < 0.6).float()
    signal = torch.randn(9, 5, 7, generator=generator)
    spikes, after = layer_window(spec, weights, events, layer_rest(spec, 5, weights), Flows(frozenset()))
    wanted = plain(spec, weights, events)
    assert torch.equal(spikes, wanted)
    assert 0.1 < spikes.mean() < 0.9
    (found,) = torch.autograd.grad((spikes * signal).sum(), weights)
    (expected,) = torch.autograd.grad((wanted * signal).sum(), weights)
    torch.testing.assert_close(found, expected)
    assert not any(part.requires_grad for part in after if part is not None)


@pytest.mark.parametrize("recurrent", [False, True])
def test_windows_go_on_where_the_one_before_ended(recurrent):
    spec, generator = spec_of(recurrent, "subtract"), torch.Generator().manual_seed(2)
    weights = torch.randint(-10, 26, (spec.rows, 7), generator=generator) * UNIT
    events = (torch.rand(9, 5, 3, generator=generator) < 0.6).float()
    state, parts = layer_rest(spec, 5, weights), []
    for part in events.split(4):
        spikes, state = layer_window(spec, weights, part, state, Flows(frozenset()))
        parts.append(spikes)
    whole = layer_run(spec, weights, events, layer_rest(spec, 5, weights), Flows(frozenset()))[0]
    assert torch.equal(torch.cat(parts), whole)


def config(rule="truncated-local", **network):
    return Config.model_validate({"network": {"blocks": [[6], [5]], **network}, "learning": {"rule": rule}})


@pytest.mark.parametrize(("settings", "message"), [
    (config(current_bits=9), "Config network.current_bits means nothing without network.current_keep, the share of "
                             "itself that a current keeps in a step; give that too, or leave the bits out"),
    (config("ottt", current_keep=0.5), "Rule ottt has no credit of earlier steps for network.current_keep; take "
                                       "truncated-local or bptt, or currents that do not linger"),
    (config("bptt-checkpoint", layers=[{"current_keep": 0.5}]),
     "Rule bptt-checkpoint has no credit of earlier steps for network.current_keep; take truncated-local or bptt, or "
     "currents that do not linger"),
])
def test_what_has_no_place_for_it(settings, message):
    with pytest.raises(SnnfpgaError) as caught:
        lingering.check(settings)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", RULES)
def test_what_a_rule_refuses_is_what_it_says(name):
    with pytest.raises(SnnfpgaError) if "currents that linger" in RULES[name].refuses else nullcontext():
        lingering.check(config(name, current_keep=0.5))


def test_the_specification_has_it():
    settings = config(membrane_bits=14, layers=[{"current_keep": 0.55, "current_bits": 11}, {}])
    lingering.check(settings)
    first, second = (block.layers[0] for block in initialise(settings, torch.ones(4, 3, 9), 3).spec.blocks)
    assert (first.current.bits, second.current) == (11, None)
    assert first.current.keep == pytest.approx(0.55, abs=0.01)
    with pytest.raises(SnnfpgaError, match=r"^Config network.current_keep must be within 0.01 of what up to 3 shifts "
                                           r"of a current of 16 bits can keep, not 0.01; the nearest is 0.125$"):
        initialise(config(current_keep=0.01), torch.ones(4, 3, 9), 3)


def test_the_rates_of_a_warm_start_are_near_those_of_the_neurons():
    spec = spec_of(False, "subtract")
    weights = torch.zeros(3, 7)
    weights[0] = torch.linspace(1.0, 9.0, 7).round() * UNIT
    events = torch.zeros(300, 1, 3)
    events[:, :, 0] = 1
    spikes, _ = layer_run(spec, weights, events, layer_rest(spec, 1, weights), Flows(frozenset()))
    torch.testing.assert_close(rates_of(spec, weights, events.mean(0)), spikes.mean(0), rtol=0, atol=0.15)
