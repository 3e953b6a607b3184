"""What ``snnfpga learn`` was asked for, as its options say it, and the plan that comes of it."""

import json
from dataclasses import dataclass
from pathlib import Path

from board.host.expected import in_notes
from board.host.guard import check_share
from board.host.options import check_schedule, rates_of
from board.host.schedule import DEFAULT, Schedule
from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.network import Network
from rtl_gen.contract.network_file import read_notes

from ..calibration.calibrate import CALIBRATION
from ..data.dataset import Split
from .lessons import Plan

SAME = "same"       # what --rehearse takes for the data that the network was trained on


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options that say how to learn, as they were given; None where one was left out.

    Attributes
    ----------
    data, rehearse
        Names of data sets or paths of .npz files; ``rehearse`` may be :data:`SAME`.
    samples
        So many training samples.
    passes, shuffle, seed, schedule, guard, rehearse_share
        As :class:`.lessons.Plan` has them.
    rates
        As :func:`board.host.options.rates_of` reads them.
    fresh
        Whether to begin with random weights.
    settings
        ``on_chip.KEY=VALUE``, each a value to change.
    """

    data: str | None
    samples: int | None
    passes: int
    shuffle: bool
    seed: int | None
    schedule: str | None
    rates: str | None
    guard: float | None
    rehearse: str | None
    rehearse_share: float | None
    fresh: bool
    settings: tuple[str, ...]

    def seed_for(self, network: Network) -> int:
        """What draws samples and order."""
        return network.spec.seed if self.seed is None else self.seed

    def plan(self, path: Path, network: Network) -> Plan:
        """The plan for ``network``, of the file ``path``, made before any data is read.

        Raises
        ------
        SnnfpgaError
            If an option is out of range, or cannot stand beside another.
        """
        self._check()
        asked = rates_of(self.rates, len(network.spec.blocks))
        check_schedule(self.schedule, asked)
        plan = Plan(passes=self.passes, shuffled=self.shuffle, seed=self.seed_for(network), rates=asked,
                    schedule=self._schedule() if self.schedule is None else self.schedule, guard=self.guard,
                    expected=in_notes(read_notes(path)),
                    rehearse=Plan.rehearse if self.rehearse_share is None else self.rehearse_share)
        Schedule(plan.schedule, network.rates, 1, plan.expected)        # refuses one that there is not
        return plan

    def _schedule(self) -> str:
        """That which is taken where none was asked for; from random weights no share of wrong answers is usual."""
        if self.rates is not None:
            return "constant"
        return "falling" if self.fresh else DEFAULT

    def check_lessons(self, new: Split) -> None:
        """Refuse options that cannot stand beside these samples.

        Raises
        ------
        SnnfpgaError
            If steps have labels, and something is asked for that is of samples with one label.
        """
        if new.step_labels is not None and (self.passes > 1 or self.guard is not None or self.schedule or self.rates
                                            or self.rehearse):
            raise SnnfpgaError("Samples with labels of steps are learned from once, at the network's rates; leave "
                               "--passes, --guard, --schedule, --rates and --rehearse out", USAGE)

    def _check(self) -> None:
        if self.guard is not None:
            check_share(self.guard)
        if self.fresh and self.settings:
            raise SnnfpgaError("--fresh takes rates and dead zone for random weights, whatever --set asks for; leave "
                               "one of the two out, or set the network's rates with --rates", USAGE)
        if self.rehearse_share is not None and not 0 < self.rehearse_share <= 10:
            raise SnnfpgaError(f"--rehearse-share must be above 0 and at most 10, not {self.rehearse_share:g}", USAGE)
        if self.rehearse is None and self.rehearse_share is not None:
            raise SnnfpgaError("--rehearse-share says how many old samples are mixed in, and --rehearse names none; "
                               "give it, or leave the share out", USAGE)

    def uncalibrated(self, path: Path) -> bool:
        """Whether the network at ``path`` was never calibrated for learning, and nothing else was asked of its rates.
        """
        return "trials" not in json.loads(read_notes(path).get(CALIBRATION, "{}")) and not (
            self.rates or self.settings or self.fresh)

    def facts(self) -> dict[str, object]:
        """What ``--json`` and ``learn.json`` say of what changed the network before it learned."""
        return {"rates": self.rates, "settings": list(self.settings), "fresh": self.fresh}
