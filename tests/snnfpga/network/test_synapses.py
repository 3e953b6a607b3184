"""Convolutions and poolings are PyTorch's own, their gradients those of autograd, their sums exact."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from rtl_gen.contract.grid import PoolSpec
from rtl_gen.contract.synapses.conv import ConvSpec
from sim.reference.grid import pooled as reference_pooled
from snnfpga.network.synapses import currents, event_gradient, pooled, weight_gradient
from tests import networks

M = 3


def layer(conv, bias):
    return networks.layer(synapses=conv, bias=bias, membrane_bits=16)


CONVS = [ConvSpec(height=5, width=4, channels=2, filters=6, kernel=3, padding=1),
         ConvSpec(height=6, width=7, channels=4, filters=6, kernel=3, stride=2, groups=2),
         ConvSpec(height=4, width=4, channels=3, filters=2, kernel=1)]


def naive(conv, events, weights, bias):
    """The sum of the docstring of ConvSpec, literally."""
    found = np.zeros((len(events), conv.out_height, conv.out_width, conv.filters))
    grid = events.reshape(-1, conv.height, conv.width, conv.channels)
    part, each = conv.channels // conv.groups, conv.filters // conv.groups
    places = (conv.out_height, conv.out_width, conv.filters, conv.kernel, conv.kernel, part)
    for oy, ox, f, ky, kx, c in np.ndindex(places):
        y, x = oy * conv.stride + ky - conv.padding, ox * conv.stride + kx - conv.padding
        if 0 <= y < conv.height and 0 <= x < conv.width:
            row = (ky * conv.kernel + kx) * part + c
            found[:, oy, ox, f] += grid[:, y, x, f // each * part + c] * weights[row, f]
    if bias:
        found += weights[-1]
    return found.reshape(len(events), -1)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("conv", CONVS)
def test_convolution(conv, bias):
    spec = layer(conv, bias)
    generator = torch.Generator().manual_seed(1)
    events = (torch.rand(M, conv.inputs, generator=generator) < 0.4).double().requires_grad_()
    weights = torch.randint(-128, 128, (spec.rows, conv.filters), generator=generator).double().requires_grad_()
    found = currents(events, weights, spec)
    assert np.array_equal(found.detach().numpy(), naive(conv, events.detach().numpy(), weights.detach().numpy(), bias))
    single = currents(events.float(), weights.float(), spec)
    assert torch.equal(single.double(), found)
    delta = torch.randn(found.shape, generator=generator, dtype=torch.float64)
    found.backward(delta)
    torch.testing.assert_close(weight_gradient(events.detach(), delta, spec), weights.grad[:spec.synapses.rows])
    torch.testing.assert_close(event_gradient(delta, weights.detach(), spec), events.grad)


@pytest.mark.parametrize("kind", ["or", "sum"])
@pytest.mark.parametrize("partial", [False, True])
def test_pooling(kind, partial):
    pool = PoolSpec(kind=kind, size=2, height=5, width=7, channels=3, partial=partial)
    events = (torch.rand(M, pool.inputs, generator=torch.Generator().manual_seed(2)) < 0.2).double().requires_grad_()
    found = pooled(events, pool)
    grid = events.view(M, 5, 7, 3).permute(0, 3, 1, 2)
    ours = functional.max_pool2d if kind == "or" else lambda *a, **k: functional.avg_pool2d(*a, divisor_override=1, **k)
    wanted = ours(grid, 2, ceil_mode=partial).permute(0, 2, 3, 1).reshape(M, -1)
    assert found.shape == (M, pool.outputs)
    assert torch.equal(found, wanted)
    assert found.max() <= pool.largest


@pytest.mark.parametrize("kind", ["or", "sum"])
def test_inputs_that_count_are_pooled_as_the_reference_does(kind):
    pool = PoolSpec(kind=kind, size=2, height=5, width=7, channels=3, partial=True)
    events = np.random.default_rng(2).integers(0, 5, (M, pool.inputs)).astype(np.uint8)
    assert np.array_equal(pooled(torch.from_numpy(events), pool).numpy(), reference_pooled(pool, events))


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("partial", [False, True])
def test_the_gradient_of_a_sum_goes_to_all_of_its_square(size, partial):
    pool = PoolSpec(kind="sum", size=size, height=5, width=7, channels=3, partial=partial)
    events = torch.rand(M, pool.inputs, generator=torch.Generator().manual_seed(3)).requires_grad_()
    grid = events.view(M, 5, 7, 3).permute(0, 3, 1, 2)
    wanted = functional.avg_pool2d(grid, size, ceil_mode=partial, divisor_override=1).permute(0, 2, 3, 1).reshape(M, -1)
    taste = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(4))
    right, = torch.autograd.grad(wanted, events, taste)
    got, = torch.autograd.grad(pooled(events, pool), events, taste)
    assert torch.equal(got, right)


@pytest.mark.parametrize(("came", "gradient"), [
    ([0, 0, 0, 0], [2.0, 2.0, 2.0, 2.0]), ([1, 0, 0, 0], [8.0, 0, 0, 0]), ([1, 0, 1, 0], [4.0, 0, 4.0, 0])])
def test_the_gradient_of_a_pooling_goes_to_what_came(came, gradient):
    pool = PoolSpec(kind="or", size=2, height=3, width=2, channels=1)
    events = torch.tensor([[*came, 1, 1]], dtype=torch.float32, requires_grad=True)
    pooled(events, pool).backward(torch.tensor([[8.0]]))
    assert events.grad.tolist() == [[*gradient, 0.0, 0.0]]      # the last row of pixels is dropped
