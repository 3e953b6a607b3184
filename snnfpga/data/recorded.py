"""Recorded data sets: N-MNIST-1100 (a vision sensor) and Braille (a tactile one)."""

import math
from pathlib import Path

import numpy as np

from .archive import read_arrays
from .binning import Binning, bin_events
from .dataset import DataError, DataSet, Spikes, assemble, stratified
from .integers import integers, known_labels

NMNIST_SENSOR = (34, 34)


def load_nmnist(path: Path, how: Binning) -> DataSet:
    """The first 1000 training and 100 test recordings of N-MNIST (Orchard et al. 2015), 34 x 34, OFF and ON.

    Raises
    ------
    DataError
        If the file is absent, damaged or holds something else.
    """
    arrays = read_arrays(path, ("t", "x", "y", "p", "offset", "label", "is_test"))
    thing, is_test = f"Data {path.name}", arrays["is_test"]
    found = bin_events(thing, arrays | {"sensor": np.array(NMNIST_SENSOR)}, how)
    labels = known_labels(thing, arrays["label"], len(found.spikes), 10)
    if is_test.shape != labels.shape or is_test.dtype.kind not in "iub":
        raise DataError(f"{thing}: is_test must hold true or false for each of {len(labels)} samples, not "
                        f"{is_test.dtype} of shape {is_test.shape}; copy it again")
    return assemble("nmnist-1100", found.spikes, labels, is_test.astype(bool), found.sensor, 10, found.lengths)


def load_braille(path: Path, steps: int, seed: int) -> DataSet:
    """Seven letters read by 12 tactile channels (Müller-Cleve et al. 2022), 256 steps, or fewer in which events join.

    The split is drawn, 80/20 and stratified: the file is a union of validation splits, without a test split.

    Raises
    ------
    DataError
        If the file is absent, damaged or holds something else, or ``steps`` does not divide its steps.
    """
    arrays = read_arrays(path, ("bits", "shape", "label"))
    thing, bits = f"Data {path.name}", arrays["bits"]
    shape = integers(thing, "shape", arrays["shape"])
    wanted = shape.shape == (3,) and shape.min() > 0 and -(-math.prod(shape.tolist()) // 8)
    if bits.dtype != np.uint8 or wanted != bits.size:
        raise DataError(f"{thing}: shape must be (samples, steps, channels) of as many bits as there are, not "
                        f"{shape.tolist()} beside {bits.size} bytes of {bits.dtype}; copy it again")
    samples, recorded, channels = shape.tolist()
    spikes = np.unpackbits(bits)[:samples * recorded * channels].reshape(samples, recorded, channels)
    labels = known_labels(thing, arrays["label"], samples, 7)
    return assemble("braille", join_steps("braille", spikes, steps), labels, stratified(labels, seed),
                    (1, channels, 1), 7)


def join_steps(name: str, spikes: Spikes, steps: int) -> Spikes:
    """Join neighbouring steps of (N, T, inputs) into ``steps``; a step holds an event where one of them did."""
    samples, recorded, inputs = spikes.shape
    if recorded % steps:
        raise DataError(f"Data steps of {name} must divide {recorded}, not {steps}")
    return spikes.reshape(samples, steps, recorded // steps, inputs).max(2)
