"""Generic drifts: what may happen to any sensor, to measure how much of it a network learns its way out of.

They are of no data set in particular, and are used to choose rates alone: results are measured on other drifts.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Spikes = NDArray[np.uint8]
Drift = Callable[[Spikes, float, np.random.Generator], Spikes]


def dead_inputs(spikes: Spikes, share: float, rng: np.random.Generator) -> Spikes:
    """A ``share`` of the inputs has no events any more."""
    inputs = spikes.shape[2]
    dead = rng.permutation(inputs)[:max(1, round(share * inputs))]
    found = spikes.copy()
    found[:, :, dead] = 0
    return found


def swapped_pairs(spikes: Spikes, share: float, rng: np.random.Generator) -> Spikes:
    """A ``share`` of the inputs have changed places, two by two."""
    inputs = spikes.shape[2]
    pairs = rng.permutation(inputs)[:2 * max(1, round(share * inputs / 2))].reshape(2, -1)
    found = spikes.copy()
    found[:, :, pairs[0]], found[:, :, pairs[1]] = spikes[:, :, pairs[1]], spikes[:, :, pairs[0]]
    return found


def added_events(spikes: Spikes, share: float, rng: np.random.Generator) -> Spikes:
    """Some inputs, a ``share`` of all, fire on their own as often as the busiest tenth of the inputs does."""
    rates = spikes.mean((0, 1))
    rate = float(np.quantile(rates, 0.9)) or float(rates.max())
    inputs = spikes.shape[2]
    noisy = rng.permutation(inputs)[:max(1, round(share * inputs))]
    found = spikes.copy()
    found[:, :, noisy] |= (rng.random((*spikes.shape[:2], len(noisy))) < rate).astype(np.uint8)
    return found


DRIFTS: dict[str, Drift] = {"inputs dead": dead_inputs, "pairs swapped": swapped_pairs, "events added": added_events}
SHARES = (0.1, 0.2, 0.4, 0.6)       # tried one after the other, until a drift does harm
