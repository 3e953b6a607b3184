"""Sets that stand for data of one's own: tables of scikit-learn as spikes, recordings, and made tasks.

Each is what an ``.npz`` would hold, spikes (N, T, inputs) and labels (N,), drawn by one seed.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

from snnfpga.data.dataset import DataSet
from snnfpga.data.registry import DataOptions, load

Made = tuple[NDArray[np.uint8], NDArray[np.int64]]


def population(rows: NDArray, steps: int, seed: int, fields: int = 8, most: float = 0.6) -> NDArray[np.uint8]:
    """Each value as the rates of ``fields`` inputs whose Gaussian fields cover its range."""
    values = (rows - rows.min(0)) / np.ptp(rows, 0)
    centres = np.linspace(0, 1, fields)
    rates = most * np.exp(-((values[:, :, None] - centres) * fields) ** 2 / 2)
    rates = rates.reshape(len(rows), 1, -1)
    return (np.random.default_rng(seed).random((len(rows), steps, rates.shape[2])) < rates).astype(np.uint8)


def table(name: str, steps: int) -> Made:
    """A table of scikit-learn."""
    found = getattr(datasets, f"load_{name}")()
    return population(found.data, steps, 0), found.target.astype(np.int64)


def latency_digits() -> Made:
    """The digits, each pixel one event, the sooner the brighter."""
    found = load("digits", DataOptions(coding="latency", steps=12))
    return whole(found)


def whole(found: DataSet) -> Made:
    """All samples of a set."""
    return (np.concatenate([np.asarray(found.train.spikes[:]), np.asarray(found.test.spikes[:])]),
            np.concatenate([found.train.labels, found.test.labels]))


def order(silence: int, samples: int = 600) -> Made:
    """A cue on one of two groups of inputs, ``silence`` steps, a second cue: whether both were the same."""
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 2, (2, samples))
    steps, group = 8 + silence, np.arange(24) // 6
    rates = np.full((samples, steps, 24), 0.02)
    rates[:, :4] += 0.5 * (group == first[:, None])[:, None]
    rates[:, -4:] += 0.5 * (group == 2 + second[:, None])[:, None]
    return (rng.random(rates.shape) < rates).astype(np.uint8), (first == second).astype(np.int64)


def chirps(samples: int = 480, steps: int = 50, channels: int = 24) -> Made:
    """Sweeps over the channels of a cochlea, up or down, fast or slow, that begin anywhere: four classes."""
    rng = np.random.default_rng(2)
    label = np.arange(samples) % 4
    begin = rng.uniform(0, 15, samples)
    span = np.where(label // 2, 30, 15) * rng.uniform(0.9, 1.1, samples)
    place = (np.arange(steps) - begin[:, None]) / span[:, None]             # 0..1 within the sweep
    centre = np.where(label[:, None] % 2, 1 - place, place) * (channels - 1)
    near = np.exp(-(np.arange(channels) - centre[:, :, None]) ** 2 / 4) * ((place >= 0) & (place <= 1))[:, :, None]
    return (rng.random((samples, steps, channels)) < 0.02 + 0.7 * near).astype(np.uint8), label


def sets(root: Path) -> tuple[dict[str, Callable[[], Made]], dict[str, Callable[[], Made]]]:
    """The sets that defaults are chosen on, and those that they are confirmed on; recordings lie below ``root``."""
    return {
        "iris": lambda: table("iris", 16),
        "breast_cancer": lambda: table("breast_cancer", 20),
        "digits, latency": latency_digits,
        "braille": lambda: whole(load("braille", DataOptions(steps=64, root=root))),
        "two cues, 4 silent": lambda: order(4),
    }, {
        "chirps": chirps,
        "wine": lambda: table("wine", 16),
        "two cues, 8 silent": lambda: order(8),
        "nmnist-1100": lambda: whole(load("nmnist-1100", DataOptions(steps=16, root=root))),
    }
