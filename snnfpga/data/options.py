"""What may be asked of a data set."""

from dataclasses import dataclass
from pathlib import Path

from rtl_gen.contract.errors import shown
from rtl_gen.contract.layer import MAX_INPUT

from .binning import MAX_STEPS, Binning
from .coding import CODINGS
from .dataset import DataError

UNTIMED = {"binning": "time", "step_us": None, "pool": 1}       # of all data but events with times


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """How data is made into spikes.

    Attributes
    ----------
    steps
        T, or None for what the set is best seen in; beside ``step_us``, where samples are cut.
    coding
        Of still images, one of :data:`.coding.CODINGS`. None takes ``rate``, or ``direct`` where inputs count.
    binning
        Of recorded events: into steps of equal ``time`` or of equal ``count``.
    step_us
        Of recorded events: microseconds of a step, so that samples have different numbers of steps, or None.
    pool
        Of recorded events: so many pixels in each direction become one.
    input_max
        The largest value of an input in a step.
    delays
        Steps by which every input comes again, over a line of its own for each.
    seed
        Draws the split, and whatever the coding or the camera leaves to chance.
    root
        Folder that holds the sets which are not embedded.
    cache
        Folder in which binned events are kept, or None.
    """

    steps: int | None = None
    coding: str | None = None
    binning: str = "time"
    step_us: int | None = None
    pool: int = 1
    input_max: int = 1
    delays: tuple[int, ...] = ()
    seed: int = 0
    root: Path | None = None
    cache: Path | None = None

    def __post_init__(self) -> None:
        if self.steps is not None and not 1 <= self.steps <= MAX_STEPS:
            raise DataError(f"Data steps must be in 1..{MAX_STEPS}, not {self.steps}")
        if self.step_us is not None and not 1 <= self.step_us < 1 << 31:
            raise DataError(f"Data step_us must be in 1..{(1 << 31) - 1}, not {self.step_us}")
        if self.step_us is not None and self.binning == "count":
            raise DataError(f"Data step_us {self.step_us} makes steps by time, not by count; leave it or binning out")
        if self.pool < 1:
            raise DataError(f"Data pool must be at least 1, not {self.pool}")
        if not 1 <= self.input_max <= MAX_INPUT:
            raise DataError(f"Data input_max must be in 1..{MAX_INPUT}, not {self.input_max}")
        if self.input_max > 1 and self.coding not in (None, "direct"):
            raise DataError(f"Data coding {self.coding} makes inputs of 0 and 1, so input_max {self.input_max} does "
                            "not apply; take coding direct, or leave input_max out")
        if any(delay < 1 for delay in self.delays) or len(set(self.delays)) < len(self.delays):
            raise DataError(f"Data delays must be different numbers of steps, each at least 1, not {[*self.delays]}")
        if self.coding is not None and self.coding not in CODINGS:
            raise DataError(f"Data coding must be one of {', '.join(CODINGS)}, not {shown(self.coding)}")

    @property
    def code(self) -> str:
        """The coding of still images."""
        return self.coding or ("rate" if self.input_max == 1 else "direct")

    def of_times(self) -> dict[str, object]:
        """What is asked for that applies to events with times alone, by key."""
        return {key: value for key, plain in UNTIMED.items() if (value := getattr(self, key)) != plain}

    def binned(self, steps: int) -> Binning:
        """How recorded events become steps, ``steps`` of them where no number is asked for."""
        return Binning(steps=self.steps if self.step_us else self.steps or steps, by=self.binning,
                       step_us=self.step_us, pool=self.pool, most=self.input_max)
