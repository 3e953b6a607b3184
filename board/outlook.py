"""Whether a network would fit a board and how fast it would be, by formula, before anything is made of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from rtl_gen.activity import Activity, mean_cycles
from rtl_gen.contract.spec import NetworkSpec
from rtl_gen.measured import MeasuredCycles

from .part import Resources
from .registry import Board
from .report import all_memories, estimated
from .ways_out import ways_out

__all__ = ["FITS", "FITS_NOT", "MAY_FIT", "Outlook", "lanes_that_fit", "ways_that_fit"]

FITS, MAY_FIT, FITS_NOT = "fits", "may fit", "does not fit"


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """A network that hardware can be made of, on a board.

    Attributes
    ----------
    spec, board
        The network and the board.
    activity
        What samples ask of each block; None where it is not known.
    clock_mhz
        The clock that times are of.
    measured
        Cycles of such samples that the reference measured, of the same network with its own lanes; None where it has
        not.
    """

    spec: NetworkSpec
    board: Board
    activity: Sequence[Activity] | None
    clock_mhz: float
    measured: MeasuredCycles | None = None

    @cached_property
    def needs(self) -> Resources:
        """What memories take by formula and, where the part has a fit of it, logic by that; other amounts are not in
        it.
        """
        needs = dict(estimated(all_memories(self.spec, self.board), self.board.part))
        logic = self.board.part.logic(self.spec)
        return Resources(needs if logic is None else {logic.amount: float(round(logic.much)), **needs})

    @property
    def error(self) -> float:
        """The largest error of the fit of logic, as a share of what was counted; 0 where there is no fit."""
        logic = self.board.part.logic(self.spec)
        return 0.0 if logic is None else logic.error

    @property
    def verdict(self) -> str:
        """``fits``, ``does not fit``, or ``may fit``: where the fit's error leaves it open, or there is no fit."""
        logic, budget = self.board.part.logic(self.spec), self.board.part.budget
        known = Resources({name: much for name, much in self.needs.items() if logic is None or name != logic.amount})
        if known.exceeded(budget) or (logic is not None and logic.least > budget[logic.amount]):
            return FITS_NOT
        return FITS if logic is not None and logic.most <= budget[logic.amount] else MAY_FIT

    @property
    def exceeded(self) -> list[str]:
        """Names of the amounts of which it takes more than the part has."""
        return self.needs.exceeded(self.board.part.budget)

    def cycles(self, *, learn: bool) -> float | None:
        """Cycles of a mean sample in the core.

        As they were measured, where they were: with other lanes times what the formula of means gives for these and
        for the network's own. By that formula alone they are those of the slowest block: the others work at the same
        time. What may wait in front of a block changes neither: :attr:`measured_ahead`.
        """
        if self.activity is None:
            return None
        by_formula = self._mean_cycles(self.spec, learn=learn)
        measured = None if self.measured is None else self.measured.of(learn=learn)
        if measured is None:
            return by_formula
        return measured * by_formula / self._mean_cycles(self.measured.spec, learn=learn)

    @property
    def sample_mean(self) -> dict[str, float | None] | None:
        """:meth:`cycles` as a report has them, ``learning`` None where no block learns; None where none are known."""
        running, learning = self.cycles(learn=False), self.cycles(learn=True)
        if running is None or learning is None:
            return None
        return {"running": round(running, 1), "learning": round(learning, 1) if self._learns else None}

    @property
    def _learns(self) -> bool:
        return any(block.directives.learns for block in self.spec.blocks)

    @property
    def measured_ahead(self) -> list[int] | None:
        """What may wait in front of each block in the cycles, where that is not what it is here; else None.

        Measured cycles are those of the network's own queues; the formula of means knows of none.
        """
        ahead = [block.directives.ahead for block in self.spec.blocks]
        known = [0] * len(ahead) if self.measured is None else [
            block.directives.ahead for block in self.measured.spec.blocks]
        return None if self.activity is None or ahead == known else known

    def _mean_cycles(self, spec: NetworkSpec, *, learn: bool) -> float:
        return max(mean_cycles(block, activity, learn=learn)
                   for block, activity in zip(spec.blocks, self.activity, strict=True))

    def microseconds(self, *, learn: bool) -> float | None:
        """The time of :meth:`cycles`; None where no activity is known, or none of the blocks learns."""
        cycles = self.cycles(learn=learn)
        return None if cycles is None or (learn and not self._learns) else cycles / self.clock_mhz

    def to_dict(self) -> dict[str, object]:
        """As ``--json`` prints it."""
        return {"board": self.board.name, "verdict": self.verdict, "exceeded": self.exceeded,
                "lanes": [block.directives.lanes for block in self.spec.blocks], "needs": dict(self.needs),
                "budget": dict(self.board.part.budget), "logic_error": self.error, "clock_mhz": self.clock_mhz,
                "measured_ahead": self.measured_ahead,
                "microseconds": {name: None if value is None else round(value, 2) for name, value in
                                 (("run", self.microseconds(learn=False)), ("learn", self.microseconds(learn=True)))}}


def lanes_that_fit(outlook: Outlook) -> Outlook | None:
    """The same with as many lanes as fit, the same share of theirs in all blocks; None where not even one lane fits.

    A block has no more lanes than its layers take for their numbers of groups, those of a place's filters where they
    are convolutions, so that few are left over in the last group, or none. Where no fit says how much logic it takes,
    its memories have to.
    """
    enough = _enough(outlook)
    lanes = tried = [block.directives.lanes for block in outlook.spec.blocks]
    for most in range(max(lanes) - 1, 0, -1):
        fewer = [max(_fewest(layer.columns, max(1, number * most // max(lanes))) for layer in block.layers)
                 for block, number in zip(outlook.spec.blocks, lanes, strict=True)]
        if fewer == tried:
            continue
        tried = fewer
        found = replace(outlook, spec=_with_lanes(outlook.spec, fewer))
        if found.verdict in enough:
            return found
    return None


def ways_that_fit(outlook: Outlook) -> str:
    """What would have to be smaller, each with what it then takes of the amount there is too little of; for a line."""
    part, enough = outlook.board.part, _enough(outlook)
    logic = part.logic(outlook.spec)
    # Where nothing is exceeded it is the error of the fit that leaves it open.
    name = next(iter(outlook.exceeded), None if logic is None else logic.amount)
    if name is None:
        return "fewer inputs or neurons"
    (amount,) = (amount for amount in part.amounts if amount.name == name)
    ways = ways_out(outlook.spec, lambda spec: replace(outlook, spec=spec).verdict in enough,
                    lambda spec: replace(outlook, spec=spec).needs[name], part.budget[name])
    return f"{', or '.join(ways)}, in {amount.plural}" if ways else "fewer inputs or neurons"


def _enough(outlook: Outlook) -> set[str]:
    """Verdicts that will do: where no fit says how much logic a network takes its memories have to."""
    return {FITS} if outlook.board.part.logic(outlook.spec) is not None else {FITS, MAY_FIT}


def _fewest(columns: int, lanes: int) -> int:
    """The fewest lanes that compute so many neurons, or filters, in as few groups as ``lanes`` do."""
    groups = -(-columns // lanes)
    return -(-columns // groups)


def _with_lanes(spec: NetworkSpec, lanes: Sequence[int]) -> NetworkSpec:
    return replace(spec, blocks=tuple(replace(block, directives=replace(block.directives, lanes=number))
                                      for block, number in zip(spec.blocks, lanes, strict=True)))
