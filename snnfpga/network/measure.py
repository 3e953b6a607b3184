"""What is measured before a layer is specified: the events that reach it, and the grid that its weights need."""

import math

from torch import Tensor

from rtl_gen.contract.layer import LayerSpec

from .draw import FloatWeights
from .quantize import weight_limit
from .shape import Shape
from .synapses import pooled
from .window import Flows


def power_of(events: Tensor, shape: Shape) -> float:
    """The mean square that a neuron's inputs sum up to in a step, of events (T, B, inputs) that reach the layer."""
    below = pooled(events.flatten(0, 1), shape.pool) * 2.0 ** -shape.mean_shift
    # A silent layer would ask for endless weights; one event a step is the least to reckon with.
    share = shape.fan_in / below.shape[1]
    return max(float(below.square().sum(1).mean()) * share, 1.0)


def added_power(flows: Flows, adds: int, source: LayerSpec | None) -> float:
    """The mean square of the currents of the ``source``, ``adds`` layers below, in units of real weights."""
    if source is None:
        return 0.0
    return float(flows.below(adds).square().mean()) * 4.0 ** -source.weights.fraction_bits


def scale_of(initial: FloatWeights, weight_bits: int, headroom: float) -> int:
    """Exponent of the grid of weights as they begin; thresholds count where they differ from the layer's."""
    different = initial.thresholds is not None and bool(initial.thresholds.any())
    return fraction_bits(initial.rows if different else initial.matrix, weight_bits, headroom)


def fraction_bits(initial: Tensor, weight_bits: int, headroom: float) -> int:
    """Exponent f of the scale of 2^-f that suits weights as they are at calibration.

    It holds ``headroom`` times the largest of them; with one or two bits, where every weight of any size is 1, its unit
    is the power of two next to their mean magnitude.
    """
    magnitudes = initial.abs()
    if not magnitudes.any():
        return 0        # any scale holds nothing
    if weight_bits <= 2:
        return -round(math.log2(float(magnitudes.mean()) * (1.0 if weight_bits == 1 else 1.5)))
    return math.floor(math.log2(weight_limit(weight_bits) / (float(magnitudes.max()) * headroom)))
