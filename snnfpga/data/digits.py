"""The UCI digits that scikit-learn ships: as an event camera sees them, or coded as still images."""

import numpy as np

from .coding import encode
from .dataset import DataSet, Labels, assemble, stratified
from .event_camera import EventCamera, Images, record


def _images() -> tuple[Images, Labels]:
    from sklearn.datasets import load_digits  # a second to import

    digits = load_digits()
    return digits.images / 16.0, digits.target.astype(np.int64)


# The camera after a knock and some years: it looks a pixel aside, and its thresholds are higher and less alike.
DRIFTED = {"path": ((-1.0, 0.0), (1.0, 1.0), (-1.0, 2.0)), "contrast": 0.45, "mismatch": 0.3}


def load_events(steps: int, seed: int) -> DataSet:
    """``digits-events``: 8 x 8 pixels, OFF and ON, seen by :class:`EventCamera` in ``steps`` steps."""
    return _seen("digits-events", EventCamera(steps=steps), seed, seed)


def load_drifted(steps: int, seed: int) -> DataSet:
    """``digits-events-drifted``: the same images in the same split, before a camera that has drifted."""
    return _seen("digits-events-drifted", EventCamera(steps=steps, **DRIFTED), seed, seed + 1)


def _seen(name: str, camera: EventCamera, split_seed: int, camera_seed: int) -> DataSet:
    images, labels = _images()
    return assemble(name, record(images, camera, camera_seed), labels, stratified(labels, split_seed), (8, 8, 2), 10)


def load_coded(coding: str, steps: int, seed: int, most: int = 1) -> DataSet:
    """``digits``: 64 inputs under one of the codes of :mod:`snnfpga.data.coding`."""
    images, labels = _images()
    spikes = encode(images.reshape(len(images), -1), coding, steps, seed, most=most)
    return assemble("digits", spikes, labels, stratified(labels, seed), (8, 8, 1), 10)
