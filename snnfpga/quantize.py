"""Weights on a fixed grid: Brevitas quantisers whose exponent is measured once and then constant.

Brevitas' own default lets the exponent follow max|w|. A threshold is an integer on the same grid, so a grid that moves
in mid-training would move every threshold with it.
"""

import math
from typing import Any

import torch
from brevitas.inject.enum import ScalingImplType
from brevitas.nn import QuantLinear
from brevitas.quant.fixed_point import Int8WeightPerTensorFixedPoint
from torch import Tensor, nn


def weight_limit(weight_bits: int) -> int:
    """Largest magnitude of a trained weight: the range is symmetric, -2^(bits-1) is left to learning on chip."""
    return (1 << (weight_bits - 1)) - 1


def fraction_bits(largest: float, weight_bits: int, headroom: float) -> int:
    """Exponent f of a grid of 2^-f that holds ``headroom`` times the ``largest`` magnitude seen at calibration."""
    return math.floor(math.log2(weight_limit(weight_bits) / (largest * headroom)))


def fixed_point(weight_bits: int, fraction: int) -> type:
    """Brevitas weight quantiser with ``weight_bits`` bits, narrow range, and the constant scale ``2**-fraction``."""
    # Brevitas divides the scale by 2^(bits-1) to come from a range to a step; this undoes it.
    return type("ConstantFixedPoint", (Int8WeightPerTensorFixedPoint,), {
        "scaling_impl_type": ScalingImplType.CONST,
        "scaling_init": 2.0 ** (weight_bits - 1 - fraction),
        "bit_width": weight_bits,
    })


class Rounded(torch.autograd.Function):
    """What Brevitas' quantiser computes, as integers, in one pass; the gradient goes straight through."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, limit: float, scale: float) -> Tensor:
        """``weights (outputs, rows) -> integers (rows, outputs)`` within ``limit * scale``."""
        ctx.scale = scale       # a power of two, so the products are exact
        return (weights.t() * scale).round_().clamp_(-limit * scale, limit * scale)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return (grads[0] * ctx.scale).t(), None, None


class QuantisedWeights(nn.Module):
    """A matrix of weights, float for the optimiser, integers for whoever calls it.

    Parameters
    ----------
    initial
        (rows, outputs) float32.
    weight_bits, fraction
        The grid: multiples of ``2**-fraction`` in ``weight_bits`` bits.
    """

    def __init__(self, initial: Tensor, weight_bits: int, fraction: int) -> None:
        super().__init__()
        rows, outputs = initial.shape
        self.fraction = fraction
        self.limit = weight_limit(weight_bits) * 2.0 ** -fraction
        self.linear = QuantLinear(rows, outputs, bias=False, weight_quant=fixed_point(weight_bits, fraction))
        # Laid out in memory as the integers will be, so that no transpose is ever copied.
        self.linear.weight = nn.Parameter(initial.clone(memory_format=torch.contiguous_format).t())
        self.clip()

    def forward(self) -> Tensor:
        """Integer-valued float32 (rows, outputs); its gradient reaches the float weights straight through."""
        return Rounded.apply(self.linear.weight, self.limit, 2.0 ** self.fraction)

    @torch.no_grad()
    def clip(self) -> None:
        """Bring float weights back to the range: beyond it a step of the optimiser would change nothing."""
        self.linear.weight.clamp_(-self.limit, self.limit)
