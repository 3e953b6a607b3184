"""A trained network becomes one that learns well on chip: centred, with shifts that were measured."""

from dataclasses import dataclass
from typing import Any

from board.host.expected import NOTE
from rtl_gen.contract.network import Network

from ..config.models import Config
from ..config.on_chip import AUTO
from ..console import Advance
from ..data.dataset import Split
from .centre import centred, error_share
from .rates import begun, built, shifts_of, with_dead_zone, with_shifts
from .search import LEAST, Found, Search
from .temperature import logit_shifts, softened

CALIBRATION = NOTE          # in a network's notes
CENTRED_ON = 512            # training samples


@dataclass(frozen=True)
class Evidence:
    """What a calibration chose and measured, as it is stored in a network's notes.

    Attributes
    ----------
    subject
        Whose trials these are: ``network`` itself, or a ``copy`` trained on part of the samples.
    unseen
        Samples that it had not learned from.
    errors
        Share of the chip's errors beyond the dead zone on training samples, before and after readouts were centred.
    searched
        Whether rate shifts were to be found.
    rounding
        Of the last block's updates.
    found
        The search; None where there were too few samples, or all was given by hand.
    """

    subject: str
    unseen: int
    errors: tuple[float, float]
    searched: bool
    rounding: str
    found: Found | None

    def facts(self) -> dict[str, Any]:
        """One JSON object."""
        values: dict[str, Any] = {
            "subject": self.subject, "unseen_samples": self.unseen,
            "errors_before_and_after_centring": [round(share, 4) for share in self.errors]}
        if self.found is not None:
            values |= {"accuracy": round(self.found.accuracy, 4),
                       "drifted": {name: round(share, 4) for name, share in self.found.drifted.items()},
                       "tolerated_points": round(self.found.chosen.tolerated, 3), "chosen": self.found.chosen.facts(),
                       "trials": [trial.facts() for trial in self.found.trials]}
        return values


def learns(network: Network) -> bool:
    """Whether any block has an update engine."""
    return any(block.directives.learns for block in network.spec.blocks)


def calibrated(network: Network, subject: Network, kind: str, fitted: Split, unseen: Split, config: Config,
               advance: Advance = lambda *_: None) -> tuple[Network, Evidence]:
    """``network`` ready to learn on chip, at the rate :data:`.rates.STEP`, as a rule.

    Parameters
    ----------
    network
        As training left it; a block of it learns on chip.
    subject
        What the trials are made with: ``network`` itself, or a copy that was trained on fewer samples.
    kind
        ``network`` or ``copy``.
    fitted, unseen
        Samples that ``subject`` was trained on, and samples that it was not.
    """
    on_chip = config.on_chip
    some = fitted.draw(CENTRED_ON, config.seed)
    before = error_share(network, some)
    enough = len(unseen) >= LEAST
    if on_chip.logit_shift == AUTO and enough:
        by = logit_shifts(subject, some, unseen) if on_chip.centre else [0] * len(network.spec.blocks)
        network, subject = softened(network, by), softened(subject, by)
    if on_chip.centre:
        network, subject = centred(network, some), centred(subject, some)
    errors = before, error_share(network, some)
    rounding = network.spec.blocks[-1].layers[-1].update.rounding
    if not (enough and on_chip.searched):
        return begun(with_shifts(network, built(shifts_of(network), on_chip)), on_chip), Evidence(
            kind, len(unseen), errors, on_chip.searched, rounding, None)
    passes = config.training.epochs * len(fitted)
    found = Search(subject, fitted, unseen, on_chip, config.seed, passes, advance).run()
    network = with_dead_zone(with_shifts(network, found.shifts, found.chosen.interval), found.chosen.dead_zone)
    return begun(network, on_chip), Evidence(kind, len(unseen), errors, True, rounding, found)

