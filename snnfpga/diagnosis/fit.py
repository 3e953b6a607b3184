"""Whether a trained network fits its samples too little or too much, and what to try, by what it gained elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ..config.models import Config
from ..network.inference import evaluate
from ..runs.scores import wilson
from ..training.trainer import Trainer

LEARNED = 0.95      # share of its own training samples below which a network has not learned them
GAP = 0.03          # by which training must be above unseen samples, beyond what their number leaves open
FEW = 3             # mistakes on unseen samples below which they do not tell
DRAWN = 2000        # training samples that are asked
SETS = ("digits-events", "braille", "nmnist-1100")


@dataclass(frozen=True)
class Remedy:
    """A change that may help.

    Attributes
    ----------
    key
        Its name in ``docs/results/advice.json``.
    what, setting
        In words, and the key to set.
    gains
        Points of test accuracy that it gained alone on each of ``SETS`` (``benchmarks/advice.py``, one seed).
    applies
        Whether it is not there already, of a configuration and its steps T.
    """

    key: str
    what: str
    setting: str
    gains: tuple[float, float, float]
    applies: Callable[[Config, int], bool] = lambda config, steps: True

    @property
    def mean(self) -> float:
        """The mean gain."""
        return sum(self.gains) / len(self.gains)


UNDER = (
    Remedy("wider", "twice the neurons in each layer", "network.blocks", (1.67, 16.45, 8.0)),
    Remedy("delays", "every input again T/8 and T/4 steps later", "data.delays", (2.23, 12.99, -3.0),
           lambda config, steps: not config.data.delays and steps >= 8),
    Remedy("normalise", "normalised weights", "network.normalise=weights", (-1.39, 12.99, -1.0),
           lambda config, steps: config.network.normalise == "none"),
    Remedy("K", "a window of the whole sample, K = T", "learning.window", (-1.95, 9.52, 0.0),
           lambda config, steps: config.learning.window < steps),
    Remedy("T", "twice the steps T", "data.steps", (-0.55, -3.03, -2.0)),
    Remedy("epochs", "twice the epochs", "training.epochs", (4.46, 10.82, 10.0)),
)
OVER = (
    Remedy("event_drop", "a fifth of the events left out", "training.event_drop=0.2", (-1.39, 2.6, 0.0),
           lambda config, steps: not config.training.event_drop),
    Remedy("shift", "samples that begin a step sooner or later", "training.augment.time_shift=1", (0.28, 2.6, -1.0),
           lambda config, steps: not config.training.augment.time_shift),
    Remedy("narrower", "half the neurons in each layer", "network.blocks", (-5.57, 5.2, -15.0)),
)


@dataclass(frozen=True)
class Fit:
    """How a network does on samples it learned from, and on samples it did not.

    Attributes
    ----------
    half
        ``validation``, or ``test`` where nothing was held out.
    train, unseen
        Accuracies as shares.
    samples, asked
        Unseen ones, and those that it learned from.
    """

    half: str
    train: float
    unseen: float
    samples: int
    asked: int

    @property
    def verdict(self) -> str:
        """``over``, ``under``, ``well``, or ``open``, where so few unseen samples do not tell.

        Of the first two it is the one that costs more.
        """
        gap, high = self.train - self.unseen, self.interval[1]
        under = self.train < LEARNED
        mistakes = round((1 - self.unseen) * self.samples)
        over = gap > GAP and self.train > high and mistakes >= FEW
        if over and (not under or gap > 1 - self.train):
            return "over"
        return "under" if under else "open" if gap > GAP else "well"

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy on unseen samples."""
        return wilson(round(self.unseen * self.samples), self.samples)

    def remedies(self, config: Config, steps: int) -> list[Remedy]:
        """What to try, the largest mean gain first, without what the configuration has already, or what gained nothing.
        """
        known = {"over": OVER, "under": UNDER}.get(self.verdict, ())
        return sorted((remedy for remedy in known if remedy.mean > 0 and remedy.applies(config, steps)),
                      key=lambda remedy: -remedy.mean)


def fit_of(trainer: Trainer) -> Fit | None:
    """How the network of ``trainer`` fits, as it stands; None where it has no unseen samples.

    Samples held out are asked, so that the test split chooses nothing; only without any it is the test split.
    """
    half, split = ("validation", trainer.validation) if len(trainer.validation) else ("test", trainer.test)
    if not len(split):
        return None
    network = trainer.network
    with torch.no_grad():
        train, unseen = (evaluate(network.spec, network.integers(), one).accuracies[-1]
                         for one in (trainer.train.draw(DRAWN, trainer.config.seed), split))
    return Fit(half, train, unseen, len(split), min(DRAWN, len(trainer.train)))


WORDS = {       # after "It"
    "over": "overfits: it knows its training samples, and unseen ones less; more samples help most",
    "under": "underfits: it has not learned its own training samples",
    "well": "fits: it has learned its training samples, and does nearly as well on unseen ones",
    "open": "may overfit: unseen samples do worse, and are too few to tell",
}
