"""Data that is learned in a moment."""

import numpy as np
import pytest


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Three classes that fire in three groups of inputs; ``small.npz`` in the folder where the test runs."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    labels = np.arange(90) % 3
    rates = np.full((90, 1, 12), 0.1)
    for sample, label in enumerate(labels):
        rates[sample, :, label * 4:label * 4 + 4] = 0.5
    np.savez("small.npz", spikes=(rng.random((90, 8, 12)) < rates).astype(np.uint8), label=labels)
    return "small.npz"
