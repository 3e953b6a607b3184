"""A task whose label changes within a sample: which cue is on now."""

import numpy as np


def cue_task(samples=200, steps=32, classes=3, channels=8, seed=0, chance=(0.5, 0.05)):
    """Spikes (N, T, classes * channels) and step labels (N, T): from time to time another cue comes on, or none (-1).

    A cue is a group of channels of its own that fires more; between cues there is noise alone, which has no label.
    """
    rng = np.random.default_rng(seed)
    labels = np.full((samples, steps), -1)
    for own in labels:
        at = 0
        while at < steps:
            lasts = int(rng.integers(6, 13))
            own[at:at + lasts] = rng.integers(-1, classes) if at else rng.integers(classes)
            at += lasts
    group = np.arange(classes * channels) // channels
    rates = np.where(labels[:, :, None] == group, *chance)
    return (rng.random(rates.shape) < rates).astype(np.uint8), labels
