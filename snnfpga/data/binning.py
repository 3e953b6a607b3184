"""Events with times into steps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rtl_gen.spec import MAX_INPUTS

from .dataset import DataError, Spikes
from .packed import PackedSpikes, pack

Events = Mapping[str, NDArray]      # t (int64 microseconds), x, y, p: a value an event
Sensor = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Binning:
    """How the events of a sample become T steps. A sample begins with its first event.

    Attributes
    ----------
    steps
        T.
    by
        ``time``: a step has the same length in every sample, so that the longest sample fills all steps. ``count``:
        each sample is cut into steps of equal numbers of events.
    pool
        So many pixels in each direction become one, which has an event where one of them has.
    """

    steps: int
    by: str = "time"
    pool: int = 1


def step_of(recordings: Iterable[Events], how: Binning) -> Fraction:
    """Microseconds of a step; of no meaning where steps are cut by count."""
    if how.by == "count":
        return Fraction(0)
    return Fraction(max(_duration(events) for events in recordings), how.steps)


def _duration(events: Events) -> int:
    """Microseconds from the first event to the end of the last, which takes one."""
    return int(events["t"][-1] - events["t"][0]) + 1 if len(events["t"]) else 1


def bin_recordings(recordings: Iterable[Events], sensor: Sensor, how: Binning,
                   step: Fraction) -> tuple[PackedSpikes, Sensor]:
    """Bin samples whose events are checked and in order of time.

    Parameters
    ----------
    sensor
        (H, W, C), before pooling.
    step
        As :func:`step_of` gives it for all samples of the data set.

    Returns
    -------
    (N, T, inputs) with input ``(y * W + x) * C + p`` of the pooled sensor, and that sensor.
    """
    height, width, channels = sensor
    pooled = -(-height // how.pool), -(-width // how.pool), channels
    packed = [pack(_bin(events, pooled, how, step)) for events in recordings]
    return PackedSpikes(np.stack(packed), int(np.prod(pooled))), pooled


def _bin(events: Events, sensor: Sensor, how: Binning, step: Fraction) -> Spikes:
    """(T, inputs) of one sample on the pooled sensor."""
    if how.by == "time":
        at = (events["t"] - events["t"][:1]) * step.denominator // step.numerator
    else:
        at = np.arange(len(events["t"])) * how.steps // max(len(events["t"]), 1)
    _, width, channels = sensor
    spikes = np.zeros((how.steps, int(np.prod(sensor))), np.uint8)
    y, x = (events[name].astype(np.int64) // how.pool for name in "yx")
    spikes[at, (y * width + x) * channels + events["p"]] = 1
    return spikes


def bin_events(thing: str, arrays: Mapping[str, NDArray], how: Binning) -> tuple[PackedSpikes, Sensor]:
    """Check and bin ``t`` (microseconds), ``x``, ``y``, ``p``, ``offset``, ``sensor``: all samples in an array each.

    Returns
    -------
    As :func:`bin_recordings`, with two channels.

    Raises
    ------
    DataError
        If an array has a wrong shape or type, offsets do not ascend, or an event lies outside the sensor.
    """
    sensor = _sensor(thing, arrays["sensor"])
    offset = _offset(thing, arrays)
    check_events(thing, arrays, (*sensor, 2))
    if not len(arrays["t"]):
        raise DataError(f"{thing} holds no event; give at least one")
    check_sensor(thing, (*sensor, 2), how.pool)
    _check_order(thing, arrays["t"], offset)
    flat = {name: arrays[name] for name in "xyp"} | {"t": arrays["t"].astype(np.int64)}
    recordings = [{name: values[start:end] for name, values in flat.items()}
                  for start, end in pairwise(offset)]
    return bin_recordings(recordings, (*sensor, 2), how, step_of(recordings, how))


def check_sensor(thing: str, sensor: Sensor, pool: int) -> None:
    """Refuse a sensor (H, W, C) that no layer can take when it is pooled."""
    height, width, channels = sensor
    pixels = -(-height // pool) * -(-width // pool)
    if pixels * channels > MAX_INPUTS:
        raise DataError(f"{thing}: sensor must have at most {MAX_INPUTS // channels} pixels, not {pixels}; pool it "
                        f"with data.pool={pool * 2}")


def check_events(thing: str, events: Events, sensor: Sensor) -> None:
    """Refuse arrays that do not fit each other, or events outside a sensor (H, W, C)."""
    height, width, channels = sensor
    shape = events["t"].shape
    limits = {"t": None, "x": width, "y": height, "p": channels}
    for name, limit in limits.items():
        values = events[name]
        if values.ndim != 1 or values.shape != shape:
            raise DataError(f"{thing}: t, x, y and p must have one value an event, and {name} has shape "
                            f"{values.shape} beside t of {shape}")
        if values.dtype.kind not in "iu" + ("b" if name == "p" else ""):
            raise DataError(f"{thing}: {name} must hold integers, not {values.dtype}")
        if limit is not None and len(values) and (values.min() < 0 or values.max() >= limit):
            first = int(np.flatnonzero((values < 0) | (values >= limit))[0])
            raise DataError(f"{thing}: {name} must be in 0..{limit - 1} on a sensor of {height} x {width}, not "
                            f"{values[first]} (event {first})")


def _sensor(thing: str, sensor: NDArray) -> tuple[int, int]:
    if sensor.shape != (2,) or sensor.dtype.kind not in "iu" or sensor.min() < 1:
        raise DataError(f"{thing}: sensor must be (height, width), two integers of at least 1, not {sensor.tolist()!r}")
    return int(sensor[0]), int(sensor[1])


def _offset(thing: str, arrays: Mapping[str, NDArray]) -> NDArray[np.int64]:
    """(N + 1,): where each sample begins, and where the last ends."""
    offset, events = arrays["offset"], len(np.atleast_1d(arrays["t"]))
    if offset.ndim != 1 or len(offset) < 2 or offset.dtype.kind not in "iu":
        raise DataError(f"{thing}: offset must hold samples + 1 integers, at least 2, not {offset.dtype} of shape "
                        f"{offset.shape}")
    offset = offset.astype(np.int64)
    if offset[0] != 0 or offset[-1] != events or (np.diff(offset) < 0).any():
        raise DataError(f"{thing}: offset must ascend from 0 to {events}, the number of events, not "
                        f"{_where_it_fails(offset)}")
    return offset


def _where_it_fails(offset: NDArray[np.int64]) -> str:
    falls = np.flatnonzero(np.diff(offset) < 0)
    if len(falls):
        return f"fall from {offset[falls[0]]} to {offset[falls[0] + 1]} at sample {falls[0]}"
    return f"run from {offset[0]} to {offset[-1]}"


def _check_order(thing: str, time: NDArray, offset: NDArray[np.int64]) -> None:
    back = np.diff(time.astype(np.int64)) < 0
    starts = offset[1:-1]
    back[starts[(starts > 0) & (starts < len(time))] - 1] = False
    if back.any():
        at = int(np.flatnonzero(back)[0]) + 1
        raise DataError(f"{thing}: t must not go back within a sample, not from {time[at - 1]} to {time[at]} "
                        f"(event {at}); sort the events of each sample by time")
