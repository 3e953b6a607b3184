"""How the rates of blocks change while a core learns: a schedule sees how many answers are wrong, and sets them.

The same schedule is taken on a board, in ``snnfpga learn`` and in the search that chooses the rate shifts, so that what
the search measured is what a user gets. It decides by labels and answers alone, which are the same on every machine.
"""

import math
from collections.abc import Sequence

from rtl_gen.contract.errors import USAGE, SnnfpgaError, shown
from rtl_gen.contract.network import MAX_RATE, RATE_OFF

__all__ = ["DEFAULT", "SCHEDULES", "Schedule", "ScheduleError"]

SCHEDULES = {
    "settling": "the slower of adaptive and falling, and off while no more answers are wrong than are to be expected; "
                "a class that is not known yet is learned fast",
    "adaptive": "fast while more answers are wrong than are to be expected, slow else",
    "falling": "from fast to slow in four equal parts of the lessons",
    "constant": "the rates as they are",
}
DEFAULT = "settling"            # also what the search for rate shifts learns by
MEMORY, CLASS_MEMORY = 24, 4    # lessons over which wrong answers are averaged, of all classes and of one
EXCESS = (0.2, 0.1, 0.03)       # share of wrong answers beyond the expected, above which the rate is 0, 1, 2; else 3
DEVIATIONS = (3, 2, 1)          # the same in standard deviations of that mean, where they are more
LEAD = 0.5                      # share by which a class is answered wrong more often than all, to be learned fast
KNOWN = 0.5                     # share of wrong answers below which a class that is answered right is known


class ScheduleError(SnnfpgaError, ValueError):
    """A schedule that there is not, or a share that is none."""

    exit_code = USAGE


class Schedule:
    """The rates of all blocks for each lesson, in turn; a block that is off stays off.

    Parameters
    ----------
    name
        One of :data:`SCHEDULES`.
    rates
        Of each block, as :attr:`rtl_gen.contract.network.Network.rates`.
    lessons
        How many samples there are to learn from in all.
    expected
        Share of wrong answers that is to be expected where nothing has changed.
    done, wrong, wrong_by_class
        Of a course that was interrupted: its lessons so far, and what :attr:`wrong` and :attr:`wrong_by_class` were
        then.

    Attributes
    ----------
    wrong
        Mean share of wrong answers over the last lessons.
    wrong_by_class
        The same over the last lessons of each class, up to the largest label so far; None for a class that is known:
        it was answered right, and less than half of its last lessons were wrong.

    Raises
    ------
    ScheduleError
        If there is no such schedule, or ``expected`` is no share.
    """

    def __init__(self, name: str, rates: Sequence[int], lessons: int, expected: float, *, done: int = 0,
                 wrong: float | None = None, wrong_by_class: Sequence[float | None] = ()) -> None:
        if name not in SCHEDULES:
            raise ScheduleError(f"Schedule must be one of {', '.join(SCHEDULES)}, not {shown(name)}")
        if not 0 <= expected <= 1:
            raise ScheduleError(f"The expected share of wrong answers must be in 0..1, not {expected}")
        self.name, self._rates, self._lessons, self._expected = name, tuple(rates), lessons, expected
        self.wrong = expected if wrong is None else wrong
        self.wrong_by_class = list(wrong_by_class)
        self._done = done
        deviation = math.sqrt(expected * (1 - expected) / (2 * MEMORY - 1))
        self._excess = tuple(max(least, times * deviation) for least, times in zip(EXCESS, DEVIATIONS, strict=True))

    def rates(self, label: int) -> tuple[int, ...]:
        """The rates for the next lesson, of class ``label``; any that is no class for one without a label."""
        if self.name == "constant":
            return self._rates
        step = self._step(label)
        return tuple(rate if rate == RATE_OFF else step for rate in self._rates)

    def _step(self, label: int) -> int:
        falling = min(MAX_RATE, (MAX_RATE + 1) * self._done // max(self._lessons, 1))
        excess = self.wrong - self._expected
        adaptive = next((step for step, least in enumerate(self._excess) if excess > least), MAX_RATE)
        if self.name != "settling":
            return falling if self.name == "falling" else adaptive
        own = self._of_class(label)
        if own is not None and own - max(self.wrong, self._expected) > LEAD:
            return 0
        # Before the first answer nothing is known; after it 0 is as usual, where no answer is usually wrong.
        no_worse = excess < 0 or (excess == 0 and self._done > 0)
        return RATE_OFF if no_worse else max(falling, adaptive)

    def _of_class(self, label: int) -> float | None:
        return self.wrong_by_class[label] if 0 <= label < len(self.wrong_by_class) else self._expected

    def answered(self, label: int, right: bool) -> None:
        """Take in whether the answer to the lesson, given before it was learned from, was right."""
        self._done += 1
        self.wrong += ((not right) - self.wrong) / MEMORY
        own = self._of_class(label)
        if own is not None:
            own += ((not right) - own) / CLASS_MEMORY
            missing = label + 1 - len(self.wrong_by_class)
            self.wrong_by_class += [self._expected] * missing
            self.wrong_by_class[label] = None if right and own < KNOWN else own

    def passed(self) -> None:
        """Take in that a lesson had no label."""
        self._done += 1
