"""Times that cannot be meant: one event far from all others, or seconds where microseconds are asked for."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..console import say
from .dataset import DataError

LONGEST = 1 << 47       # us, over four years; 16 bits of steps times this fit 64 bits with a sign
CLOCKS = (16, 24, 31, 32)  # bits of counters that recorders stamp events with
CROWDED = 8             # samples that end within this part of the steps waste the rest


def durations(thing: str, recordings: Iterable[Mapping[str, NDArray]]) -> NDArray[np.int64]:
    """(N,): microseconds of each sample, from its first event to the end of its last, which takes one.

    Raises
    ------
    DataError
        If a sample lasts longer than any recording does.
    """
    found = []
    for number, events in enumerate(recordings):
        time = events["t"]
        lasts = int(time[-1]) - int(time[0]) + 1 if len(time) else 1
        if lasts >= LONGEST:
            raise DataError(f"{thing}: a sample must last less than {LONGEST} us, not {lasts} as sample {number} does, "
                            f"from {time[0]} to {time[-1]}; mend its times")
        found.append(lasts)
    return np.array(found, np.int64)


def advice(time: NDArray[np.int64], number: int) -> str:
    """What to do about the times of one sample, which go back: first at the event that has ``number`` in its file.

    A clock of b bits wraps from near its end to near its beginning, so that times fall by nearly 2^b, and ascend
    otherwise; a signed one falls from near 2^(b-1) to near -2^(b-1). Any others are merely out of order.
    """
    falls = np.flatnonzero(np.diff(time) < 0) + 1
    for bits in CLOCKS:
        whole, edge = 1 << bits, 1 << bits - 4
        if ((time[falls - 1] - time[falls] > whole - edge).all()
                and any(low <= time.min() and time.max() < low + whole for low in (0, -whole // 2))):
            return (f"the clock of {bits} bits seems to have wrapped: add 2^{bits} to the times from event {number} "
                    "on, and again after each further fall")
    return "sort the events of each sample by time"


def warn_of_times(thing: str, lasts: NDArray[np.int64], steps: int, step_us: int | None) -> None:
    """Say where steps of equal time tell hardly anything apart: no sample is wrong by itself, all together are.

    Parameters
    ----------
    lasts
        (N,) microseconds of each sample.
    steps
        Of the longest sample.
    step_us
        Microseconds of a step where they are given; None where the longest sample fills all steps.
    """
    longest, end = int(lasts.argmax()), int(lasts.max())
    if step_us is not None:
        if steps == 1 and (lasts > 1).any():
            say(f"Warning: {thing}: every sample falls into one step of {step_us} us, the longest lasting {end} us; "
                "t is in microseconds: mend it, or lower data.step_us")
        return
    if steps > 1 and end < steps:
        say(f"Warning: {thing}: the longest sample, {longest}, lasts {end} us, fewer than its {steps} steps; t is in "
            "microseconds: mend it, or lower data.steps")
        return
    crowded = lasts[lasts * steps <= max(1, steps // CROWDED) * end]
    if steps > 1 and 2 * len(crowded) > len(lasts):
        part = -(-int(crowded.max()) * steps // end)
        where = "one step" if part == 1 else f"the first {part} steps"
        say(f"Warning: {thing}: {len(crowded)} of {len(lasts)} samples fall into {where} of {steps}, as the longest "
            f"sample, {longest}, lasts {end} us and fills them all; mend sample {longest}, or set data.step_us")
