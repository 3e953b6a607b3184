"""The search for rate shifts: the fastest that keeps what is known, judged by what it learns of generic drifts.

On data that does not change the best rate would be none at all, so there are two scores, both on samples that the
network was not trained on: what it loses where nothing changed (:attr:`Trial.loss_points`), and how much of what a
drift took it gets back (:attr:`Trial.recovered`). The search is bounded by trials and samples, never by a clock, so
that the same seed gives the same file.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from board.host.schedule import DEFAULT
from rtl_gen.contract.network import Network

from ..config.on_chip import OnChipConfig
from ..console import Advance
from ..data.dataset import Split
from ..data.sampling import drawn
from .drifts import DRIFTS, SHARES
from .rates import BlockShifts, built, moved, shifts_of, with_dead_zone, with_shifts
from .scale import scaled
from .trials import Lessons, accuracy, learned, orders

TOLERANCE = 0.5         # points that may be lost where nothing changed, or one sample where that is more
HARM = 10.0             # points that a drift must take, for its recovery to be measured
ORDERS = 3
UNSHELTERED = 2.5       # points that may be lost where nothing changed and yet all lessons are learned from
FASTEST, SLOWEST = -3, 4   # shifts that are tried, from those by scale
CHANCE = 0.05              # of recoveries, that tells nothing: it is measured on few samples
DEAD_ZONES = (12, 48)      # that are tried beside the usual one
TRIALS = 8                 # of most searches
LONG = 8                # windows of a sample from which on learning from fewer of them is tried in any case
LESSONS = 300           # of a trial
SCORES = 240
LEAST = 24              # samples held out, below which nothing can be told
PASSES_SHARE = 0.5      # of the samples that training looked at, which as many trials may look at again
OPERATIONS = 4e10       # synaptic operations of all trials together: large networks learn fewer lessons


@dataclass(frozen=True)
class Trial:
    """What was measured with one setting.

    Attributes
    ----------
    by
        Shifts above (below, where negative) those by scale.
    interval
        Every so many windows were learned from.
    dead_zone
        Errors up to this counted as none.
    loss_points
        Percentage points of accuracy lost on unchanged data, the mean over orders and halves.
    recovered
        Share of the accuracy taken by each drift that came back.
    underflows
        Share of the updates that were rounded to nothing.
    all_learned_loss_points
        Points lost on unchanged data by the falling schedule, which turns no lesson off: a rate at which that is much
        stands on the edge of forgetting.
    tolerated
        Points that may be lost.
    """

    by: int
    interval: int
    dead_zone: int
    loss_points: float
    recovered: dict[str, float]
    underflows: float
    all_learned_loss_points: float = 0.0
    tolerated: float = TOLERANCE

    @property
    def recovery(self) -> float:
        """Mean over the drifts, each 1 at most; 0 where none did harm."""
        return float(np.mean([min(1.0, share) for share in self.recovered.values()])) if self.recovered else 0.0

    @property
    def keeps(self) -> bool:
        """Whether it loses no more than is tolerated where nothing changed."""
        return self.loss_points <= self.tolerated and self.all_learned_loss_points <= UNSHELTERED

    def facts(self) -> dict[str, Any]:
        """As it is stored in a network's notes."""
        found = asdict(self)
        del found["tolerated"]
        for name in ("loss_points", "all_learned_loss_points"):
            found[name] = round(found[name], 3)
        found["recovered"] = {name: round(share, 4) for name, share in self.recovered.items()}
        return found | {"underflows": round(self.underflows, 4)}


@dataclass(frozen=True)
class Found:
    """What a search found: its trials in order, the one that was chosen, and its shifts."""

    trials: list[Trial]
    chosen: Trial
    shifts: list[BlockShifts]
    accuracy: float
    drifted: dict[str, float]


class Search:
    """Trials of one network on samples that it was trained on, and on others that it was not.

    Parameters
    ----------
    network
        What learns; its rates do not matter.
    fitted, unseen
        Samples it was trained on, and samples it was not; both have classes of the network.
    on_chip
        What was given by hand there stays.
    seed
        Draws samples, orders and drifts.
    passes
        Samples that training looked at, again in each epoch.
    """

    def __init__(self, network: Network, fitted: Split, unseen: Split, on_chip: OnChipConfig, seed: int,
                 passes: int, advance: Advance = lambda *_: None) -> None:
        self.network, self.on_chip, self.seed, self.advance = network, on_chip, seed, advance
        lessons, scores = _bounded(network, unseen, passes)
        held = Lessons.of(unseen, drawn(unseen.labels, min(len(unseen), scores), seed))
        known = Lessons.of(fitted, drawn(fitted.labels, min(len(fitted), lessons), seed))
        self.scores = held
        self.unchanged = self._halves(held, known, lessons)
        self.tolerated = max(TOLERANCE, 100 / len(held))
        self.accuracy = accuracy(network, held)
        self.drifted: dict[str, float] = {}
        self.drifts: dict[str, tuple[Lessons, Lessons]] = {}
        for number, (name, drift) in enumerate(DRIFTS.items()):
            for share in SHARES:
                # Both get the same drift: the same inputs are dead, and pairs swapped, in lessons and in scores.
                changed = [part.with_spikes(_within(drift(
                    part.spikes, share, np.random.default_rng([seed, number])), part)) for part in (known, held)]
                after = accuracy(network, changed[1])
                if 100 * (self.accuracy - after) >= HARM:
                    self.drifted[name], self.drifts[name] = after, (changed[0], changed[1])
                    break

    def _halves(self, held: Lessons, known: Lessons, lessons: int) -> list[tuple[Lessons, Lessons]]:
        """Twice: lessons of unchanged data, one half of what is held out among them, and the other half to score."""
        halves = np.arange(len(held)) % 2       # class after class, so that both halves have all classes
        pairs = []
        for half in (0, 1):
            unseen = held.select(halves == half)
            filled = unseen.joined(known.select(np.arange(min(len(known), max(0, lessons - len(unseen))))))
            pairs.append((filled, held.select(halves != half)))
        return pairs

    def run(self) -> Found:
        """Search; the network needs a block that learns."""
        trials: list[Trial] = []
        bases: dict[int, list[BlockShifts]] = {}

        def tried(by: int, interval: int, dead_zone: int | None = None) -> Trial:
            trials.append(self.trial(moved(bases[interval], by, self.on_chip), by, interval, dead_zone))
            self.advance()
            return trials[-1]

        wrong = next(iter(self.drifts.values()), (self.unchanged[0][0],))[0]
        for interval in self._intervals():
            bases[interval] = self._by_scale(wrong, interval)
            self._climb(lambda by, own=interval: tried(by, own))
            if self._windows() < LONG and choose(trials).keeps:
                break       # single windows tell enough of the class
        chosen = choose(trials)
        if self.on_chip.dead_zone == "auto":
            for dead_zone in DEAD_ZONES:
                tried(chosen.by, chosen.interval, dead_zone)
            chosen = choose(trials)
        return Found(trials, chosen, moved(bases[chosen.interval], chosen.by, self.on_chip), self.accuracy,
                     self.drifted)

    @staticmethod
    def _climb(tried: Callable[[int], Trial]) -> None:
        """Go faster than by scale as long as what is known is kept and that helps, or slower until it is kept.

        What is won back is measured on few samples, so that one trial that wins no more ends nothing, but two do.
        """
        best = tried(0)
        if not best.keeps:
            for by in range(1, SLOWEST + 1):
                if tried(by).keeps:
                    return
            return
        worse = 0
        for by in range(-1, FASTEST - 1, -1):
            trial = tried(by)
            worse = worse + 1 if trial.recovery <= best.recovery else 0
            best = max(best, trial, key=lambda one: one.recovery)
            if not trial.keeps or worse == 2:
                return

    def _intervals(self) -> list[int]:
        """Update intervals to try: in long samples single windows say little of the class."""
        own = max(block.update_interval for block in self.network.spec.blocks if block.directives.learns)
        windows = self._windows()
        return [own] if own > 1 else sorted({1, windows} | ({windows // 4} if windows >= LONG else set()))

    def _windows(self) -> int:
        """Windows of a sample, at least, in the blocks that learn."""
        steps = self.scores.spikes.shape[1] if self.scores.lengths is None else float(np.median(self.scores.lengths))
        return min(-(-int(steps) // block.window) for block in self.network.spec.blocks if block.directives.learns)

    def _by_scale(self, lessons: Lessons, interval: int) -> list[BlockShifts]:
        given = shifts_of(self.network)
        found = scaled(self.network, lessons, given, interval)
        return [BlockShifts(own.layers if self.on_chip.rate_shift == "auto" else old.layers,
                            own.readout if self.on_chip.readout_rate_shift == "auto" else old.readout)
                for own, old in zip(found, built(given, self.on_chip), strict=True)]

    def trial(self, shifts: Sequence[BlockShifts], by: int, interval: int, dead_zone: int | None = None) -> Trial:
        """Measure one setting; without a ``dead_zone`` the network's own."""
        network = with_dead_zone(with_shifts(self.network, shifts, interval), dead_zone)
        counters: dict[str, int] = {}
        expected = 1 - self.accuracy
        losses, all_learned = (
            [accuracy(network, scores) - accuracy(learned(network, lessons, order, expected, found, schedule), scores)
             for lessons, scores in self.unchanged for order in orders(len(lessons), ORDERS, self.seed)]
            for schedule, found in ((DEFAULT, counters), ("falling", None)))
        recovered = {}
        for name, (lessons, scores) in self.drifts.items():
            order = orders(len(lessons), 1, self.seed)[0]
            after = accuracy(learned(network, lessons, order, expected, counters), scores)
            recovered[name] = (after - self.drifted[name]) / (self.accuracy - self.drifted[name])
        return Trial(by, interval, network.spec.blocks[-1].readout.dead_zone, 100 * float(np.mean(losses)), recovered,
                     counters.get("underflows", 0) / max(counters.get("updates", 0), 1),
                     100 * float(np.mean(all_learned)), self.tolerated)


def choose(trials: Sequence[Trial]) -> Trial:
    """The fastest of those that keep what is known and recover about as much as any; else what keeps most."""
    keeping = [trial for trial in trials if trial.keeps]
    if keeping:
        most = max(trial.recovery for trial in keeping)
        return min((trial for trial in keeping if trial.recovery >= most - CHANCE),
                   key=lambda trial: (trial.by, -trial.recovery))
    return min(trials, key=lambda trial: max(trial.loss_points, trial.all_learned_loss_points))


def _within(spikes: np.ndarray, part: Lessons) -> np.ndarray:
    """No events after a sample's end."""
    if part.lengths is not None:
        spikes = spikes * (np.arange(spikes.shape[1])[None, :, None] < part.lengths[:, None, None]).astype(np.uint8)
    return spikes


def _bounded(network: Network, split: Split, passes: int) -> tuple[int, int]:
    """Lessons and scores of a trial: fewer where a sample takes many operations, or where training was short.

    ``passes`` are the samples that training looked at, again in each epoch. A sample of a convolution or a recurrent
    layer takes about as long here as there.
    """
    events = float(np.mean(split.select(slice(16)).spikes[:] != 0)) * split.spikes.shape[1]
    layers = [layer for block in network.spec.blocks for layer in block.layers]
    each = sum(layer.outputs * layer.synapses.rows * events for layer in layers)
    runs = TRIALS * (4 * ORDERS + len(DRIFTS)) * 2
    most = int(OPERATIONS / max(each, 1.0) / runs)
    if any(layer.synapses.kind != "dense" or layer.synapses.recurrent for layer in layers):
        most = min(most, int(PASSES_SHARE * passes / runs))
    return min(LESSONS, max(most, LEAST)), min(SCORES, max(most, LEAST))

