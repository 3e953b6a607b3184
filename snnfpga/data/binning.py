"""Events with times into steps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.errors import shown
from rtl_gen.contract.spec import MAX_INPUTS

from .dataset import DataError
from .event_lists import EventLists, join_smallest, list_events
from .integers import check_integers, integers
from .lazy import LazySpikes
from .times import advice, durations, warn_of_times

Events = Mapping[str, NDArray]      # t (int64 microseconds), x, y, p: a value an event
Sensor = tuple[int, int, int]
MAX_STEPS = 65535


@dataclass(frozen=True, kw_only=True)
class Binning:
    """How the events of a sample become steps. A sample begins with its first event.

    Attributes
    ----------
    steps
        T; beside ``step_us`` the most that a sample has, or None for no bound.
    by
        ``time``: a step has the same length in every sample, so that the longest sample fills all steps. ``count``:
        each sample is cut into steps of equal numbers of events.
    step_us
        Microseconds of a step, or None: samples then have different numbers of steps.
    pool
        So many pixels in each direction become one, which has an event where one of them has.
    """

    steps: int | None
    by: str = "time"
    step_us: int | None = None
    pool: int = 1
    most: int = 1


@dataclass(frozen=True)
class Timeline:
    """The steps of all samples of a data set: their number, and their microseconds, None where they go by count."""

    steps: int
    step: Fraction | None


@dataclass(frozen=True)
class Binned:
    """Spikes (N, T, inputs) with input ``(y * W + x) * C + p``, lengths (N,) or None, the pooled sensor, the timeline.
    """

    spikes: LazySpikes
    lengths: NDArray[np.int64] | None
    sensor: Sensor
    timeline: Timeline


def timeline_of(thing: str, recordings: Iterable[Events], how: Binning) -> Timeline:
    """The timeline for all samples of a data set, which are read once, unless they are binned by count.

    Raises
    ------
    DataError
        If a sample lasts too long, or the longest has too many steps.
    """
    if how.by == "count":
        return Timeline(how.steps, None)
    lasts = durations(thing, recordings)
    longest = int(lasts.max())
    if how.step_us is None:
        warn_of_times(thing, lasts, how.steps, None)
        return Timeline(how.steps, Fraction(longest, how.steps))
    steps = -(-longest // how.step_us)
    if how.steps is None and steps > MAX_STEPS:
        raise DataError(f"{thing} must have at most {MAX_STEPS} steps, not {steps}, the longest sample, "
                        f"{lasts.argmax()}, being {longest} us; mend it, raise data.step_us, or cut with data.steps")
    warn_of_times(thing, lasts, steps, how.step_us)
    return Timeline(min(steps, how.steps or steps), Fraction(how.step_us))


def bin_recordings(recordings: Iterable[Events], sensor: Sensor, how: Binning, timeline: Timeline) -> Binned:
    """Bin samples whose events are checked and in order of time, on a sensor (H, W, C) that is yet to be pooled."""
    height, width, channels = sensor
    pooled = -(-height // how.pool), -(-width // how.pool), channels
    inputs = int(np.prod(pooled))
    lengths: list[int] = []

    def binned(events: Events) -> EventLists:
        step = steps_of(events["t"], timeline)
        inside = step < timeline.steps
        lengths.append(min(int(step[-1]) + 1, timeline.steps) if len(step) else 1)
        return list_events(step[inside], _inputs(events, pooled, how.pool)[inside], timeline.steps, inputs,
                           how.most)

    return Binned(join_smallest(map(binned, recordings)), None if how.step_us is None else np.array(lengths, np.int64),
                  pooled, timeline)


def steps_of(time: NDArray[np.int64], timeline: Timeline) -> NDArray[np.int64]:
    """The step of each event of a sample."""
    if timeline.step is None:
        return np.arange(len(time)) * timeline.steps // max(len(time), 1)
    return (time - time[:1]) * timeline.step.denominator // timeline.step.numerator


def _inputs(events: Events, sensor: Sensor, pool: int) -> NDArray[np.int64]:
    """The input of each event of a sample, on the pooled sensor."""
    _, width, channels = sensor
    y, x, p = (events[name].astype(np.int64) for name in "yxp")
    return (y // pool * width + x // pool) * channels + p


def bin_events(thing: str, arrays: Mapping[str, NDArray], how: Binning) -> Binned:
    """Check and bin ``t`` (microseconds), ``x``, ``y``, ``p``, ``offset``, ``sensor``: all samples in an array each.

    Raises
    ------
    DataError
        If an array has a wrong shape or type, offsets do not ascend, an event lies outside the sensor, which has two
        channels, or a sample has too many steps.
    """
    sensor = _sensor(thing, arrays["sensor"])
    offset = _offset(thing, arrays)
    check_events(thing, arrays, (*sensor, 2))
    if not len(arrays["t"]):
        raise DataError(f"{thing} holds no event; give at least one")
    check_sensor(thing, (*sensor, 2), how.pool)
    time = integers(thing, "t", arrays["t"])
    _check_order(thing, time, offset)
    flat = {name: arrays[name] for name in "xyp"} | {"t": time}
    recordings = [{name: values[start:end] for name, values in flat.items()}
                  for start, end in pairwise(offset)]
    return bin_recordings(recordings, (*sensor, 2), how, timeline_of(thing, recordings, how))


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
        check_integers(thing, name, values, "iub" if name == "p" else "iu")
        if limit is not None and len(values) and (values.min() < 0 or values.max() >= limit):
            first = int(np.flatnonzero((values < 0) | (values >= limit))[0])
            raise DataError(f"{thing}: {name} must be in 0..{limit - 1} on a sensor of {height} x {width}, not "
                            f"{values[first]} (event {first})")


def _sensor(thing: str, sensor: NDArray) -> tuple[int, int]:
    if sensor.shape != (2,) or sensor.dtype.kind not in "iu" or sensor.min() < 1:
        raise DataError(f"{thing}: sensor must be (height, width), two integers of at least 1, not "
                        f"{shown(sensor.tolist())}")
    return int(sensor[0]), int(sensor[1])


def _offset(thing: str, arrays: Mapping[str, NDArray]) -> NDArray[np.int64]:
    """(N + 1,): where each sample begins, and where the last ends."""
    offset, events = arrays["offset"], len(np.atleast_1d(arrays["t"]))
    if offset.ndim != 1 or len(offset) < 2 or offset.dtype.kind not in "iu":
        raise DataError(f"{thing}: offset must hold samples + 1 integers, at least 2, not {offset.dtype} of shape "
                        f"{offset.shape}")
    offset = integers(thing, "offset", offset)
    if offset[0] != 0 or offset[-1] != events or (offset[1:] < offset[:-1]).any():
        raise DataError(f"{thing}: offset must ascend from 0 to {events}, the number of events, not "
                        f"{_where_it_fails(offset)}")
    return offset


def _where_it_fails(offset: NDArray[np.int64]) -> str:
    falls = np.flatnonzero(offset[1:] < offset[:-1])
    if len(falls):
        return f"fall from {offset[falls[0]]} to {offset[falls[0] + 1]} at sample {falls[0]}"
    return f"run from {offset[0]} to {offset[-1]}"


def _check_order(thing: str, time: NDArray, offset: NDArray[np.int64]) -> None:
    back = time[1:] < time[:-1]
    starts = offset[1:-1]
    back[starts[(starts > 0) & (starts < len(time))] - 1] = False
    if back.any():
        at = int(np.flatnonzero(back)[0]) + 1
        start, end = offset[np.searchsorted(offset, at, "right") + np.array([-1, 0])]
        raise DataError(f"{thing}: t must not go back within a sample, not from {time[at - 1]} to {time[at]} "
                        f"(event {at}); {advice(time[start:end], at)}")
