"""What was understood of a graph and what became of it, and the grid that weights are put on."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..network.architecture import Given
from ..network.quantize import weight_limit
from .graph import NirError, unfit
from .making import Raw
from .stages import Array
from .width import WIDEST

FINEST, COARSEST = 24, -8       # fraction bits that a layer can have; weights beyond are in another unit
FARTHEST = 64                   # fraction bits of a grid that a file has, either way
COARSE = 2.0                    # times the error of weights that use at least half of their range
FEW_UNITS = 16          # of a threshold
FEW_LARGE = 2.0         # times half the largest weight is above most
FEW_BITS = 3                    # of weights whose grid holds them; those of 1 or 2 bits are signs


@dataclass(frozen=True, kw_only=True)
class LayerFacts:
    """What was understood of a node and what became of it, for people.

    Attributes
    ----------
    node, kind, neurons
        Its name, what it is here, and how many neurons or classes.
    said
        The numbers of the file that its leak and gain follow from.
    keep, keep_used, current_keep, current_keep_used
        Shares kept in a step; None without a leak or a synapse.
    gain
        What a current counts in a membrane: it is folded into the threshold.
    reset, compare
        As the source has them.
    weight_bits, fraction_bits, threshold, reset_amount, membrane_bits
        The integers.
    weight_error
        The largest difference of a weight, as a share of the largest weight; biases aside.
    """

    node: str
    kind: str
    neurons: int
    said: str
    keep: float | None
    keep_used: float | None
    current_keep: float | None
    current_keep_used: float | None
    gain: tuple[float, float] | None
    reset: str | None
    compare: str | None
    weight_bits: int
    fraction_bits: int
    threshold: int | None
    reset_amount: int | None
    membrane_bits: int | None
    weight_error: float

    @property
    def largest(self) -> int:
        """What a membrane must hold at least: the threshold, or what a reset takes off."""
        return max(self.threshold or 0, self.reset_amount or 0)


def grid(place: str, bits: int, given: Given) -> int:
    """Fraction bits of the finest grid of weights of so many ``bits`` that holds all that are ``given``.

    Raises
    ------
    NirError
        If they are too few bits for weights that are more than signs.
    """
    if bits < FEW_BITS:
        raise NirError(f"{place} must have weights of {FEW_BITS} bits at least, not {bits}, which are signs; import it "
                       "with more, and train it with fewer")
    largest = float(np.abs(_values(given)).max())
    if not math.isfinite(largest):
        raise NirError(f"{place} has weights beyond 1e+308 in the unit of its threshold; are weights, thresholds and "
                       "biases those of a trained network, and --from, --dt and --gain right?")
    if largest == 0.0:
        return 0
    return max(COARSEST, min(FINEST, math.floor(math.log2(weight_limit(bits) / max(largest, 1e-300)))))


def kept(own: dict[str, Any] | None, given: Given, asked: int | None) -> tuple[int, int] | None:
    """Bits and fraction of the grid that weights came with, where they lie on it still; None of others.

    Nor where other bits are ``asked`` for; None asks for none.
    """
    if own is None or "bits" not in own:
        return None
    bits, fraction = own["bits"], own["fraction"]
    if asked not in (None, bits):
        return None
    values = _values(given) * 2.0 ** fraction
    whole = np.array_equal(values, np.round(values)) and float(np.abs(values).max()) <= weight_limit(bits)
    return (bits, fraction) if bits >= FEW_BITS and whole else None


def error_of(given: Given, fraction: int, bits: int, source: Given | None = None) -> float:
    """The largest difference of a weight on its grid, as a share of the largest weight; biases aside.

    ``source`` is what the weights were before they were fitted to samples, in the same unit; None where they were not.
    """
    values, scale, limit = _values(replace(given, bias=None)), 2.0 ** fraction, weight_limit(bits)
    wanted = values if source is None else _values(replace(source, bias=None))
    largest = float(np.abs(wanted).max())
    held = np.clip(np.round(values * scale), -limit, limit) / scale
    return float(np.abs(held - wanted).max()) / largest if largest else 0.0


def coarse(facts: LayerFacts, error: float) -> list[str]:
    """A line for weights that are on a grid much coarser than their bits could be.

    ``error`` is that of rounding alone, before anything was fitted.
    """
    if error <= COARSE / weight_limit(facts.weight_bits):
        return []
    return [f"weights of node {facts.node} are off by up to {100 * error:.3g} % of the largest, as they are small "
            "beside its bias, with which they share a scale: take more weight_bits, or train with a smaller bias"]


def few_units(facts: LayerFacts, given: Given, units: float) -> list[str]:
    """A line for a threshold of so few units that leaks, which are rounded down to units, are other ones.

    ``units`` are those of the threshold before it was rounded, on the grid of the weights ``given``.
    """
    if facts.keep in (None, 1.0) or facts.threshold is None or facts.threshold >= FEW_UNITS:
        return []
    values = np.abs(_values(given))
    # So many times finer the grid could be were all weights as large as most.
    finer = float(values.max() / (2.0 * np.median(values[values > 0])))
    outliers = finer >= FEW_LARGE and units * finer >= FEW_UNITS
    return [f"the threshold of node {facts.node} is {facts.threshold} unit{'s' if facts.threshold > 1 else ''} of its "
            f"weights, {'as a few of these are much larger than the rest' if outliers else 'beside which it is small'},"
            " and leaks are rounded down to units: " + (
                "give --data, to which the scale is fitted, or take more weight_bits" if outliers else
                "take more weight_bits; or are --from, --dt and --gain not right?")]


def check_fit(raw: Raw, fraction: int, bits: int, finest: float) -> None:
    """Refuse a threshold that a grid of ``fraction`` bits, and of weights of so many ``bits``, cannot hold beside them.

    That is one that no membrane holds, and one by which a reset subtracts less than half a unit even where the grid is
    ``finest`` times as fine.

    Raises
    ------
    NirError
        If it is so.
    """
    own, node = raw.neurons, raw.stage.name
    units = own.threshold / (own.keep if own.reset == "subtract-late" else 1.0) * 2.0 ** fraction
    if not max(own.threshold * 2.0 ** fraction, units) < 2.0 ** WIDEST:
        raise _too_large(node, max(own.threshold * 2.0 ** fraction, units), WIDEST)
    if own.reset != "zero" and units * finest < 0.5 and _values(raw.given).any():
        apart = float(own.factors.max() / own.factors.min())
        raise unfit(node, f"a spike takes {units:.3g} units of the weights of {bits} bits off a membrane, which has "
                          "whole ones" + (f", and thresholds of its neurons differ {apart:.3g} times"
                                          if apart > FEW_UNITS else ""), "take more weight_bits; or ")


def check_held(facts: LayerFacts, bits: int) -> None:
    """Refuse a threshold or a reset that a membrane of so many ``bits`` does not hold.

    Raises
    ------
    NirError
        If it is so.
    """
    if facts.largest >= 2 ** (bits - 1):
        raise _too_large(facts.node, facts.largest, bits)


def _too_large(node: str, units: float, bits: int) -> NirError:
    number = f"{units:.3g}" if math.isfinite(units) else "more than 1e+308"
    return unfit(node, f"the threshold, or what a reset takes off, is {number} units of the weights, and a membrane of "
                       f"{bits} bits holds {2 ** (bits - 1) - 1}",
                 "" if bits == WIDEST else "take more membrane_bits; or ")


def _values(given: Given) -> Array:
    return np.concatenate([np.ravel(part) for part in (given.weights, given.recurrent, given.bias) if part is not None])
