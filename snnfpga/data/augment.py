"""Training samples made different each time: moved, turned, cut, delayed. A new way is a function and a line in config.

Each takes events (B, T, H, W, C), its strength as ``training.augment`` has it, never 0, and the generator that it draws
from; it draws for each sample and gives events of the same shape. What leaves the sensor or the sample is lost.
"""

from collections.abc import Callable
from math import pi
from typing import Any

import torch
from torch import Tensor

from ..config.training import AugmentConfig
from .dataset import DataError, DataSet
from .delays import DelayedSpikes

Augment = Callable[[Tensor, Any, torch.Generator], Tensor]

AUGMENTS: dict[str, Augment] = {}       # by the key of the configuration, in the order of application
PLANE: set[str] = set()                 # those that need a sensor of two dimensions
CHANNELS: set[str] = set()              # those that need two channels


def _registered(*needs: set[str]) -> Callable[[Augment], Augment]:
    def register(augment: Augment) -> Augment:
        AUGMENTS[augment.__name__] = augment
        for names in needs:
            names.add(augment.__name__)
        return augment

    return register


class Augmenter:
    """What ``training.augment`` asks for, applied to the batches of one data set.

    Raises
    ------
    DataError
        If the data's sensor has not the dimensions or channels for it, or its channels are lines of a delay.
    """

    def __init__(self, config: AugmentConfig, data: DataSet) -> None:
        self.sensor = data.sensor
        self.strengths = {name: strength for name in AUGMENTS if (strength := getattr(config, name))}
        height, width, channels = data.sensor
        for name in self.strengths:
            if name in PLANE and 1 in (height, width):
                raise DataError(f"Config training.augment.{name} needs a sensor of two dimensions, and {data.name} has "
                                f"{height} x {width}; leave it out")
            if name in CHANNELS and channels < 2:
                raise DataError(f"Config training.augment.{name} needs two channels, and {data.name} has {channels}; "
                                "leave it out")
            if name in CHANNELS and isinstance(data.train.spikes, DelayedSpikes):
                raise DataError(f"Config training.augment.{name} loses a channel, and would lose but a line of it with "
                                "data.delays; leave one of them out")

    def __call__(self, events: Tensor, generator: torch.Generator) -> Tensor:
        """A batch (B, T, inputs), changed."""
        if not self.strengths:
            return events
        frames = events.unflatten(2, self.sensor)
        for name, strength in self.strengths.items():
            frames = AUGMENTS[name](frames, strength, generator)
        return frames.flatten(2)


@_registered(PLANE)
def flip(events: Tensor, strength: bool, generator: torch.Generator) -> Tensor:
    """Left and right change places in half of the samples."""
    chosen = torch.rand(len(events), generator=generator) < 0.5
    return torch.where(chosen[:, None, None, None, None], events.flip(3), events)


@_registered(PLANE)
def rotate(events: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Turn about the middle of the sensor by up to ``strength`` degrees either way; a pixel takes its nearest."""
    angle = _either_way(len(events), generator) * strength * pi / 180
    return _mapped(events, angle.cos(), -angle.sin(), angle.sin(), angle.cos())


@_registered(PLANE)
def scale(events: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Move rows and columns farther apart or closer, each by up to this share; a pixel takes its nearest."""
    down, right = (1 + strength * _either_way(len(events), generator) for _ in range(2))
    return _mapped(events, 1 / down, 0.0, 0.0, 1 / right)


@_registered(PLANE)
def shear(events: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Lean to the left or right, by up to this share of the height; a pixel takes its nearest."""
    return _mapped(events, 1.0, 0.0, strength * _either_way(len(events), generator), 1.0)


@_registered(PLANE)
def shift(events: Tensor, strength: int, generator: torch.Generator) -> Tensor:
    """Move by up to ``strength`` pixels, down or up and right or left."""
    dy, dx = (_whole(len(events), strength, generator)[:, None, None] for _ in range(2))
    y, x = _pixels(events)
    return _look(events, y - dy, x - dx)


@_registered(PLANE)
def cutout(events: Tensor, strength: int, generator: torch.Generator) -> Tensor:
    """Silence a square of ``strength`` pixels a side that lies within the sensor."""
    y, x = _pixels(events)
    inside = torch.ones(len(events), *y.shape, dtype=torch.bool)
    for at, size in ((y, events.shape[2]), (x, events.shape[3])):
        places = max(size - strength, 0) + 1
        start = torch.randint(places, (len(events), 1, 1), generator=generator)
        inside &= (at >= start) & (at < start + strength)
    return events * ~inside[:, None, :, :, None]


@_registered()
def time_shift(events: Tensor, strength: int, generator: torch.Generator) -> Tensor:
    """Begin up to ``strength`` steps sooner or later."""
    steps = events.shape[1]
    source = torch.arange(steps) - _whole(len(events), strength, generator)[:, None]        # (B, T)
    inside = (source >= 0) & (source < steps)
    moved = events[torch.arange(len(events))[:, None], source.clamp(0, steps - 1)]
    return moved * inside[:, :, None, None, None]


@_registered()
def time_jitter(events: Tensor, strength: int, generator: torch.Generator) -> Tensor:
    """Move each event by up to ``strength`` steps; those that meet become one, of inputs that count the largest."""
    delay = torch.randint(-strength, strength + 1, events.shape, dtype=torch.int32, generator=generator)
    moved, steps = torch.zeros_like(events), events.shape[1]
    for by in range(-min(strength, steps - 1), min(strength, steps - 1) + 1):
        chosen = events * (delay == by)
        meets = moved[:, max(by, 0):steps + min(by, 0)]
        torch.maximum(meets, chosen[:, max(-by, 0):steps - max(by, 0)], out=meets)
    return moved


@_registered(CHANNELS)
def drop_polarity(events: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """With this chance, silence one channel of a sample, drawn among them."""
    chosen = torch.rand(len(events), generator=generator) < strength
    channel = torch.randint(events.shape[4], (len(events),), generator=generator)
    lost = torch.arange(events.shape[4]) == channel[:, None]                                # (B, C)
    return events * ~(chosen[:, None] & lost)[:, None, None, None]


def _whole(samples: int, strength: int, generator: torch.Generator) -> Tensor:
    """Integers (B,) in -strength .. strength."""
    return torch.randint(-strength, strength + 1, (samples,), generator=generator)


def _either_way(samples: int, generator: torch.Generator) -> Tensor:
    """Numbers (B, 1, 1) in -1 .. 1."""
    return 2 * torch.rand(samples, 1, 1, generator=generator) - 1


def _mapped(events: Tensor, yy: Tensor | float, yx: Tensor | float, xy: Tensor | float, xx: Tensor | float) -> Tensor:
    """What each pixel has from where a matrix, about the middle of the sensor, says: (y, x) times (yy yx; xy xx)."""
    y, x = _pixels(events)
    middle_y, middle_x = (events.shape[2] - 1) / 2, (events.shape[3] - 1) / 2
    dy, dx = y - middle_y, x - middle_x
    found_y, found_x = (middle + of_y * dy + of_x * dx for middle, of_y, of_x in (
        (middle_y, yy, yx), (middle_x, xy, xx)))
    samples = len(events)
    return _look(events, found_y.round().long().expand(samples, -1, -1), found_x.round().long().expand(samples, -1, -1))


def _pixels(events: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column of each pixel, (H, W)."""
    y, x = torch.meshgrid(torch.arange(events.shape[2]), torch.arange(events.shape[3]), indexing="ij")
    return y, x


def _look(events: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """What each pixel has from row y and column x, (B, H, W) each; nothing from outside."""
    _, _, height, width, _ = events.shape
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    source = (y.clamp(0, height - 1) * width + x.clamp(0, width - 1)).flatten(1)
    # One gather over the batch takes three times as long.
    found = torch.stack([sample.index_select(1, at) for sample, at in zip(events.flatten(2, 3), source, strict=True)])
    return found.unflatten(2, (height, width)) * inside[:, None, :, :, None]
