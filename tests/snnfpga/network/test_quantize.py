"""The quantisers' grid does not move, holds the range it promises, and lets the gradient through."""

import pytest
import torch

from snnfpga.network.measure import fraction_bits
from snnfpga.network.quantize import QuantisedWeights


def initial(spread=0.5):
    return torch.randn(6, 5, generator=torch.Generator().manual_seed(0)).clamp(-2, 2) * spread


@pytest.mark.parametrize(("bits", "fraction"), [(8, 6), (4, 2), (2, 0), (16, 12), (8, -2)])
def test_integers_on_the_grid(bits, fraction):
    weights = QuantisedWeights(initial(2.0 ** -fraction), bits, fraction)
    integers = weights()
    limit = 2 ** (bits - 1) - 1
    wanted = torch.round(initial(2.0 ** -fraction) * 2.0 ** fraction).clamp(-limit, limit)
    assert torch.equal(integers, wanted)
    assert integers.abs().max() > 0


def test_the_grid_stays_where_it_was_measured():
    weights = QuantisedWeights(initial(), 8, 6)
    with torch.no_grad():
        weights.linear.weight.mul_(1.7)
    assert torch.equal(weights(), torch.round(initial() * 1.7 * 64).clamp(-127, 127))
    with torch.no_grad():
        weights.linear.weight.mul_(100.0)
    assert weights().abs().max() == 127
    weights.clip()
    assert weights.linear.weight.abs().max() == 127 / 64


@pytest.mark.parametrize("bits", [2, 8, 12])
def test_equal_to_brevitas(bits):
    weights = QuantisedWeights(initial(), bits, 3)
    with torch.no_grad():
        weights.linear.weight.mul_(3.0)     # beyond the range, too
    assert torch.equal(weights(), weights.linear.quant_weight().value.t() * 8.0)
    assert weights().requires_grad


def test_no_transpose_is_copied():
    weights = QuantisedWeights(initial(), 8, 6)
    assert weights().is_contiguous()
    weights().backward(torch.ones(6, 5))
    assert weights.linear.weight.grad.stride() == weights.linear.weight.stride() == (1, 5)


def test_the_gradient_goes_straight_through():
    weights = QuantisedWeights(initial(), 8, 6)
    taste = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
    (weights() * taste).sum().backward()
    torch.testing.assert_close(weights.linear.weight.grad, taste.t() * 64)


@pytest.mark.parametrize(("largest", "bits", "headroom", "wanted"), [
    (1.0, 8, 1.0, 6), (0.99, 8, 1.0, 7), (1.0, 8, 3.0, 5), (127.0, 8, 1.0, 0), (128.0, 8, 1.0, -1)])
def test_fraction_bits(largest, bits, headroom, wanted):
    assert fraction_bits(torch.tensor([0.1, -largest]), bits, headroom) == wanted


@pytest.mark.parametrize(("mean", "bits", "wanted"), [
    (0.25, 1, 2), (0.3, 1, 2), (4.0, 1, -2), (0.25, 2, 1), (0.2, 2, 2)])
def test_a_weight_of_one_or_two_bits_is_worth_their_mean(mean, bits, wanted):
    assert fraction_bits(torch.tensor([mean, -mean]), bits, 3.0) == wanted


def test_standardised_weights_survive_a_move():
    """Only the gain has a range: what is quantised does not depend on how large the weights are."""
    weights = QuantisedWeights(initial(), 8, 6, standardised=True)
    with torch.no_grad():
        weights.linear.weight.mul_(10.0)
        before = weights.wanted().clone()
    weights.move(4, 3)
    torch.testing.assert_close(weights.wanted(), before)


def test_no_weights_have_any_grid():
    assert fraction_bits(torch.zeros(3), 8, 3.0) == 0
