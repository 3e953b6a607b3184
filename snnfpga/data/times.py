"""Times that cannot be meant: one event far from all others, or seconds where microseconds are asked for."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..console import say
from .dataset import DataError

LONGEST = 1 << 47       # us, over four years; 16 bits of steps times this fit 64 bits with a sign
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
