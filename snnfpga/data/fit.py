"""Whether data and network belong together."""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.spec import NetworkSpec

from .dataset import DataError, DataSet, Split


def check_fit(data: DataSet, spec: NetworkSpec) -> None:
    """Refuse data that the network cannot take.

    Raises
    ------
    DataError
        If the inputs differ, a sample is too long, or a label is no class of the network.
    """
    if data.inputs != spec.inputs:
        raise DataError(f"Data {data.name} must have {spec.inputs} inputs for network {spec.name}, not {data.inputs}; "
                        "give the data it was trained for, or train a network for this one")
    if data.steps > spec.max_steps:
        raise DataError(f"Data {data.name} must have at most {spec.max_steps} steps for network {spec.name}, not "
                        f"{data.steps}; bin it coarser, or train with a higher hardware.max_steps")
    largest = max((int(label) for split in (data.train, data.test) for label in labels_in(split)), default=0)
    if largest >= spec.classes:
        raise DataError(f"Labels of data {data.name} must be in 0..{spec.classes - 1} for network {spec.name}, "
                        f"not {largest}")


def check_classes(data: DataSet) -> None:
    """Refuse to learn from samples that all have one label.

    Raises
    ------
    DataError
        If there is nothing to tell apart.
    """
    found = labels_in(data.train)
    if len(found) < 2:
        what = f"all its train samples have label {found[0]}" if len(found) else "its train samples have no label"
        raise DataError(f"Data {data.name} must have at least 2 classes to train on, and {what}; add samples of "
                        "another")


def labels_in(split: Split) -> NDArray[np.int64]:
    """The labels that are there, of samples or where they have some of steps, each once and in order; none is none."""
    found = np.unique(split.labels if split.step_labels is None else split.step_labels)
    return found[found >= 0]


def some(data: DataSet, half: str, samples: int | None = None) -> Split:
    """The first ``samples`` of ``train`` or ``test``.

    Raises
    ------
    DataError
        If there are none, or fewer than asked for.
    """
    split: Split = getattr(data, half)
    if not len(split):
        raise DataError(f"Data {data.name} has no {half} samples; mark some as {half} in its split, or give more")
    if samples is not None and not 1 <= samples <= len(split):
        raise DataError(f"Samples must be in 1..{len(split)}, the {half} samples of {data.name}, not {samples}")
    return split.take(samples)
