"""What may be asked of a data set."""

from dataclasses import dataclass
from pathlib import Path

from .binning import Binning
from .coding import CODINGS
from .dataset import DataError

UNTIMED = {"binning": "time", "pool": 1}    # what applies to events with times alone, as it is elsewhere


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """How data is made into spikes.

    Attributes
    ----------
    steps
        T, or None for what the set is best seen in.
    coding
        Of still images: ``rate``, ``bernoulli`` or ``latency``. None takes ``rate``.
    binning
        Of recorded events: into steps of equal ``time`` or of equal ``count``.
    pool
        Of recorded events: so many pixels in each direction become one.
    seed
        Draws the split, and whatever the coding or the camera leaves to chance.
    root
        Folder that holds the sets which are not embedded.
    """

    steps: int | None = None
    coding: str | None = None
    binning: str = "time"
    pool: int = 1
    seed: int = 0
    root: Path | None = None

    def __post_init__(self) -> None:
        if self.steps is not None and not 1 <= self.steps <= 65535:
            raise DataError(f"Data steps must be in 1..65535, not {self.steps}")
        if self.pool < 1:
            raise DataError(f"Data pool must be at least 1, not {self.pool}")
        if self.coding is not None and self.coding not in CODINGS:
            raise DataError(f"Data coding must be one of {', '.join(CODINGS)}, not {self.coding!r}")

    def of_times(self) -> dict[str, object]:
        """What is asked for that applies to events with times alone, by key."""
        return {key: value for key, plain in UNTIMED.items() if (value := getattr(self, key)) != plain}

    def binned(self, steps: int) -> Binning:
        """How recorded events become steps, ``steps`` of them where no number is asked for."""
        return Binning(steps=self.steps or steps, by=self.binning, pool=self.pool)
