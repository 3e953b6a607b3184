import numpy as np
import pytest
import torch

from sim.reference.network import Reference
from snnfpga.data.dataset import Split
from snnfpga.network.activity import activity_of
from snnfpga.network.inference import weights_of
from tests.networks import block, network

MADE = network(block(6, 8, window=3), block(8, 5, window=3))


@pytest.mark.parametrize("lengths", [None, np.array([7, 4, 6, 1, 7])])
def test_counts_are_those_of_the_reference(lengths):
    spikes = (np.random.default_rng(2).random((5, 7, 6)) < 0.15).astype(np.uint8)
    steps = [7] * 5 if lengths is None else lengths.tolist()
    for sample, length in zip(spikes, steps, strict=True):
        sample[length:] = 0
    found = activity_of(MADE.spec, weights_of(MADE), Split(spikes, np.zeros(5, np.int64), lengths))
    inputs = [[sample[:length] for sample, length in zip(spikes, steps, strict=True)], []]
    for sample in inputs[0]:
        inputs[1].append(np.array(Reference(MADE).run(sample, 0, learn=False, trace=True).spikes[0][0]))
    for one, samples in zip(found, inputs, strict=True):
        counts = np.concatenate([sample.sum(1) for sample in samples])
        rows = [sample[start:start + 3].any(0).sum() for sample in samples for start in range(0, len(sample), 3)]
        assert one.steps == sum(steps) / 5
        assert one.windows == len(rows) / 5
        assert one.events == pytest.approx(counts.mean())
        assert one.silent == pytest.approx((counts == 0).mean())
        assert one.rows == pytest.approx(np.mean(rows))
    assert found[0].silent > 0
    assert found[1].events > 0


def test_no_gradient_is_kept():
    assert torch.is_grad_enabled()
    activity_of(MADE.spec, weights_of(MADE), Split(np.ones((1, 3, 6), np.uint8), np.zeros(1, np.int64)))
    assert torch.is_grad_enabled()
