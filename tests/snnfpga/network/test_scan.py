"""The compiled loops equal the plain ones to the bit, forward and backward."""

import itertools

import pytest
import torch

from snnfpga.network import scan
from snnfpga.network.neuron import credits, integrate, kind_of
from snnfpga.network.surrogates import area_of, gates
from tests import networks
from tests.networks import with_shifts

SHAPE = (9, 5, 461)     # more neurons than a chunk, and not whole ones


def layer(**changes):
    return networks.layer(**{"outputs": 461} | changes)


def leak_of(spec):
    return kind_of(spec.neuron).compiled_leak(spec.neuron)


@pytest.mark.parametrize(("leak", "reset", "shape"), list(itertools.product(
    (None, 1, 3, (3, -5, 7)), ("subtract", "zero", 33),
    ({}, {"surrogate": "triangle", "surrogate_width": 3, "surrogate_height": 4}))))
def test_equal_to_the_plain_loops(leak, reset, shape):
    """A reset that is a number subtracts this amount."""
    shifts = leak if isinstance(leak, tuple) else None
    resets = {"reset": reset} if isinstance(reset, str) else {"reset_amount": reset}
    spec = layer(leak_shift=None if shifts else leak, **resets, **shape)
    spec, generator = with_shifts(spec, shifts) if shifts else spec, torch.Generator().manual_seed(5)
    currents = torch.randint(-60, 75, SHAPE, generator=generator).float()
    before = torch.randint(-128, 128, SHAPE[1:], generator=generator).float()
    start = before.clone()
    for threshold in (torch.randint(5, 40, (SHAPE[-1],), generator=generator).float(), spec.neuron.threshold):
        spikes, gate, after = scan.charge_fire_reset(currents, before, threshold, spec, leak_of(spec))
        wanted, charged, left = integrate(currents, start, threshold, spec)
        assert torch.equal(spikes, wanted)
        assert torch.equal(gate, gates(charged, threshold, spec.surrogate))
        assert torch.equal(after, left)
    assert torch.equal(before, start)
    assert 0 < spikes.mean() < 1
    assert len(gate.unique()) == (5 if shape else 2)
    grad = torch.randn(SHAPE, generator=generator)
    fired = spikes.to(torch.bool) if reset == "zero" else None
    keep = spec.neuron.keep
    for signal in (grad, grad[:1].expand(SHAPE)):
        assert torch.equal(scan.credits(signal, gate, fired, area_of(spec.surrogate), keep),
                           credits(signal, gate, fired, area_of(spec.surrogate), keep))


def test_a_window_of_one_step():
    currents = torch.full((1, 2, 3), 21.0)
    spec = layer()
    spikes, gate, after = scan.charge_fire_reset(currents, torch.zeros(2, 3), 20, spec, leak_of(spec))
    assert spikes.tolist() == [[[1.0] * 3] * 2]
    assert after.tolist() == [[1.0] * 3] * 2
    assert torch.equal(scan.credits(currents, gate, None, 3.0, 0.5), currents / 3.0)
