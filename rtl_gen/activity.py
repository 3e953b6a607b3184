"""What a block has to do in a mean sample of some data, and the cycles that takes by formula."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from .contract.block import BlockSpec
from .estimate import cycles

__all__ = ["Activity", "from_json", "mean_cycles", "to_json"]


@dataclass(frozen=True, kw_only=True)
class Activity:
    """The events of one block, as means over samples.

    Attributes
    ----------
    steps, windows
        Of a sample; a window that the sample's end cuts short counts as one.
    events
        Distinct input events of a step.
    silent
        Share of the steps without any event, 0 .. 1.
    rows
        Inputs active in a window.
    """

    steps: float
    windows: float
    events: float
    silent: float
    rows: float


def mean_cycles(block: BlockSpec, activity: Activity, *, learn: bool) -> float:
    """Cycles of a mean sample of a block, run alone or learned from.

    The formulas of :class:`~rtl_gen.estimate.Cycles` are straight lines but for silent steps, halves of pairs, and
    windows so quiet or short that they wait for credits or feedback, so that the mean of samples is what they give for
    the means. Every group is taken to have credit, which makes learning an upper bound where no window is so quiet.
    """
    cost, busy = cycles(block), 1 - activity.silent
    full = cost.engines.forward.mean_cycles(activity.events / busy) if busy else 0
    step = activity.silent * cost.forward(0) + busy * full
    total = activity.steps * step + cost.SAMPLE_OVERHEAD
    if not (learn and block.directives.learns):
        return total
    # Of each m windows one is learned from, and what is left over is not.
    learned = activity.windows / block.update_interval
    length = min(block.window, activity.steps / activity.windows)
    return total + learned * (cost.engines.forward.latency + cost.readout + cost.update(
        activity.rows, length, activity.events * length))


def to_json(found: Sequence[Activity]) -> str:
    """Every block's activity, input side first, as a note of a network file has it."""
    return json.dumps([{name: round(value, 3) for name, value in asdict(one).items()} for one in found])


def from_json(text: str, blocks: int) -> tuple[Activity, ...] | None:
    """What :func:`to_json` wrote; None where it is not that of so many blocks."""
    names = {field.name for field in fields(Activity)}
    try:
        found = tuple(Activity(**one) for one in json.loads(text) if one.keys() == names)
    except (ValueError, TypeError, AttributeError):
        return None
    return found if len(found) == blocks else None
