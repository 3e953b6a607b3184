"""A course: which samples a core learns from, in which order, and what is measured on the way. NumPy only.

The core is a board's, through :class:`board.host.host.Host`, or whatever else runs and learns as it does.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.network import Network
from rtl_gen.contract.windows import window_labels

from .guard import Guard
from .host import Label, Result
from .samples import UNLABELLED
from .schedule import Schedule

__all__ = ["Core", "Course", "Outcome", "Progress", "SampleSource", "Score", "attend", "lesson_order"]

Numbers = NDArray[np.int64]
Score = tuple[int, int]     # samples, or where steps have labels windows, answered right, of those that have a label
Save = Callable[[Network, "Progress", Network | None], object]


class SampleSource(Protocol):
    """Samples by number: :class:`.samples.Samples`, or what makes one when it is asked for.

    Attributes
    ----------
    labels
        (N,) int64, the class, or ``UNLABELLED`` (-1).
    step_labels
        (N, T) int64, the class of each step, or -1, where labels are of steps: what is learned and measured goes by
        them then. Else None.
    """

    labels: Numbers
    step_labels: Numbers | None

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, number: int) -> NDArray[np.uint8]:
        """One sample, (its steps, inputs)."""


class Core(Protocol):
    """What runs and learns: the part of :class:`board.host.host.Host` that a course needs."""

    def load(self, network: Network) -> None:
        """Take a network."""

    def network(self) -> Network:
        """The network as it stands."""

    def run(self, spikes: NDArray[np.integer], *, label: Label = 0, learn: bool = False,
            windows: bool = False) -> Result:
        """Run one sample, (T, inputs), and learn from it where ``learn``; ``windows`` asks for its windows' logits."""

    def set_rates(self, rates: tuple[int, ...]) -> None:
        """Set the steps that are added to the rate shifts, one a block."""

    def counters(self) -> dict[str, int]:
        """All counters."""

    def clear_counters(self) -> None:
        """Set all counters to 0."""


def lesson_order(samples: int, *, passes: int = 1, shuffled: bool, seed: int) -> Iterator[Numbers]:
    """For each pass the numbers of the samples, (samples,), in the order in which they are learned from.

    Unshuffled they come as they lie. Shuffled, pass after pass is the next ``permutation(samples)`` of one
    ``numpy.random.default_rng(seed)``: a board and ``snnfpga learn`` draw the same.
    """
    rng = np.random.default_rng(seed)
    for _ in range(passes):
        yield rng.permutation(samples) if shuffled else np.arange(samples)


@dataclass(frozen=True, kw_only=True)
class Course:
    """What is to be learned and measured.

    Attributes
    ----------
    samples
        All samples.
    lessons, held, test
        Numbers of those to learn from, as they lie; of those that the guard measures on; of those that accuracy is
        measured on, before and after.
    passes
        Over the lessons; 0 only measures.
    shuffled, seed
        The order, as :func:`lesson_order` takes it.
    interval
        Samples between two checks of the guard; None where there is no guard.
    rates
        Steps added to the rate shifts, one a block; None leaves them as they are.
    schedule
        How the rates change on the way, one of :data:`.schedule.SCHEDULES`; in the end they are as they were.
    expected
        Share of wrong answers that is usual, for the schedule.
    """

    samples: SampleSource
    lessons: Numbers
    held: Numbers
    test: Numbers
    passes: int
    shuffled: bool = False
    seed: int = 0
    interval: int | None = None
    rates: tuple[int, ...] | None = None
    schedule: str = "constant"
    expected: float = 0.0

    def order(self) -> Numbers:
        """Numbers of the samples in the order of learning, of all passes."""
        drawn = lesson_order(len(self.lessons), passes=self.passes, shuffled=self.shuffled, seed=self.seed)
        return np.concatenate([np.zeros(0, np.int64), *(self.lessons[indices] for indices in drawn)])

    def digest(self) -> str:
        """SHA-256, in hex, of all of it: the same only for the same course."""
        found = hashlib.sha256()
        of_steps = [] if self.samples.step_labels is None else [self.samples.step_labels]
        for array in (*(self.samples[number] for number in range(len(self.samples))), self.samples.labels, *of_steps,
                      self.order(), self.held, self.test):
            found.update(f"{array.dtype} {array.shape} ".encode())
            found.update(np.ascontiguousarray(array))
        found.update(repr((self.interval, self.rates, self.schedule, self.expected)).encode())
        return found.hexdigest()


@dataclass
class Progress:
    """How far a course is; :func:`dataclasses.asdict` of it is plain JSON.

    Attributes
    ----------
    done
        Lessons that were run, those without a label among them.
    unlabelled
        Of these, how many had no label: they were answered and not learned from.
    right
        Of the others, how many were answered right in the very run that learned from them; where steps have labels,
        how many of their ``windows``.
    windows
        Labelled windows of the lessons that were run; 0 where samples have one label.
    before
        The score on the test samples before learning.
    checks
        The guard's measurements: lessons done, right, total.
    kept
        Lessons that the network in the end has learned from, where the guard went back to an earlier one.
    wrong, wrong_by_class
        The shares of wrong answers that the schedule goes by; None and empty before the first lesson.
    ended
        Whether the course is over.
    """

    done: int = 0
    unlabelled: int = 0
    right: int = 0
    windows: int = 0
    before: Score | None = None
    checks: list[tuple[int, int, int]] = field(default_factory=list)
    kept: int = 0
    wrong: float | None = None
    wrong_by_class: list[float | None] = field(default_factory=list)
    ended: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a course.

    Attributes
    ----------
    progress
        What was learned.
    after
        The score on the test samples in the end.
    predictions
        The class answered in each run of a sample, in the order of the runs.
    learning_counters, counters
        The core's, while it learned here, the guard's measurements included; and over the last measurement alone.
    """

    progress: Progress
    after: Score
    predictions: list[int]
    learning_counters: dict[str, int]
    counters: dict[str, int]

    def to_json(self) -> str:
        """As a JSON object; the fields of the progress stand beside the others."""
        values: dict[str, Any] = {**asdict(self.progress), "after": self.after, "predictions": self.predictions,
                                  "learning_counters": self.learning_counters, "counters": self.counters}
        return json.dumps(values) + "\n"


class _Runs:
    """Runs samples by their number and keeps what was answered; ``block`` answers."""

    def __init__(self, core: Core, samples: SampleSource, block: BlockSpec) -> None:
        self.core, self.samples, self._block = core, samples, block
        self.predictions: list[int] = []

    def answer(self, number: int, *, learn: bool = False) -> Score:
        """Run a sample, learn from it where asked for and it has a label; whether its answer is right, or how many of
        its windows' are.
        """
        spikes, of_steps = self.samples[number], self.samples.step_labels
        if of_steps is not None:
            labels = of_steps[number, :len(spikes)]
            result = self.core.run(spikes, label=labels, learn=learn, windows=True)
            self.predictions.append(result.prediction)
            return right_windows(self._block, labels, result)
        label = int(self.samples.labels[number])
        known = label != UNLABELLED
        result = self.core.run(spikes, label=label if known else 0, learn=learn and known)
        self.predictions.append(result.prediction)
        return int(known and result.prediction == label), int(known)

    def score(self, numbers: Numbers) -> Score:
        """Right answers of these samples, of those that have a label; the others are run as well."""
        found = [self.answer(number) for number in numbers.tolist()]
        return sum(right for right, _ in found), sum(known for _, known in found)


def attend(course: Course, core: Core, network: Network, *, progress: Progress | None = None,
           best: Network | None = None, save: Save | None = None, every: int = 0,
           each: Callable[[Progress], object] = lambda _: None, say: Callable[[str], object] = print) -> Outcome:
    """Load ``network``, learn and measure; the core then holds what was learned, or with a guard the best of it.

    Parameters
    ----------
    network
        What the core is to begin with: where ``progress`` is given, what it held then.
    progress, best
        How far an interrupted course was, and the network that its guard kept; the rest is then done exactly as it
        would have been.
    save
        Takes the network, the progress, and the guard's best where that is another, after every ``every`` lessons and
        at the end.
    each
        Called after each lesson.
    say
        Takes lines about what goes on.

    Raises
    ------
    SnnfpgaError
        If the core refuses something or does not answer.
    """
    runs, progress = _Runs(core, course.samples, network.spec.blocks[-1]), progress or Progress()
    core.load(network)
    if course.rates is not None:
        core.set_rates(course.rates)
    if course.passes:
        if progress.before is None:
            progress.before = runs.score(course.test)
            if progress.before[1]:
                say(f"Before learning: {told(progress.before)} right")
        core.clear_counters()
        if not progress.ended:
            rates = network.rates if course.rates is None else course.rates
            _learn(course, runs, progress, best, save, every, each, say, rates)
    taught = core.counters() if course.passes else {}
    core.clear_counters()
    after = runs.score(course.test)
    return Outcome(progress, after, runs.predictions, taught, core.counters())


def _learn(course: Course, runs: _Runs, progress: Progress, best: Network | None, save: Save | None, every: int,
           each: Callable[[Progress], object], say: Callable[[str], object], rates: tuple[int, ...]) -> None:
    """The rest of the lessons, and then the ``rates`` that were set before."""
    core, order = runs.core, course.order()
    schedule = Schedule(course.schedule, rates, len(order), course.expected, done=progress.done, wrong=progress.wrong,
                        wrong_by_class=progress.wrong_by_class)
    current = rates

    def own(network: Network) -> Network:
        """With the rates of the course, not with those of the moment: it begins with them where it goes on."""
        return replace(network, rates=rates)

    guard: Guard[Network | None] | None = None if course.interval is None else Guard(course.interval)
    if guard is not None:
        for done, right, total in progress.checks:
            guard.check(done, right, total, lambda: best)       # as it went before the interruption

    def check() -> bool:
        right, total = runs.score(course.held)
        progress.checks.append((progress.done, right, total))
        say(f"Guard: after {progress.done} samples {told((right, total))} held out are right")
        return guard.check(progress.done, right, total, core.network)

    going = guard is None or bool(progress.checks) or check()
    while going and progress.done < len(order):
        number = int(order[progress.done])
        label = int(course.samples.labels[number])
        if schedule.rates(label) != current:
            current = schedule.rates(label)
            core.set_rates(current)
        right, known = runs.answer(number, learn=True)
        progress.right += right
        if course.samples.step_labels is not None:
            progress.windows += known
        if not known:
            progress.unlabelled += 1
            schedule.passed()
        elif course.samples.step_labels is not None:
            schedule.passed()           # a constant one, which asks for no answers
        else:
            schedule.answered(label, bool(right))
        progress.wrong, progress.wrong_by_class = schedule.wrong, schedule.wrong_by_class
        progress.done += 1
        each(progress)
        if guard is not None and (guard.due(progress.done) or progress.done == len(order)):
            going = check()
        if save is not None and going and progress.done < len(order) and progress.done % every == 0:
            best_yet = guard.best.kept if guard is not None else None
            save(own(core.network()), progress, None if best_yet is None else own(best_yet))
    progress.kept = progress.done
    if guard is not None and guard.best.lessons != progress.done:
        core.load(guard.best.kept)
        progress.kept = guard.best.lessons
        say(f"Guard: back to what was learned after {progress.kept} of {progress.done} samples")
    core.set_rates(rates)           # what is saved in the end has them
    progress.ended = True
    if save is not None:
        save(core.network(), progress, None)


def right_windows(block: BlockSpec, labels: NDArray[np.integer], result: Result) -> Score:
    """Windows of a sample that were answered right, of those with a label; ``labels``, (T,), are its steps'."""
    assert result.windows is not None
    wanted = window_labels(block, labels)
    return int((result.windows.argmax(1) == wanted).sum()), int((wanted >= 0).sum())


def told(score: Score) -> str:
    """A score in words."""
    return f"{score[0]} of {score[1]}"
