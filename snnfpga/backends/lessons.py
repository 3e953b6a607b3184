"""Lessons: which samples a network learns from on chip, in which order and at which rates, and what is measured.

The course is that of a board (:mod:`board.host.course`), attended by the integer reference; another backend then learns
the same lessons at the same rates.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from board.host.course import Course, Progress, attend
from board.host.guard import default_interval, hold_out
from board.host.samples import UNLABELLED
from board.host.schedule import DEFAULT
from rtl_gen.contract.network import Network

from ..console import Advance
from ..data.dataset import Split
from ..data.sampling import drawn
from .reference_core import Lesson, RecordingCore

POINTS = 10         # of a curve
WATCHED = 200       # test samples, at most, that a point is measured on


class SplitSamples:
    """Samples of several splits, one split behind the other: a :class:`board.host.course.SampleSource`.

    Attributes
    ----------
    labels
        (N,).
    step_labels
        None: such samples are of one label each.
    """

    step_labels = None

    def __init__(self, *splits: Split) -> None:
        self._splits = splits
        self._starts = np.cumsum([0, *(len(split) for split in splits)])
        self.labels = np.concatenate([split.labels for split in splits])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, number: int) -> NDArray[np.uint8]:
        part = int(np.searchsorted(self._starts, number, side="right")) - 1
        own = number - int(self._starts[part])
        split = self._splits[part]
        return np.asarray(split.spikes[own])[:split.steps_of(own)]

    def numbers(self, part: int) -> NDArray[np.int64]:
        """The numbers of the samples of a split."""
        return np.arange(self._starts[part], self._starts[part + 1])


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked of learning.

    Attributes
    ----------
    passes
        Over the lessons.
    shuffled, seed
        Whether ``seed`` draws their order; it draws what is held out and what is rehearsed besides.
    schedule, expected, rates
        As :class:`board.host.course.Course` takes them.
    guard
        Share of each class of the new samples that is held out to keep the best by; None for no guard.
    rehearse
        Share of the lessons, above those that are new, that are old samples.
    """

    passes: int = 1
    shuffled: bool = True
    seed: int = 0
    schedule: str = DEFAULT
    expected: float = 0.0
    rates: tuple[int, ...] | None = None
    guard: float | None = None
    rehearse: float = 0.1


@dataclass(frozen=True)
class Attended:
    """What came of a course on the reference.

    Attributes
    ----------
    network
        What was learned.
    lessons
        In order; with a guard those up to the weights that it kept.
    counters
        Over all lessons, each summed over the blocks.
    progress
        Of the course.
    curve
        Points of ``lessons``, ``online`` (share of the lessons since the point before that were answered right before
        they were learned from) and ``accuracy`` on some test samples.
    """

    network: Network
    lessons: list[Lesson]
    counters: dict[str, int]
    progress: Progress
    curve: list[dict[str, Any]]

    def split(self) -> tuple[Split, list[tuple[int, ...]]]:
        """The lessons as samples, for another backend, and the rates of each."""
        steps = [len(lesson.spikes) for lesson in self.lessons]
        inputs = self.lessons[0].spikes.shape[1] if self.lessons else 0
        spikes = np.zeros((len(steps), max(steps, default=0), inputs), np.uint8)
        for number, lesson in enumerate(self.lessons):
            spikes[number, :steps[number]] = lesson.spikes
        labels = np.array([lesson.label for lesson in self.lessons], np.int64)
        return Split(spikes, labels, np.array(steps, np.int64)), [lesson.rates for lesson in self.lessons]


def course_of(plan: Plan, new: Split, old: Split | None, test: Split) -> tuple[Course, NDArray[np.int64]]:
    """The course, and the numbers of the test samples that its curve is measured on.

    Parameters
    ----------
    new, old
        Samples to learn from, and samples of before to mix in; None for none.
    """
    known = np.flatnonzero(test.labels != UNLABELLED)
    parts = (new, test) if old is None else (new, test, old)
    samples = SplitSamples(*parts)
    lessons, held, interval = samples.numbers(0), np.zeros(0, np.int64), None
    if plan.guard is not None:
        out = hold_out(new.labels, plan.guard, plan.seed)
        lessons, held = lessons[~out], lessons[out]
    if old is not None:
        count = min(len(old), max(1, round(plan.rehearse * len(lessons))))
        mixed_in = samples.numbers(2)[drawn(old.labels, count, plan.seed)]
        # A draw mixes them as it is; as they lie, the old ones would come last, when the new are learned.
        lessons = np.concatenate((lessons, mixed_in)) if plan.shuffled else spread(lessons, mixed_in)
    if plan.guard is not None:
        interval = default_interval(plan.passes * len(lessons))
    tested = samples.numbers(1)
    watched = tested[known[np.sort(drawn(test.labels[known], min(WATCHED, len(known)), plan.seed))]]
    return Course(samples=samples, lessons=lessons, held=held, test=np.zeros(0, np.int64), passes=plan.passes,
                  shuffled=plan.shuffled, seed=plan.seed, interval=interval, rates=plan.rates,
                  schedule=plan.schedule, expected=plan.expected), watched


def spread(lessons: NDArray[np.int64], old: NDArray[np.int64]) -> NDArray[np.int64]:
    """``lessons`` with the ``old`` ones between them at equal distances, both in their order.

    Of n lessons and m old ones the k-th old one, from 0, stands in the middle of the k-th of m equal parts.
    """
    places = (2 * np.arange(len(old)) + 1) * len(lessons) // (2 * len(old))
    return np.insert(lessons, places, old)


def attended(course: Course, network: Network, watched: NDArray[np.int64], advance: Advance,
             say: Callable[[str], object] = lambda _: None) -> Attended:
    """Let the reference attend ``course``; a curve is measured on the samples ``watched``."""
    core = RecordingCore(network)
    total = len(course.order())
    every = max(1, -(-total // POINTS))
    curve: list[dict[str, Any]] = []
    last = [0, 0, 0]        # lessons, right, unlabelled at the point before

    def point(progress: Progress) -> None:
        right = sum(core.run(course.samples[number]).prediction == course.samples.labels[number]
                    for number in watched.tolist())
        known = progress.done - progress.unlabelled - last[0] + last[2]
        curve.append({"lessons": progress.done,
                      "online": round((progress.right - last[1]) / known, 4) if known else None,
                      "accuracy": round(right / len(watched), 4) if len(watched) else None})
        last[:] = progress.done, progress.right, progress.unlabelled

    def each(progress: Progress) -> None:
        advance()
        if progress.done % every == 0 or progress.done == total:
            point(progress)

    point(Progress())
    found = attend(course, core, network, each=each, say=say)
    rates = network.rates if course.rates is None else course.rates
    kept = _kept(course, found.progress)
    return Attended(replace(core.network(), rates=rates), core.lessons[:kept], core.taught, found.progress, curve)


def _kept(course: Course, progress: Progress) -> int:
    """Lessons with a label among those that the network has learned from in the end."""
    order = course.order()[:progress.kept]
    return int((course.samples.labels[order] != UNLABELLED).sum())
