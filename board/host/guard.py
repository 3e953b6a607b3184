"""A guard over learning: what it learned so far is measured on samples held out, and the best of it kept. NumPy only.

The same on a board, in ``snnfpga learn`` and in a rehearsal, so that all three stop at the same sample with the same
weights::

    held = hold_out(labels, 0.1, seed)              # these are measured on, the others are learned from
    guard = Guard(default_interval(lessons))
    guard.check(0, count(held), total, host.network)
    for done, lesson in enumerate(order, start=1):
        host.run(...)
        if (guard.due(done) or done == lessons) and not guard.check(done, count(held), total, host.network):
            break
    host.load(guard.best.kept)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtl_gen.contract.errors import USAGE, SnnfpgaError

__all__ = ["Check", "Guard", "GuardError", "default_interval", "hold_out"]

SHORTEST_INTERVAL = 50      # samples learned from between two checks, where nothing else is asked for
CHECKS = 10                 # of a whole learning, where it is long
MARGIN_POINTS = 2           # percentage points below the best that chance may explain
PATIENCE = 2                # checks in a row that may be further below

T = TypeVar("T")


class GuardError(SnnfpgaError, ValueError):
    """A share that leaves nothing to hold out, or nothing to learn from."""

    exit_code = USAGE


def check_share(share: float) -> None:
    """Refuse a share to hold out that is not between 0 and 1, both excluded, with :class:`GuardError`."""
    if not 0 < share < 1:
        raise GuardError(f"Share held out for the guard must be between 0 and 1, not {share:g}")


def hold_out(labels: ArrayLike, share: float, seed: int) -> NDArray[np.bool_]:
    """Mark a share of each class, drawn by ``numpy.random.default_rng(seed)``, class by class from the lowest.

    Of a class with one sample none is held out, of any other at least one and not all. A sample without a label (-1)
    is not held out: there is nothing to measure on it.

    Parameters
    ----------
    labels
        (N,) whole numbers, of the samples that are there to learn from.
    share
        Between 0 and 1, both excluded.

    Returns
    -------
    (N,) bool, True where the sample is held out.

    Raises
    ------
    GuardError
        If the share is not between 0 and 1, or no class has two samples.
    """
    check_share(share)
    labels = np.asarray(labels)
    held = np.zeros(len(labels), bool)
    rng = np.random.default_rng(seed)
    for label in np.unique(labels[labels >= 0]):
        members = rng.permutation(np.flatnonzero(labels == label))
        held[members[:min(max(1, round(share * len(members))), len(members) - 1)]] = True
    if not held.any():
        raise GuardError(f"A guard must hold out samples of a class that has two or more, and none of {len(labels)} "
                         "samples is of one; give more samples, or learn without a guard")
    return held


def default_interval(lessons: int) -> int:
    """Samples learned from between two checks: a tenth of all, and 50 at least."""
    return max(SHORTEST_INTERVAL, lessons // CHECKS)


@dataclass(frozen=True)
class Check(Generic[T]):
    """One measurement on the samples held out.

    Attributes
    ----------
    lessons
        How many samples had been learned from; 0 for what learning started with.
    right, total
        Samples answered right, of all that are held out.
    kept
        What was to be kept of the network then.
    """

    lessons: int
    right: int
    total: int
    kept: T


class Guard(Generic[T]):
    """Keeps what did best on the samples held out, and says when to stop.

    It stops once ``PATIENCE`` checks in a row (2) are more than ``MARGIN_POINTS`` percentage points (2) below the best.
    Of equal scores the earliest is the best: what learning did not improve stays as it was. All is counted in whole
    samples, so that every machine decides the same.

    Parameters
    ----------
    interval
        Samples learned from between two checks.

    Attributes
    ----------
    best
        The check with the most right answers, the earliest of equals; None before the first.
    worse
        Checks in a row, up to the last, that were further below the best than the margin.
    """

    def __init__(self, interval: int) -> None:
        if interval < 1:
            raise GuardError(f"A guard must measure every 1 or more samples, not {interval}")
        self._interval = interval
        self.best: Check[T] | None = None
        self.worse = 0

    def due(self, lessons: int) -> bool:
        """Whether to measure after so many samples; after the last one it is due besides."""
        return lessons % self._interval == 0

    def check(self, lessons: int, right: int, total: int, keep: Callable[[], T]) -> bool:
        """Take in a measurement; ``keep()`` gives the network, and is called only where it is the best so far.

        The first is that of the network before it learns (``lessons`` 0), to which all falls back.

        Returns
        -------
        Whether to go on learning.
        """
        if self.best is None or right > self.best.right:
            self.best = Check(lessons, right, total, keep())
        below = 100 * (self.best.right - right) > MARGIN_POINTS * total
        self.worse = self.worse + 1 if below else 0
        return self.worse < PATIENCE
