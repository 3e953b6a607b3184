"""Neurons of a source as ours: gains folded into thresholds, one leak a layer, integers on the grid of the weights."""

import math
from dataclasses import dataclass

import numpy as np

from ..network.neurons.lif_shifts import nearest_shifts, share_kept
from .graph import NirError, unfit
from .stages import Array, NeuronStage

SAME = 1e-5             # by how much values that frameworks compute in float32 differ where they mean the same
LARGEST_BITS = 24       # of a membrane
FARTHEST = 1e300        # from 0, of a threshold in the unit of the currents; beyond, numbers overflow
NOISE = 5e-7            # of a threshold that was computed in float32, of its own size


@dataclass(frozen=True, eq=False)
class Neurons:
    """Neurons of a layer whose currents count once.

    Attributes
    ----------
    keep, current_keep
        Shares kept in a step, one each for the layer; no synapse is None.
    threshold
        In the unit of the currents once each neuron's weights are multiplied by ``factors``.
    factors
        (neurons,) or (filters,): 1 where all neurons have one threshold.
    constant
        (neurons,) or (filters,): what is added to a current in each step, before ``factors``.
    """

    keep: float
    current_keep: float | None
    threshold: float
    factors: Array
    constant: Array
    reached: bool
    reset: str


def folded(stage: NeuronStage, shape: tuple[int, ...], columns: int) -> Neurons:
    """The neurons of a stage, of ``shape`` (neurons,) or (filters, rows, columns), in ``columns`` of the weights.

    Raises
    ------
    NirError
        If numbers are not as many as the neurons, or neurons that share a leak or a filter differ.
    """
    own, place = stage.dynamics, f"Node {stage.name}"
    keep = _one(place, "leak", spread(place, own.keep, shape))
    gain = spread(place, own.gain, shape)
    constant = _by_column(place, "resting value", spread(place, own.constant, shape) / gain, columns)
    current = None if own.current_keep is None else _one(place, "leak of the current", spread(
        place, own.current_keep, shape))
    if own.threshold is None:
        _one(place, "gain", gain)
        return Neurons(keep, current, math.inf, np.ones(columns), constant, False, own.reset)
    if (own.threshold <= 0).any():
        raise NirError(f"{place} must have thresholds above what a reset leaves, not {own.threshold.min():g} above it; "
                       "train it so")
    if own.reset == "subtract-late" and keep <= 0:
        raise NirError(f"{place} keeps nothing of a membrane in a step, so that no subtraction before its leak is what "
                       "a late one takes; train with a leak that keeps some, or with a reset to zero")
    thresholds = spread(place, own.threshold, shape) / gain
    if not ((thresholds > 1 / FARTHEST) & (thresholds < FARTHEST)).all():
        raise unfit(stage.name, f"the threshold is {own.threshold.max():.3g}, and a current counts "
                                f"{gain.min():.3g} in a membrane")
    thresholds = _by_column(place, "threshold", thresholds, columns)
    middle = float(np.median(thresholds))
    factors = np.ones(columns) if np.allclose(thresholds, middle, rtol=SAME) else middle / thresholds
    if not np.isfinite(factors.max() / factors.min()):
        raise unfit(stage.name, f"thresholds of its neurons are {thresholds.min():.3g} .. {thresholds.max():.3g}")
    return Neurons(keep, current, middle, factors, constant, own.reached, own.reset)


def spread(place: str, values: Array, shape: tuple[int, ...]) -> Array:
    """A parameter as one value for each of ``shape``, where it is one for all, for each channel, or one each.

    Raises
    ------
    NirError
        If it is as many as nothing of this.
    """
    values = np.asarray(values, np.float64)
    if values.size == 1:
        return np.full(shape, values.reshape(-1)[0])
    if values.size == math.prod(shape):
        return values.reshape(shape)
    if len(shape) == 3 and values.size == shape[0]:
        return np.broadcast_to(values.reshape(-1, 1, 1), shape)
    raise NirError(f"{place} must have one value for each of its {' x '.join(map(str, shape))} neurons, or one for "
                   f"all, not {' x '.join(map(str, values.shape))}; give it as many")


def _one(place: str, what: str, values: Array) -> float:
    if not np.allclose(values, values.flat[0], rtol=SAME, atol=SAME / 10):
        raise NirError(f"{place} must have one {what} for all its neurons, not {values.min():g} .. {values.max():g}; "
                       "train with one, or split the layer")
    return float(values.flat[0])


def _by_column(place: str, what: str, values: Array, columns: int) -> Array:
    """One value for each column of the weights: neurons of a filter share theirs."""
    by = values.reshape(columns, -1)
    if not np.allclose(by, by[:, :1], rtol=SAME, atol=1e-12):
        raise NirError(f"{place} must have one {what} for all neurons of a filter, and they differ; train with one")
    return by[:, 0]


@dataclass(frozen=True)
class OnGrid:
    """Neurons in integers, and how far that is from what was wanted.

    Attributes
    ----------
    known
        The keys of an entry of ``network.layers``, membranes aside.
    keep, current_keep
        What is kept in a step with the shifts that were found.
    threshold, amount
        In units of ``2**-unit``; the amount is None where a reset is to zero.
    """

    known: dict[str, object]
    keep: float
    current_keep: float | None
    threshold: int
    amount: int | None


def on_grid(neurons: Neurons, unit: int) -> OnGrid:
    """Neurons whose currents are multiples of ``2**-unit``."""
    scale = 2.0 ** unit
    threshold = max(1, _threshold(neurons.threshold * scale, neurons.reached))
    amount = None
    if neurons.reset != "zero":
        late = neurons.keep if neurons.reset == "subtract-late" else 1.0
        amount = max(1, round(neurons.threshold / late * scale))
    known = {"threshold": threshold / scale, "reset": "zero" if amount is None else "subtract",
             "reset_amount": None if amount in (None, threshold) else amount / scale}
    leak, keep = _leak(neurons.keep)
    current_keep = None
    if neurons.current_keep is not None:
        current_keep = share_kept(nearest_shifts(neurons.current_keep, LARGEST_BITS))
        known["current_keep"] = current_keep
    return OnGrid(known | leak, keep, current_keep, threshold, amount)


def _threshold(wanted: float, reached: bool) -> int:
    """The least integer that fires: at or above ``wanted``, or above it; noise of float32 is none."""
    near = round(wanted)
    if abs(wanted - near) <= min(0.25, NOISE * max(1.0, abs(wanted))):
        wanted = float(near)
    return math.ceil(wanted) if reached else math.floor(wanted) + 1


def _leak(keep: float) -> tuple[dict[str, object], float]:
    """The keys of a leak, and what is kept with them."""
    if keep >= 1.0 - SAME / 10:
        return {"neuron": "lif", "leak": False}, 1.0
    shifts = nearest_shifts(keep, LARGEST_BITS)
    if len(shifts) == 1:
        return {"neuron": "lif", "leak_shift": shifts[0]}, share_kept(shifts)
    return {"neuron": "lif_shifts", "keep": share_kept(shifts)}, share_kept(shifts)

