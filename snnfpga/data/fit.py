"""Whether data and network belong together."""

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.spec import NetworkSpec

from ..console import say
from .dataset import DataError, DataSet, Split
from .sampling import drawn

BATCH = 64      # samples that are looked through at a time


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


def check_lessons(data: DataSet) -> None:
    """Refuse to train on samples that have one label or no event, and say which classes cannot be learned.

    Raises
    ------
    DataError
        If there is nothing to tell apart, or by.
    """
    found = labels_in(data.train)
    if len(found) < 2:
        what = f"all its train samples have label {found[0]}" if len(found) else "its train samples have no label"
        raise DataError(f"Data {data.name} must have at least 2 classes to train on, and {what}; add samples of "
                        "another")
    _check_events(data)
    lacking = np.setdiff1d(np.arange(data.classes), found)
    if len(lacking):
        few = ", ".join(map(str, lacking[:5])) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
        tested = int(np.isin(data.test.labels, lacking).sum())
        say(f"Warning: data {data.name} has no train sample of label {few}, of {data.classes} classes"
            + (f", and {tested} test samples that cannot be answered right; mend its split" if tested else
               "; number the classes from 0, without holes"))


def labels_in(split: Split) -> NDArray[np.int64]:
    """The labels that are there, of samples or where they have some of steps, each once and in order; none is none."""
    found = np.unique(split.labels if split.step_labels is None else split.step_labels)
    return found[found >= 0]


def _check_events(data: DataSet) -> None:
    """Refuse train samples of which none has an event."""
    if not any(data.train.spikes[start:start + BATCH].any() for start in range(0, len(data.train), BATCH)):
        raise DataError(f"Data {data.name} holds no event in its train samples; mend them, or its split")


def some(data: DataSet, half: str, samples: int | None = None, seed: int = 0) -> Split:
    """``samples`` of ``train`` or ``test``, drawn by ``seed`` class by class, in the order of the data; or all of them.

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
    return split if samples is None else split.select(np.sort(drawn(split.labels, samples, seed)))


def lessons(data: DataSet, samples: int | None = None, seed: int = 0) -> Split:
    """What is learned from, one by one: ``samples`` of ``train``, or all, in an order that ``seed`` draws as well.

    A file is often sorted by class, and who learns one class after another forgets the first.

    Raises
    ------
    DataError
        As :func:`some`, or if no train sample has an event.
    """
    split = some(data, "train", samples, seed)
    _check_events(data)
    return split.select(np.random.default_rng(seed).permutation(len(split)))
