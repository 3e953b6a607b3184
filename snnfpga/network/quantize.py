"""Weights on a fixed scale: Brevitas quantisers whose exponent is measured once and then constant.

Brevitas' own default lets the exponent follow max|w|. A threshold is an integer on the same scale, so a scale that
moves in mid-training would move every threshold with it.
"""

from typing import Any

import torch
from brevitas.inject.enum import ScalingImplType
from brevitas.nn import QuantLinear
from brevitas.quant.binary import SignedBinaryWeightPerTensorConst
from brevitas.quant.fixed_point import Int8WeightPerTensorFixedPoint
from torch import Tensor, nn


def weight_limit(weight_bits: int) -> int:
    """Largest magnitude of a trained weight: the range is symmetric, -2^(bits-1) is left to learning on chip.

    One bit is +1 or -1, two are -1, 0 and 1.
    """
    return max(1, (1 << (weight_bits - 1)) - 1)


def fixed_point(weight_bits: int, fraction: int) -> type:
    """Brevitas weight quantiser with ``weight_bits`` bits, narrow range, and the constant scale ``2**-fraction``."""
    if weight_bits == 1:
        return type("ConstantBinary", (SignedBinaryWeightPerTensorConst,), {"scaling_init": 2.0 ** -fraction})
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
        (rows, columns) float32.
    weight_bits, fraction
        The scale: multiples of ``2**-fraction`` in ``weight_bits`` bits.
    standardised
        Quantise not the weights, but what remains of each column with its mean taken away and its deviation divided
        out, times a gain that is learned for each column. A column's currents then keep their spread however the
        weights grow, and nothing of it is left to compute once they are integers. (Weight standardisation: Qiao, Wang,
        Liu, Shen, Yuille, 2019.) The last ``untouched`` rows, recurrent ones and the bias, are left as they are.
    """

    def __init__(self, initial: Tensor, weight_bits: int, fraction: int, standardised: bool = False,
                 untouched: int = 0) -> None:
        super().__init__()
        rows, columns = initial.shape
        self.untouched = untouched
        # Laid out in memory as the integers will be, so that no transpose is ever copied.
        self.linear = nn.Linear(rows, columns, bias=False)
        self.linear.weight = nn.Parameter(initial.clone(memory_format=torch.contiguous_format).t())
        spread = initial[:rows - untouched].std(0, correction=0)[:, None]
        self.gain = nn.Parameter(spread.mean().expand_as(spread).clone()) if standardised else None
        self.move(weight_bits, fraction)

    def move(self, weight_bits: int, fraction: int) -> None:
        """To another scale; the float weights stay, but for those beyond its range."""
        self.weight_bits, self.fraction = weight_bits, fraction
        self.limit = weight_limit(weight_bits) * 2.0 ** -fraction
        held = QuantLinear(*reversed(self.linear.weight.shape), bias=False,
                           weight_quant=fixed_point(weight_bits, fraction))
        held.weight = self.linear.weight        # the same parameter, which the optimiser knows
        self.linear = held
        self.clip()

    def forward(self) -> Tensor:
        """Integer-valued float32 (rows, columns); its gradient reaches the float weights straight through."""
        if self.weight_bits > 1:
            return Rounded.apply(self.wanted(), self.limit, 2.0 ** self.fraction)
        # A power of two, so the product is exact.
        return self.linear.weight_quant(self.wanted()).value.t() * 2.0 ** self.fraction

    def wanted(self) -> Tensor:
        """(columns, rows), what is quantised."""
        weight = self.linear.weight
        if self.gain is None:
            return weight
        moved = weight[:, :weight.shape[1] - self.untouched]
        deviation, mean = torch.std_mean(moved, 1, keepdim=True, correction=0)
        found = (moved - mean) * (self.gain / (deviation + 1e-8))
        return torch.cat([found, weight[:, weight.shape[1] - self.untouched:]], 1) if self.untouched else found

    @torch.no_grad()
    def clip(self) -> None:
        """Bring float weights back to the range: beyond it a step of the optimiser would change nothing.

        Standardised ones have no range, as their mean and deviation are taken out; their gain has one.
        """
        weight = self.linear.weight
        if self.gain is None:
            weight.clamp_(-self.limit, self.limit)
        else:
            weight[:, weight.shape[1] - self.untouched:].clamp_(-self.limit, self.limit)
            self.gain.clamp_(-self.limit, self.limit)
