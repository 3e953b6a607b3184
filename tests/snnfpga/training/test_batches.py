"""Which samples a batch, or a measurement, is made of."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from snnfpga.data import registry
from snnfpga.training.trainer import Trainer, drawn_batch
from tests.snnfpga.training.small import config, sorted_by_class


def test_a_network_is_measured_by_samples_of_all_classes():
    data = sorted_by_class()
    mixed = np.random.default_rng(6).permutation(len(data.train))
    spreads = [float(Trainer(config("any"), replace(data, train=data.train.select(order)))
                     .network.get_parameter("blocks.0.layers.0.linear.weight").detach().std())
               for order in (slice(None), mixed)]
    assert spreads[0] == pytest.approx(spreads[1], rel=0.1)


def test_a_drawn_batch_has_all_classes_and_lengths_of_its_own():
    data = sorted_by_class(np.repeat([3, 8], 300))
    batch = drawn_batch(data.train, config("any", training={"batch": 40}))
    assert batch.labels.bincount().min() > 10
    assert torch.equal(batch.within.sum((0, 2)), torch.where(batch.labels == 0, 3.0, 8.0))
    again, other = (drawn_batch(data.train, config("any", training={"batch": 40}).model_copy(update={"seed": seed}))
                    for seed in (3, 4))
    assert torch.equal(batch.events, again.events)
    assert not torch.equal(batch.events, other.events)
    whole = drawn_batch(data.train, config("any", training={"batch": 480}))
    assert torch.equal(whole.labels, torch.from_numpy(data.train.labels))


def test_every_embedded_set_has_the_shape_it_claims():
    for name, source in registry.SETS.items():
        if source.folder is None:
            loaded = registry.load(name)
            height, width, channels = loaded.sensor
            assert source.shape == f"{height}x{width}x{channels}, {len(loaded.train)} + {len(loaded.test)}"
            assert loaded.train.spikes.shape == (len(loaded.train), source.steps, loaded.inputs)
            assert set(np.unique(loaded.train.spikes)) == {0, 1}
