"""A whole ``snnfpga learn``: accuracy before, the lessons, accuracy after, on the data learned from and on the old."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from board.host.course import lesson_order
from rtl_gen.contract.network import RATE_OFF, Network
from sim.compare import Comparison

from ..console import Advance
from ..data.dataset import Split
from . import learn
from .learn import QUANTITIES, TRUTH
from .lessons import Plan, attended, course_of
from .reference_core import Lesson
from .windows import unlabelled


@dataclass(frozen=True)
class Study:
    """What was learned and measured.

    Attributes
    ----------
    network
        What was learned.
    lessons
        Samples with a label that it learned from, each pass counted.
    before, after
        Accuracy on the test samples.
    counters
        Over the lessons, each summed over the blocks.
    differences
        What was compared with the reference.
    more
        More facts for ``--json`` and ``learn.json``.
    """

    network: Network
    lessons: int
    before: float
    after: float
    counters: dict[str, int]
    differences: Comparison
    more: dict[str, Any]


def off(lessons: Sequence[Lesson]) -> int:
    """How many lessons no block learned from, because its schedule had turned them off."""
    return sum(all(rate == RATE_OFF for rate in lesson.rates) for lesson in lessons)


def study(network: Network, new: Split, old: Split | None, test: Split, original: Split | None, plan: Plan,
          backend: str, place: str | None, advance: Advance, say: Callable[[str], object]) -> Study:
    """Learn ``new`` samples, with ``old`` ones among them, on ``backend``.

    Parameters
    ----------
    test, original
        What accuracy is measured on, before and after: of the data learned from, and of that which the network was
        trained on where it is another, else None.
    place
        Of the backend; None takes what is here.
    """
    halves = {"": test} | ({} if original is None else {"original_": original})
    before = {name: learn.accuracy(network, half, advance) for name, half in halves.items()}
    if new.step_labels is not None:
        # A file is often sorted by class, and who learns one class after another forgets the first.
        order, = lesson_order(len(new), shuffled=plan.shuffled, seed=plan.seed)
        learned = learn.learn(network, new.select(order), backend, advance, place)
        counters, differences, made, lessons = learned.counters, learned.differences, learned.network, len(new)
        more: dict[str, Any] = {"windows_unlabelled": count} if (count := unlabelled(network.spec, new)) else {}
    else:
        course, watched = course_of(plan, new, old, test)
        found = attended(course, network, watched, advance, say)
        made, counters, differences = found.network, found.counters, Comparison(QUANTITIES, f"the {TRUTH}")
        lessons = len(found.lessons)
        if backend != TRUTH:
            taught, rates = found.split()
            learned = learn.learn(network, taught, backend, advance, place, rates)
            counters, differences, made = learned.counters, learned.differences, learned.network
        more = {"curve": found.curve, "rehearsed": int((course.lessons >= len(new)).sum()),
                "unlabelled": found.progress.unlabelled, "guard": [list(check) for check in found.progress.checks],
                "passes": plan.passes, "schedule": plan.schedule, "lessons_off": off(found.lessons)}
    after = {name: learn.accuracy(made, half, advance) for name, half in halves.items()}
    more |= {"seed": plan.seed, "test_samples": len(test)}
    if original is not None:
        more |= {"original_accuracy_before": before["original_"], "original_accuracy_after": after["original_"],
                 "original_samples": len(original)}
    return Study(made, lessons, before[""], after[""], counters, differences, more)

