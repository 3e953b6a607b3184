"""Still images as spikes: rate, latency, phase and sigma-delta codes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.errors import shown

from .dataset import DataError, Spikes
from .lazy import Buffer, LazySpikes, told

CODINGS = ("rate", "bernoulli", "latency", "direct", "phase", "sigma-delta")
PHASES = 8          # bits of a pixel


@dataclass(frozen=True)
class CodedImages(LazySpikes):
    """Still images, coded when their spikes are asked for.

    Attributes
    ----------
    images
        (N, inputs) uint8; 255 is a value of 1.
    numbers
        (N,) int64: see :func:`encode`.
    coding, steps, seed, most
        As :func:`encode` takes them.
    """

    images: NDArray[np.uint8]
    numbers: NDArray[np.int64]
    coding: str
    steps: int
    seed: int
    most: int = 1

    @property
    def shape(self) -> tuple[int, int, int]:
        samples, inputs = self.images.shape
        return samples, self.steps, inputs

    def content(self) -> Iterator[Buffer]:
        most = "" if self.most == 1 else f" {self.most}"
        for array in (self.images, self.numbers, np.array(f"{self.coding} {self.steps} {self.seed}{most}")):
            yield from told(array)

    def select(self, index: Any) -> "CodedImages":
        return replace(self, images=self.images[index], numbers=self.numbers[index])

    def make(self, samples: NDArray[np.int64]) -> Spikes:
        values = self.images[samples].astype(np.float32) / np.float32(255)
        return encode(values, self.coding, self.steps, self.seed, self.numbers[samples], self.most)


def coded_halves(train: NDArray[np.uint8], test: NDArray[np.uint8], coding: str, steps: int, seed: int,
                 most: int = 1) -> tuple[CodedImages, CodedImages]:
    """Training and test images (N, ...) under one code, numbered through."""
    images = [half.reshape(len(half), -1) for half in (train, test)]
    numbers = np.arange(len(train) + len(test))
    return (CodedImages(images[0], numbers[:len(train)], coding, steps, seed, most),
            CodedImages(images[1], numbers[len(train):], coding, steps, seed, most))


def encode(values: NDArray[np.floating], coding: str, steps: int, seed: int,
           numbers: NDArray[np.int64] | None = None, most: int = 1) -> Spikes:
    """Spikes of ``values`` (N, inputs), each 0..1.

    ``rate``: value * T spikes, evenly spaced; each input starts at its own phase, drawn once by ``seed``.
    ``bernoulli``: in each step a spike with the value's probability, drawn by ``seed`` and the sample's number.
    ``latency``: one spike, the sooner the larger the value; none where it is below 1 / (T + 1).
    ``direct``: in each step ``most`` times the value, to nearest: no spikes but numbers.
    ``phase``: the bits of 255 times the value, a step each, the highest first, again and again.
    ``sigma-delta``: value * T spikes by a sigma-delta modulator of second order: where the errors so far sum to 1/2.

    Parameters
    ----------
    numbers
        (N,): a sample's number in its data set, so that it has the same spikes whatever it is coded beside; 0 .. N - 1
        where None.
    most
        The largest input of ``direct``.

    Returns
    -------
    (N, T, inputs) uint8.
    """
    if coding == "rate":
        return _rate(values, steps, np.random.default_rng(seed))
    if coding == "bernoulli":
        numbers = np.arange(len(values)) if numbers is None else numbers
        draws = [np.random.default_rng((seed, number)).random((steps, values.shape[1])) for number in numbers]
        return (np.stack(draws) < values[:, None]).astype(np.uint8)
    if coding == "latency":
        return _latency(values, steps)
    if coding == "direct":
        return np.repeat(np.rint(values * most).astype(np.uint8)[:, None, :], steps, 1)
    if coding == "phase":
        shifts = PHASES - 1 - np.arange(steps) % PHASES
        return (np.rint(values * 255).astype(np.uint8)[:, None, :] >> shifts[None, :, None] & 1).astype(np.uint8)
    if coding == "sigma-delta":
        return _sigma_delta(values, steps)
    raise DataError(f"Coding must be one of {', '.join(CODINGS)}, not {shown(coding)}")


def _rate(values: NDArray[np.floating], steps: int, rng: np.random.Generator) -> Spikes:
    due = np.broadcast_to(rng.random(values.shape[1]), values.shape).copy()
    spikes = np.empty((len(values), steps, values.shape[1]), np.uint8)
    for t in range(steps):
        due += values
        spikes[:, t] = due >= 1
        due -= spikes[:, t]
    return spikes


def _latency(values: NDArray[np.floating], steps: int) -> Spikes:
    at = np.floor((1 - values) * (steps + 1)).astype(int)          # 0 for the largest; steps and later: silent
    return (at[:, None, :] == np.arange(steps)[None, :, None]).astype(np.uint8)


def _sigma_delta(values: NDArray[np.floating], steps: int) -> Spikes:
    error, sum_of_errors = np.zeros_like(values), np.zeros_like(values)
    spikes = np.zeros((len(values), steps, values.shape[1]), np.uint8)
    for t in range(steps):
        said = spikes[:, t - 1] if t else 0
        error += values - said
        sum_of_errors += error - said
        spikes[:, t] = sum_of_errors >= 0.5
    return spikes
