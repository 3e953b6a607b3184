import numpy as np
import pytest
import torch

from sim.reference.initial import random_network
from sim.reference.network import Reference
from snnfpga.data.dataset import Split
from snnfpga.network.activity import activity_of
from snnfpga.network.inference import weights_of
from tests.folded_networks import conv, dense, folded_spec, pool
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


@pytest.mark.parametrize("layer", [
    conv(5, 4, 2, 3, 3, padding=1, bias=False, threshold=20), dense(40, 9, bias=False, recurrent=True, threshold=20),
    conv(2, 2, 2, 3, 2, padding=1, bias=False, pool=pool("sum", 2, 5, 4, 2), threshold=20)])
@pytest.mark.parametrize("lengths", [None, np.array([7, 4, 6, 1, 7])])
def test_entries_are_the_operations_of_the_reference(layer, lengths):
    """Each entry is a weight for each neuron of a place."""
    spikes = (np.random.default_rng(2).random((5, 7, 40)) < 0.3).astype(np.uint8)
    steps = [7] * 5 if lengths is None else lengths.tolist()
    made = random_network(folded_spec(layer), 3, density=0.3)
    reference = Reference(made)
    for sample, length in zip(spikes, steps, strict=True):
        sample[length:] = 0
        reference.run(sample[:length], 0, learn=False)
    (found,) = activity_of(made.spec, weights_of(made), Split(spikes, np.zeros(5, np.int64), lengths))
    (counters,) = reference.counters
    assert found.entries[0] * sum(steps) * layer.columns == pytest.approx(counters["synaptic_operations"])
    assert counters["spikes"] > 0


def test_no_gradient_is_kept():
    assert torch.is_grad_enabled()
    activity_of(MADE.spec, weights_of(MADE), Split(np.ones((1, 3, 6), np.uint8), np.zeros(1, np.int64)))
    assert torch.is_grad_enabled()
