"""What a calibration found, in lines for people."""

from collections.abc import Iterator

from ..console import percent
from .calibrate import Evidence
from .search import LEAST, Trial

UNDERFLOWS = 0.3        # of the updates, above which nearest rounding freezes a network


def lines(evidence: Evidence | None) -> Iterator[str]:
    """What is to be known before learning on chip; nothing of a network that cannot."""
    if evidence is None:
        return
    found = evidence.found
    if found is None:
        if evidence.unseen < LEAST and evidence.searched:
            yield (f"Warning: {evidence.unseen} samples are too few to calibrate learning on chip, which takes {LEAST} "
                   "that were not learned from; its rates are those of no data in particular")
        return
    whose = "" if evidence.subject == "network" else ", by a copy trained on 85 % of the samples"
    yield f"Learning on chip, measured on {evidence.unseen} samples not learned from{whose}: {told(found.chosen)}"
    if not found.chosen.keeps:
        yield (f"Warning: no rate that was tried loses {found.chosen.tolerated:.2g} points or less on unchanged data; "
               "learn with a guard (snnfpga learn --guard 0.2), or with more samples")
    if evidence.rounding == "nearest" and found.chosen.underflows > UNDERFLOWS:
        yield (f"Warning: {percent(found.chosen.underflows)} of the updates are rounded to nothing; take "
               "hardware.rounding=stochastic, or more on_chip.shadow_bits")


def told(trial: Trial) -> str:
    """A trial in words."""
    change = f"{abs(trial.loss_points):.2f} points {'lost' if trial.loss_points > 0 else 'gained'} on unchanged data"
    if not trial.recovered:
        return f"{change}; no drift that was tried did harm"
    return f"{change}, {percent(trial.recovery)} of what a drift took won back"
