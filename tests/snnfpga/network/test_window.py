"""The readout of a window equals the ordinary product; an error that all steps share is taken back once."""

from dataclasses import replace

import pytest
import torch

from rtl_gen.contract.grid import PoolSpec
from snnfpga.network.sparse import plain_products
from snnfpga.network.window import read_out
from tests import networks

STEPS, SAMPLES, CLASSES, NEURONS = 4, 5, 3, 5 * 7 * 2
POOL = PoolSpec(kind="sum", size=2, height=5, width=7, channels=2, partial=True)


@pytest.mark.parametrize("pool", [None, POOL, replace(POOL, kind="or")])
@pytest.mark.parametrize("same", [True, False])
def test_readouts_of_a_window(pool, same):
    rows = NEURONS if pool is None else pool.outputs
    readout = replace(networks.block(4, NEURONS, classes=CLASSES).readout, pool=pool)
    generator = torch.Generator().manual_seed(3)
    spikes = (torch.rand(STEPS, SAMPLES, NEURONS, generator=generator) < 0.3).float().requires_grad_()
    weights = torch.randint(-9, 10, (rows, CLASSES), generator=generator).float().requires_grad_()
    taste = torch.randn(1 if same else STEPS, SAMPLES, CLASSES, generator=generator)

    def found():
        steps = read_out(readout, weights, spikes)
        return steps, torch.autograd.grad(((steps.sum(0) if same else steps) * taste).sum(), (spikes, weights))

    steps, gradients = found()
    with plain_products():
        wanted, right = found()
    assert torch.equal(steps, wanted)
    assert (gradients[0].stride(0) == 0) == (same and (pool is None or pool.kind == "sum"))
    for got, ordinary in zip(gradients, right, strict=True):
        torch.testing.assert_close(got, ordinary, rtol=1e-5, atol=1e-5)
