"""A small training, its data, and what comes of it."""

import numpy as np

from rtl_gen.contract.network_file import read
from snnfpga.api.train import run
from snnfpga.config.models import Config
from snnfpga.data.dataset import assemble


def config(data, **changes):
    values = {"name": "small", "seed": 3, "data": {"name": data}, "network": {"blocks": [[10], [9, 8]]},
              "training": {"epochs": 4, "batch": 8, "event_drop": 0.1, "rate": 0.05}}
    for key, value in changes.items():
        values.setdefault(key, {}).update(value)
    return Config.model_validate(values)


def train(settings, out=None, resume=False, overwrite=False):
    return run(settings, out, "cpu", resume, overwrite).to_dict()


def values(path):
    network = read(path)
    return [matrix for block in network.weights for matrix in block] + list(network.readouts)


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(values(one), values(other), strict=True))


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sorted_by_class(lengths=None):
    """600 samples: first those that are all but silent, then those that are not."""
    labels = np.repeat([0, 1], 300)
    spikes = np.random.default_rng(5).random((600, 8, 12)) < np.where(labels, 0.5, 0.01)[:, None, None]
    return assemble("sorted", spikes.astype(np.uint8), labels, np.arange(600) % 5 == 0, (1, 12, 1), 2, lengths)
