"""The neurons' gradient is that of the plain graph: surrogate, leak, reset detached, straight through the rest."""

import itertools
from dataclasses import replace

import pytest
import torch

from rtl_gen.contract.surrogate import SurrogateSpec
from rtl_gen.contract.synapses.conv import ConvSpec
from snnfpga.config import models, network
from snnfpga.network.initial import initialise
from snnfpga.network.neuron import integrate, spiking, thresholds_of
from snnfpga.network.surrogates import HOST_SURROGATES, HostSurrogate, area_of, gates, host_surrogate
from tests.networks import layer


class Surrogate(torch.autograd.Function):
    """A step whose derivative is written from docs/arithmetic.md, in floats."""

    @staticmethod
    def forward(ctx, v, spec):
        ctx.spec = spec
        ctx.save_for_backward(v)
        return (v >= spec.neuron.threshold).float()

    @staticmethod
    def backward(ctx, grad):
        spec, (v,) = ctx.spec, ctx.saved_tensors
        distance = (v - spec.neuron.threshold).abs()
        if spec.surrogate.shape == "boxcar":
            gate = torch.where(distance < spec.surrogate.width, 1.0, 0.0)
        else:
            gate = (spec.surrogate.height - (distance.int() >> spec.surrogate.width)).clamp(min=0).float()
        return grad * gate / area_of(spec.surrogate), None


def plain(currents, membrane, spec):
    """Ordinary autograd through every step; the last of three is how often membranes saturated."""
    spikes, saturated = [], 0
    for current in currents:
        leak = 0 if spec.neuron.leak_shift is None else 2.0 ** -spec.neuron.leak_shift
        leaked, floored = membrane - membrane * leak, membrane - torch.floor(membrane * leak)
        exact = (floored + current).clamp(spec.neuron.membrane_min, spec.neuron.membrane_max)
        saturated += int((exact != floored + current).sum())
        v = leaked + current
        v = v + (exact - v).detach()
        spike = Surrogate.apply(v, spec)
        fired = spike.detach()
        membrane = v - spec.neuron.threshold * fired if spec.neuron.reset == "subtract" else v * (1 - fired)
        spikes.append(spike)
    return torch.stack(spikes), membrane, saturated


CASES = [{"leak_shift": leak, "reset": reset, "membrane_bits": bits, **shape} for leak, reset, bits, shape
         in itertools.product((None, 1, 3), ("subtract", "zero"), (10, 6),     # of 6 bits they saturate
                              ({}, {"surrogate": "triangle", "surrogate_width": 3, "surrogate_height": 4}))]


@pytest.mark.parametrize("changes", CASES)
def test_gradient_equals_the_plain_graph(changes):
    spec, generator = layer(**changes), torch.Generator().manual_seed(1)
    currents = torch.randint(-30, 45, (9, 5, 7), generator=generator).float().requires_grad_()
    weights = torch.randn(9, 5, 7, generator=generator)
    start = torch.zeros(5, 7)
    spikes, membrane = spiking(currents, start, spec.neuron.threshold, spec)
    wanted_spikes, left, saturated = plain(currents, start, spec)
    assert (saturated > 0) == (spec.neuron.membrane_bits == 6)
    (wanted,) = torch.autograd.grad((wanted_spikes * weights).sum(), currents)
    (found,) = torch.autograd.grad((spikes * weights).sum(), currents)
    torch.testing.assert_close(found, wanted)
    assert found.abs().max() > 0
    torch.testing.assert_close(membrane, left, rtol=0, atol=0)


@pytest.mark.parametrize("changes", CASES)
def test_gradient_of_thresholds_is_what_a_spike_gains_by_them(changes):
    spec, generator = layer(threshold_shift=0, **changes), torch.Generator().manual_seed(1)
    currents = torch.randint(-30, 45, (9, 5, 7), generator=generator).float()
    weights, thresholds = torch.randn(9, 5, 7, generator=generator), torch.arange(10.0, 24.0, 2.0).requires_grad_()
    spikes, _ = spiking(currents, torch.zeros(5, 7), thresholds, spec)
    _, charged, _ = integrate(currents, torch.zeros(5, 7), thresholds.detach(), spec)
    for neuron, threshold in enumerate(thresholds.tolist()):        # each as a layer of that threshold
        own = layer(threshold=int(threshold), **changes)
        alone, _ = spiking(currents, torch.zeros(5, 7), own.neuron.threshold, own)
        assert torch.equal(spikes[:, :, neuron], alone[:, :, neuron])
    (found,) = torch.autograd.grad((spikes * weights).sum(), thresholds)
    wanted = -(gates(charged, thresholds.detach(), spec.surrogate) * weights).sum((0, 1)) / area_of(spec.surrogate)
    torch.testing.assert_close(found, wanted)
    assert found.abs().min() > 0


def test_thresholds_of_a_layer():
    spec = layer(threshold_shift=0, bias=True)
    weights = torch.zeros(5, 7).index_fill(0, torch.tensor(3), -1.0).requires_grad_()
    assert thresholds_of(layer(), weights) == 20
    assert thresholds_of(spec, weights).tolist() == [19] * 7
    low = thresholds_of(spec, 30 * weights)
    assert low.tolist() == [1] * 7                      # never below
    low.sum().backward()
    assert weights.grad[3].tolist() == [30.0] * 7       # and yet it can come back
    shifted = layer(threshold_shift=3, bias=True)
    assert thresholds_of(shifted, weights).tolist() == [12] * 7
    grid = ConvSpec(height=1, width=2, channels=1, filters=2, kernel=1)
    conv = layer(synapses=grid, threshold_shift=0)
    assert thresholds_of(conv, torch.tensor([[0.0, 0.0], [1.0, 2.0]])).tolist() == [21, 22, 21, 22]


def test_membrane_of_a_window_carries_no_gradient():
    currents = torch.full((2, 1, 7), 9.0, requires_grad=True)
    spikes, membrane = spiking(currents, torch.zeros(1, 7), 20, layer())
    assert spikes.requires_grad
    assert not membrane.requires_grad


def test_windows_chain_as_one():
    currents = torch.randint(-30, 45, (8, 4, 7), generator=torch.Generator().manual_seed(2)).float()
    whole = integrate(currents, torch.zeros(4, 7), 20, layer())
    first = integrate(currents[:3], torch.zeros(4, 7), 20, layer())
    second = integrate(currents[3:], first[2], 20, layer())
    for joined, apart in zip((whole[0], whole[1]), zip(first[:2], second[:2], strict=True), strict=True):
        assert torch.equal(joined, torch.cat(apart))
    assert torch.equal(whole[2], second[2])
    assert whole[0].sum() > 0


@pytest.mark.parametrize(("spec", "wanted"), [
    (layer(surrogate_width=3), [0, 1, 1, 1, 1, 1, 0]),
    (layer(surrogate="triangle", surrogate_width=0, surrogate_height=3), [0, 1, 2, 3, 2, 1, 0]),
    (layer(surrogate="triangle", surrogate_width=1, surrogate_height=2), [1, 1, 2, 2, 2, 1, 1]),
])
def test_gates_by_hand(spec, wanted):
    assert gates(torch.arange(17.0, 24.0), spec.neuron.threshold, spec.surrogate).tolist() == wanted


@pytest.mark.parametrize(("surrogate", "wanted"), [
    ("sigmoid", [0.4199743, 0.7864477, 1.0, 0.7864477, 0.4199743]),       # 1 / cosh(d)^2, d = 1, 1/2, 0
    ("arctan", [0.2884004, 0.6184864, 1.0, 0.6184864, 0.2884004]),        # 1 / (1 + (pi d / 2)^2)
])
def test_gates_that_only_the_host_has(surrogate, wanted):
    host = HostSurrogate(shape="boxcar", width=2, height=1, host=surrogate)
    spec = replace(layer(), surrogate=host)
    found = gates(torch.arange(18.0, 23.0), spec.neuron.threshold, spec.surrogate)
    torch.testing.assert_close(found, torch.tensor(wanted))
    far = torch.linspace(-1e4, 1e4, 400001, dtype=torch.float64)
    area = torch.trapezoid(gates(far + spec.neuron.threshold, spec.neuron.threshold, spec.surrogate), far)
    assert float(area) == pytest.approx(area_of(spec.surrogate), rel=1e-3)


def test_the_surrogates_of_the_configuration_are_those_there_are():
    assert set(HOST_SURROGATES) == set(network.HOST_SURROGATES)


def test_what_is_exported_has_the_hardware_s_own_surrogate():
    config = models.Config.model_validate({"network": {"blocks": [[4]], "surrogate": "arctan"}})
    trained = initialise(config, torch.ones(3, 2, 5), 2)
    assert host_surrogate(trained.spec) == "arctan"
    own, = (layer.surrogate for layer in trained.export().spec.blocks[0].layers)
    assert own == SurrogateSpec(shape="boxcar", width=trained.spec.blocks[0].layers[0].surrogate.width, height=1)
