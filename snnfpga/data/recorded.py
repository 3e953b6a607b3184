"""Recorded data sets: N-MNIST-1100 (a vision sensor) and Braille (a tactile one)."""

from pathlib import Path

import numpy as np

from .binning import Binning, bin_events
from .dataset import DataError, DataSet, Spikes, assemble, stratified
from .npz import read_arrays

NMNIST_SENSOR = (34, 34)


def load_nmnist(path: Path, how: Binning) -> DataSet:
    """The first 1000 training and 100 test recordings of N-MNIST (Orchard et al. 2015), 34 x 34, OFF and ON.

    Raises
    ------
    DataError
        If the file is absent, damaged or holds something else.
    """
    arrays = read_arrays(path, ("t", "x", "y", "p", "offset", "label", "is_test"))
    found = bin_events(f"Data {path.name}", arrays | {"sensor": np.array(NMNIST_SENSOR)}, how)
    return assemble("nmnist-1100", found.spikes, arrays["label"].astype(np.int64), arrays["is_test"].astype(bool),
                    found.sensor, 10, found.lengths)


def load_braille(path: Path, steps: int, seed: int) -> DataSet:
    """Seven letters read by 12 tactile channels (Müller-Cleve et al. 2022), 256 steps, or fewer in which events join.

    The split is drawn, 80/20 and stratified: the file is a union of validation splits, without a test split.

    Raises
    ------
    DataError
        If the file is absent, damaged or holds something else, or ``steps`` does not divide its steps.
    """
    arrays = read_arrays(path, ("bits", "shape", "label"))
    samples, recorded, channels = (int(size) for size in arrays["shape"])
    spikes = np.unpackbits(arrays["bits"])[:samples * recorded * channels].reshape(samples, recorded, channels)
    labels = arrays["label"].astype(np.int64)
    return assemble("braille", join_steps("braille", spikes, steps), labels, stratified(labels, seed),
                    (1, channels, 1), 7)


def join_steps(name: str, spikes: Spikes, steps: int) -> Spikes:
    """Join neighbouring steps of (N, T, inputs) into ``steps``; a step holds an event where one of them did."""
    samples, recorded, inputs = spikes.shape
    if recorded % steps:
        raise DataError(f"Data steps of {name} must divide {recorded}, not {steps}")
    return spikes.reshape(samples, steps, recorded // steps, inputs).max(2)
