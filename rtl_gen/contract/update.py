"""How a window's sum becomes a change of weights."""

from dataclasses import dataclass

from .checks import check_choice, check_range

ROUNDINGS = ("nearest", "stochastic")
MAX_RATE_SHIFT = 31


def check_rate(rate_shift: int, rounding: str) -> None:
    """Refuse a rounding that there is not, or a shift that it does not serve."""
    check_choice("Rounding", rounding, ROUNDINGS)
    highest = 16 if rounding == "stochastic" else MAX_RATE_SHIFT
    check_range("Rate shift", rate_shift, 0, highest, f" under {rounding} rounding")


@dataclass(frozen=True, kw_only=True)
class UpdateSpec:
    """What the update engine does with a layer's sums.

    Attributes
    ----------
    rate_shift, rounding
        A window's sum is divided by ``2**rate_shift`` under this rounding before it is subtracted.
    feedback_shift
        Credits that pass down through these weights are divided by ``2**feedback_shift`` (block depth 2 and more).
    """

    rate_shift: int
    rounding: str
    feedback_shift: int

    def __post_init__(self) -> None:
        check_rate(self.rate_shift, self.rounding)
        check_range("Feedback shift", self.feedback_shift, 0, 31)
