"""Sparse events into steps."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .dataset import DataError, Spikes


def bin_events(thing: str, arrays: Mapping[str, NDArray], steps: int,
               binning: str) -> tuple[Spikes, tuple[int, int, int]]:
    """Check and bin ``t`` (microseconds), ``x``, ``y``, ``p``, ``offset``, ``sensor``.

    ``time``: a step has the same length in every sample, so that the longest sample fills all steps; a sample begins
    with its first event. ``count``: each sample's events are cut into steps of equal numbers.

    Returns
    -------
    (N, T, H * W * 2) uint8 with input ``(y * W + x) * 2 + p``, and the sensor (H, W, 2).

    Raises
    ------
    DataError
        If an array has a wrong shape or type, offsets do not ascend, or an event lies outside the sensor.
    """
    height, width = _sensor(thing, arrays["sensor"])
    offset, sample = _samples(thing, arrays)
    _check_events(thing, arrays, height, width)
    time = _since_start(thing, arrays["t"].astype(np.int64), offset)
    if binning == "time":
        step = time * steps // (time.max(initial=0) + 1)
    else:
        position = np.arange(len(time)) - offset[sample]
        step = position * steps // np.maximum(np.diff(offset), 1)[sample]
    spikes = np.zeros((len(offset) - 1, steps, height * width * 2), np.uint8)
    index = (arrays["y"].astype(np.int64) * width + arrays["x"]) * 2 + arrays["p"]
    spikes[sample, step, index] = 1
    return spikes, (height, width, 2)


def _sensor(thing: str, sensor: NDArray) -> tuple[int, int]:
    if sensor.shape != (2,) or sensor.dtype.kind not in "iu" or sensor.min() < 1:
        raise DataError(f"{thing}: sensor must be (height, width), two integers of at least 1, not {sensor.tolist()!r}")
    height, width = (int(value) for value in sensor)
    if height * width * 2 > 1 << 16:
        raise DataError(f"{thing}: sensor must have at most {1 << 15} pixels, not {height * width}; pool it")
    return height, width


def _samples(thing: str, arrays: Mapping[str, NDArray]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offsets (N + 1,), and the sample of each event."""
    offset, events = arrays["offset"], len(np.atleast_1d(arrays["t"]))
    if offset.ndim != 1 or len(offset) < 2 or offset.dtype.kind not in "iu":
        raise DataError(f"{thing}: offset must hold samples + 1 integers, at least 2, not {offset.dtype} of shape "
                        f"{offset.shape}")
    offset = offset.astype(np.int64)
    counts = np.diff(offset)
    if offset[0] != 0 or offset[-1] != events or (counts < 0).any():
        raise DataError(f"{thing}: offset must ascend from 0 to {events}, the number of events, not "
                        f"{_where_it_fails(offset, events)}")
    return offset, np.repeat(np.arange(len(counts)), counts)


def _where_it_fails(offset: NDArray[np.int64], events: int) -> str:
    falls = np.flatnonzero(np.diff(offset) < 0)
    if len(falls):
        return f"fall from {offset[falls[0]]} to {offset[falls[0] + 1]} at sample {falls[0]}"
    return f"run from {offset[0]} to {offset[-1]}"


def _check_events(thing: str, arrays: Mapping[str, NDArray], height: int, width: int) -> None:
    events = arrays["t"].shape
    limits = {"t": None, "x": width, "y": height, "p": 2}
    for name, limit in limits.items():
        values = arrays[name]
        if values.ndim != 1 or values.shape != events:
            raise DataError(f"{thing}: t, x, y and p must have one value an event, and {name} has shape "
                            f"{values.shape} beside t of {events}")
        if values.dtype.kind not in "iu" + ("b" if name == "p" else ""):
            raise DataError(f"{thing}: {name} must hold integers, not {values.dtype}")
        if limit is not None and len(values) and (values.min() < 0 or values.max() >= limit):
            first = int(np.flatnonzero((values < 0) | (values >= limit))[0])
            raise DataError(f"{thing}: {name} must be in 0..{limit - 1} on a sensor of {height} x {width}, not "
                            f"{values[first]} (event {first})")
    if not len(arrays["t"]):
        raise DataError(f"{thing} holds no event; give at least one")


def _since_start(thing: str, time: NDArray[np.int64], offset: NDArray[np.int64]) -> NDArray[np.int64]:
    """Time of each event since its sample's first."""
    back = np.diff(time) < 0
    starts = offset[1:-1]
    back[starts[(starts > 0) & (starts < len(time))] - 1] = False
    if back.any():
        at = int(np.flatnonzero(back)[0]) + 1
        raise DataError(f"{thing}: t must not go back within a sample, not from {time[at - 1]} to {time[at]} "
                        f"(event {at}); sort the events of each sample by time")
    counts = np.diff(offset)
    return time - np.repeat(time[np.minimum(offset[:-1], len(time) - 1)], counts)
