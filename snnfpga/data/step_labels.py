"""Labels within a sample: one a step, of spikes in steps or of the segments of a recording (``docs/data.md``)."""

import zipfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.readout import MAX_CLASSES
from rtl_gen.contract.regular import regular

from .binning import Binned, Timeline, steps_of
from .dataset import DataError

StepLabels = NDArray[np.int8]       # (N, T), -1 where a step has no label
Arrays = Mapping[str, NDArray]

STEPS = "step_label"
SEGMENTS = ("segment_start_us", "segment_label", "segment_offset")


def are_in(path: Path) -> bool:
    """Whether an .npz names labels of steps or segments, unread; False as well where it cannot be opened."""
    try:
        with zipfile.ZipFile(regular(path)) as file:
            return bool({f"{STEPS}.npy", f"{SEGMENTS[1]}.npy"} & set(file.namelist()))
    except (OSError, zipfile.BadZipFile):
        return False


def of_steps(thing: str, arrays: Arrays, shape: tuple[int, int],
             lengths: NDArray[np.int64] | None) -> StepLabels | None:
    """The array ``step_label`` of dense spikes of ``shape`` (N, T), -1 after a sample's end; None where there is none.

    Raises
    ------
    DataError
        If it has another shape or type, or a value that is neither a class nor -1, or there are segments beside it.
    """
    for name in SEGMENTS:
        if name in arrays:
            raise DataError(f"{thing} must not hold {name!r} beside spikes, which have no times; give {STEPS}, a label "
                            "a step")
    if STEPS not in arrays:
        return None
    found = _integers(thing, STEPS, arrays[STEPS])
    if found.shape != shape:
        raise DataError(f"{thing}: {STEPS} must have shape {shape}, a label a step, not {found.shape}")
    bad = np.argwhere((found < -1) | (found >= MAX_CLASSES))
    if len(bad):
        sample, step = bad[0]
        raise DataError(f"{thing}: {STEPS} must be a class in 0..{MAX_CLASSES - 1}, or -1 for none, not "
                        f"{found[sample, step]} (sample {sample}, step {step})")
    return _labelled(thing, STEPS, within(found.astype(np.int8), lengths))


def of_segments(thing: str, arrays: Arrays, found: Binned) -> StepLabels | None:
    """What ``segment_start_us``, ``segment_label`` and ``segment_offset`` say of each step; None where they are not.

    A label holds from its segment's start until the next one's, the last until the sample's last event. A step has the
    label that holds in its middle, or where steps go by count, at its middle event.

    Parameters
    ----------
    arrays
        Those of the events, checked, beside the segments.
    found
        What the events have become.

    Raises
    ------
    DataError
        If one of the three is missing, has a wrong shape or type, starts do not ascend within a sample, a segment
        begins after its sample's last event, or a label is neither a class nor -1.
    """
    if STEPS in arrays:
        raise DataError(f"{thing} must not hold {STEPS!r} beside events, whose steps come of binning; give "
                        f"{', '.join(SEGMENTS)}")
    given = [name for name in SEGMENTS if name in arrays]
    if not given:
        return None
    for name in SEGMENTS:
        if name not in arrays:
            raise DataError(f"{thing} lacks {name!r} beside {given[0]}; give all of {', '.join(SEGMENTS)}")
    start, label, offset = _segments(thing, arrays)
    samples, steps, _ = found.spikes.shape
    if len(offset) != samples + 1:
        raise DataError(f"{thing}: segment_offset must hold {samples + 1} integers, samples + 1, not {len(offset)}")
    time = arrays["t"].astype(np.int64)
    labels = np.full((samples, steps), -1, np.int8)
    for sample, (events, segments) in enumerate(zip(pairwise(arrays["offset"]), pairwise(offset), strict=True)):
        own = time[slice(*events)]
        _check_starts(thing, sample, start, segments, own)
        labels[sample] = _of_sample(own, start[slice(*segments)], label[slice(*segments)], found.timeline)
    return _labelled(thing, "segment_label", within(labels, found.lengths))


def _of_sample(time: NDArray[np.int64], start: NDArray[np.int64], label: NDArray[np.int8],
               timeline: Timeline) -> StepLabels:
    """(T,): the label that holds in the middle of each step of a sample with events at ``time``."""
    found = np.full(timeline.steps, -1, np.int8)
    if not len(time) or not len(start):
        return found
    of_events = steps_of(time, timeline)
    last = min(int(of_events[-1]), timeline.steps - 1)
    numbers = np.arange(last + 1)
    # Steps count from the first event, which comes a little after a recording begins: a label at their ends would be
    # the next one wherever labels change a whole number of steps from the beginning.
    if timeline.step is None:
        middle = time[(np.searchsorted(of_events, numbers) + np.searchsorted(of_events, numbers, "right") - 1) // 2]
    else:
        middle = time[0] + (2 * numbers + 1) * timeline.step.numerator // (2 * timeline.step.denominator)
    # A sample ends with its last event, perhaps before the middle of a step, and so does its last label.
    segment = np.searchsorted(start, np.minimum(middle, time[-1]), "right") - 1
    found[:last + 1] = np.where(segment < 0, -1, label[segment])
    return found


def _segments(thing: str, arrays: Arrays) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int64]]:
    """The three arrays, checked each by itself."""
    start, label, offset = (_integers(thing, name, arrays[name]) for name in SEGMENTS)
    for name, values in zip(SEGMENTS, (start, label, offset), strict=True):
        if values.ndim != 1:
            raise DataError(f"{thing}: {name} must have one dimension, not shape {values.shape}")
    if len(label) != len(start):
        raise DataError(f"{thing}: segment_label must hold {len(start)} labels, one for each segment_start_us, not "
                        f"{len(label)}")
    if not len(offset) or offset[0] != 0 or offset[-1] != len(start) or (np.diff(offset.astype(np.int64)) < 0).any():
        raise DataError(f"{thing}: segment_offset must ascend from 0 to {len(start)}, the number of segments")
    bad = np.flatnonzero((label < -1) | (label >= MAX_CLASSES))
    if len(bad):
        raise DataError(f"{thing}: segment_label must be a class in 0..{MAX_CLASSES - 1}, or -1 for none, not "
                        f"{label[bad[0]]} (segment {bad[0]})")
    return start.astype(np.int64), label.astype(np.int8), offset.astype(np.int64)


def _check_starts(thing: str, sample: int, start: NDArray[np.int64], segments: tuple[int, int],
                  time: NDArray[np.int64]) -> None:
    """Refuse segments of a sample that go back, or begin where nothing was recorded any more."""
    first, end = segments
    back = np.flatnonzero(np.diff(start[first:end]) <= 0)
    if len(back):
        at = first + int(back[0]) + 1
        raise DataError(f"{thing}: segment_start_us must ascend within a sample, not go from {start[at - 1]} to "
                        f"{start[at]} (segment {at}, sample {sample})")
    if end > first and len(time) and start[end - 1] > time[-1]:
        raise DataError(f"{thing}: segment_start_us must be at most {time[-1]}, the time of the last event of sample "
                        f"{sample}, not {start[end - 1]} (segment {end - 1}); both are microseconds of one clock")


def _integers(thing: str, name: str, values: NDArray) -> NDArray:
    if values.dtype.kind not in "iu":
        raise DataError(f"{thing}: {name} must hold integers, not {values.dtype}")
    return values


def within(labels: StepLabels, lengths: NDArray[np.int64] | None) -> StepLabels:
    """The labels (N, T) without those of steps that a sample does not have."""
    if lengths is None:
        return labels
    return np.where(np.arange(labels.shape[1]) < lengths[:, None], labels, np.int8(-1))


def _labelled(thing: str, name: str, labels: StepLabels) -> StepLabels:
    """Refuse labels of which there is none."""
    if (labels == -1).all():
        raise DataError(f"{thing}: {name} must give a label to at least one step, and all are -1; leave it out, and "
                        "give label")
    return labels


def with_sample_labels(thing: str, arrays: Arrays, labels: StepLabels | None) -> Arrays:
    """``arrays`` with a ``label`` where they lack it: the most frequent label of each sample's steps, (N,).

    Raises
    ------
    DataError
        If a sample has no label at all.
    """
    if labels is None or "label" in arrays:
        return arrays
    bare = np.flatnonzero((labels == -1).all(1))
    if len(bare):
        raise DataError(f"{thing} must have a label in some step of each sample, or 'label' beside, and sample "
                        f"{bare[0]} has neither; label a step of it, or leave it out")
    return {**arrays, "label": of_samples(labels)}


def of_samples(labels: StepLabels) -> NDArray[np.int64]:
    """(N,): the most frequent label of each sample, the lowest of equals, -1 where it has none."""
    counts = np.stack([(labels == label).sum(1) for label in range(max(1, int(labels.max()) + 1))], 1)
    return np.where(counts.any(1), counts.argmax(1), -1)


def classes_of(thing: str, arrays: Arrays, labels: StepLabels | None, classes: int) -> int:
    """The number of classes: ``classes``, that of the samples' labels, or more where those of steps name more.

    Raises
    ------
    DataError
        If the file says how many there are, and a step has another.
    """
    if labels is None:
        return classes
    largest = int(labels.max())
    if "classes" in arrays and largest >= classes:
        sample, step = np.argwhere(labels == largest)[0]
        raise DataError(f"{thing}: labels of steps must be in 0..{classes - 1}, or -1 for none, not {largest} (sample "
                        f"{sample}, step {step}); number the classes from 0")
    return max(classes, largest + 1)


def of_windows(labels: StepLabels, window: int, loss_steps: int,
               lengths: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """The label of each window of ``window`` steps, (N, windows), -1 where it has none: docs/arithmetic.md, Labels.

    That is the label of its last step that has one; none where no step of the loss window took place.
    """
    samples, steps = labels.shape
    count = -(-steps // window)
    padded = np.full((samples, count * window), -1, np.int64)
    padded[:, :steps] = within(labels, lengths)
    found = np.full((samples, count), -1, np.int64)
    for position in range(window):
        now = padded[:, position::window]
        found = np.where(now == -1, found, now)
    return np.where(windows_there(labels.shape, window, loss_steps, lengths), found, -1)


def windows_there(shape: tuple[int, int], window: int, loss_steps: int,
                  lengths: NDArray[np.int64] | None) -> NDArray[np.bool_]:
    """(N, windows): whether a step of the loss window of each window took place, of samples of ``shape`` (N, T)."""
    samples, steps = shape
    ends = np.full(samples, steps) if lengths is None else lengths
    return ends[:, None] - np.arange(-(-steps // window)) * window > window - loss_steps
