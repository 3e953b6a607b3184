"""Delayed recall: a cue, a silence, a signal to answer. Made here, seeded; it asks what a rule carries across time."""

import numpy as np

from .dataset import DataError, DataSet, assemble, stratified

CLASSES, CUES, SIGNALS = 4, 16, 4
CUE_STEPS, ANSWER_STEPS = 4, 4
SAMPLES = 800
ON, OFF, NOISE = 0.6, 0.15, 0.01     # chances of an event: in a cue's own channels, in its others, in the silence


def load_recall(steps: int, seed: int) -> DataSet:
    """Each class has half of 16 channels as its cue in the first 4 steps; 4 more fire in the last 4, nothing between.

    Returns
    -------
    800 samples of ``steps`` steps and 20 inputs, 4 classes, split 80/20.

    Raises
    ------
    DataError
        If the steps leave no silence.
    """
    if steps <= CUE_STEPS + ANSWER_STEPS:
        raise DataError(f"Data steps of recall must be at least {CUE_STEPS + ANSWER_STEPS + 1}, not {steps}")
    generator = np.random.default_rng(seed)
    # Halves that overlap by half: no single channel tells the classes apart.
    channels = np.arange(CUES)
    own = np.stack([channels // 2 % 2 == 0, channels // 4 % 2 == 0, channels // 2 % 2 == 1, channels // 4 % 2 == 1])
    labels = np.arange(SAMPLES) % CLASSES
    chance = np.full((SAMPLES, steps, CUES + SIGNALS), NOISE)
    chance[:, :CUE_STEPS, :CUES] = np.where(own[labels], ON, OFF)[:, None]
    chance[:, -ANSWER_STEPS:, CUES:] = ON
    spikes = (generator.random(chance.shape) < chance).astype(np.uint8)
    return assemble("recall", spikes, labels.astype(np.int64), stratified(labels, seed), (1, CUES + SIGNALS, 1),
                    CLASSES)
