"""The UCI digits that scikit-learn ships: as an event camera sees them, or coded as still images."""

import numpy as np

from .coding import encode
from .dataset import DataSet, Labels, assemble, stratified
from .event_camera import EventCamera, Images, record


def _images() -> tuple[Images, Labels]:
    from sklearn.datasets import load_digits  # a second to import

    digits = load_digits()
    return digits.images / 16.0, digits.target.astype(np.int64)


def load_events(steps: int, seed: int) -> DataSet:
    """``digits-events``: 8 x 8 pixels, OFF and ON, seen by :class:`EventCamera` in ``steps`` steps."""
    images, labels = _images()
    spikes = record(images, EventCamera(steps=steps), seed)
    return assemble("digits-events", spikes, labels, stratified(labels, seed), (8, 8, 2), 10)


def load_coded(coding: str, steps: int, seed: int) -> DataSet:
    """``digits``: 64 inputs under one of the codes of :mod:`snnfpga.data.coding`."""
    images, labels = _images()
    spikes = encode(images.reshape(len(images), -1), coding, steps, seed)
    return assemble("digits", spikes, labels, stratified(labels, seed), (8, 8, 1), 10)
