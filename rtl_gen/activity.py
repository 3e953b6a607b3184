"""What a block has to do in a mean sample of some data, and the cycles that takes by formula."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from .contract.block import BlockSpec
from .estimate import FoldedCycles, cycles

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
    entries
        Of a folded block, for each layer, the events of a step behind its pool and its own spikes, each as often as
        there are places that see it; of another none.
    """

    steps: float
    windows: float
    events: float
    silent: float
    rows: float
    entries: tuple[float, ...] = ()


def mean_cycles(block: BlockSpec, activity: Activity, *, learn: bool) -> float:
    """Cycles of a mean sample of a block, run alone or learned from.

    The formulas of :class:`~rtl_gen.estimate.Cycles` are straight lines but for silent steps, halves of pairs, and
    windows so quiet or short that they wait for credits or feedback, so that the mean of samples is what they give for
    the means. Every group is taken to have credit, which makes learning an upper bound where no window is so quiet.
    """
    cost, busy = cycles(block), 1 - activity.silent
    if isinstance(cost, FoldedCycles):
        return _folded_cycles(cost, activity, learn=learn and block.directives.learns)
    full = cost.engines.forward.mean_cycles(activity.events / busy) if busy else 0
    step = activity.silent * cost.forward(0) + busy * full
    total = activity.steps * step + cost.SAMPLE_OVERHEAD
    if not (learn and block.directives.learns):
        return total
    learned, length = _windows(block, activity)
    return total + learned * (cost.engines.forward.latency + cost.readout + cost.update(
        activity.rows, length, activity.events * length))


def _windows(block: BlockSpec, activity: Activity) -> tuple[float, float]:
    """How many windows of a sample are learned from, and their steps."""
    # Of each m windows one is learned from, and what is left over is not.
    return activity.windows / block.update_interval, min(block.window, activity.steps / activity.windows)


def _folded_cycles(cost: FoldedCycles, activity: Activity, *, learn: bool) -> float:
    """As :func:`mean_cycles`, by the entries of each layer."""
    total = activity.steps * cost.work.step(activity.entries) + cost.SAMPLE_OVERHEAD
    if not learn:
        return total
    learned, length = _windows(cost.engines.forward.block, activity)
    return total + learned * (cost.readout + cost.work.window([many * length for many in activity.entries], length))


def to_json(found: Sequence[Activity]) -> str:
    """Every block's activity, input side first, as a note of a network file has it."""
    return json.dumps([{name: [round(part, 3) for part in value] if isinstance(value, tuple) else round(value, 3)
                        for name, value in asdict(one).items()} for one in found])


def from_json(text: str, blocks: int) -> tuple[Activity, ...] | None:
    """What :func:`to_json` wrote, which once had no entries; None where it is not that of so many blocks."""
    names = {field.name for field in fields(Activity)}
    try:
        found = tuple(Activity(**one | {"entries": tuple(one.get("entries", ()))}) for one in json.loads(text)
                      if one.keys() | {"entries"} == names)
    except (ValueError, TypeError, AttributeError):
        return None
    return found if len(found) == blocks else None
