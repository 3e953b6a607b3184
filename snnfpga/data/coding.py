"""Still images as spikes: rate and latency codes."""

import numpy as np
from numpy.typing import NDArray

from .dataset import DataError, Spikes

CODINGS = ("rate", "bernoulli", "latency")


def encode(values: NDArray[np.float64], coding: str, steps: int, seed: int) -> Spikes:
    """Spikes of ``values`` (N, inputs), each 0..1.

    ``rate``: value * T spikes, evenly spaced; each input starts at its own phase, drawn once by ``seed``.
    ``bernoulli``: in each step a spike with the value's probability, drawn by ``seed``.
    ``latency``: one spike, the sooner the larger the value; none where it is below 1 / (T + 1).

    Returns
    -------
    (N, T, inputs) uint8.
    """
    rng = np.random.default_rng(seed)
    if coding == "rate":
        return _rate(values, steps, rng)
    if coding == "bernoulli":
        return np.stack([rng.random(values.shape) < values for _ in range(steps)], axis=1).astype(np.uint8)
    if coding == "latency":
        return _latency(values, steps)
    raise DataError(f"Coding must be one of {', '.join(CODINGS)}, not {coding!r}")


def _rate(values: NDArray[np.float64], steps: int, rng: np.random.Generator) -> Spikes:
    due = np.broadcast_to(rng.random(values.shape[1]), values.shape).copy()
    spikes = np.empty((len(values), steps, values.shape[1]), np.uint8)
    for t in range(steps):
        due += values
        spikes[:, t] = due >= 1
        due -= spikes[:, t]
    return spikes


def _latency(values: NDArray[np.float64], steps: int) -> Spikes:
    at = np.floor((1 - values) * (steps + 1)).astype(int)          # 0 for the largest; steps and later: silent
    return (at[:, None, :] == np.arange(steps)[None, :, None]).astype(np.uint8)
