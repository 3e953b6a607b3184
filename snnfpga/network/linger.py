"""Currents that linger from step to step, over a window (docs/arithmetic.md, Forward)."""

from typing import Any

import torch
from torch import Tensor

from rtl_gen.contract.current import CurrentSpec


def leaked(spec: CurrentSpec, kept: Tensor) -> Tensor:
    """What is left of currents, integer-valued, of any shape, after the leak of a step."""
    # The product can have more bits than float32 holds.
    lost = torch.floor(kept.double() * (spec.leak_factor * 2.0 ** -spec.leak_bits))
    return kept - lost.to(kept.dtype)


def next_current(spec: CurrentSpec, added: Tensor, kept: Tensor) -> Tensor:
    """Currents (B, N) of a step that adds ``added``, after a step that left ``kept``."""
    return (leaked(spec, kept) + added).clamp_(-spec.largest, spec.largest - 1)


def linger(spec: CurrentSpec, added: Tensor, kept: Tensor) -> Tensor:
    """Currents (K, B, N) of steps that add ``added`` (K, B, N), from those kept (B, N); gradients go to ``added``."""
    return Linger.apply(added, kept, spec)


class Linger(torch.autograd.Function):
    """Floor and saturation pass the gradient straight through, and none goes to the window before."""

    @staticmethod
    def forward(ctx: Any, added: Tensor, kept: Tensor, spec: CurrentSpec) -> Tensor:
        """``(added (K, B, N), kept (B, N)) -> (K, B, N)``."""
        ctx.keep, found = spec.keep, torch.empty_like(added)
        for t, step in enumerate(added):
            found[t] = kept = next_current(spec, step, kept)
        return found

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return carried_back(grads[0], ctx.keep), None, None


class NextCurrent(torch.autograd.Function):
    """:func:`next_current`, through which the gradient goes back to the step before too."""

    @staticmethod
    def forward(ctx: Any, added: Tensor, kept: Tensor, spec: CurrentSpec) -> Tensor:
        """``(added (B, N), kept (B, N)) -> (B, N)``."""
        ctx.keep = spec.keep
        return next_current(spec, added, kept)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        return grads[0], grads[0] * ctx.keep, None


def carried_back(credit: Tensor, keep: float) -> Tensor:
    """Credits (K, ...) of what is added to currents, from those of the currents: each hands its share to the step
    before.
    """
    found = credit.clone(memory_format=torch.contiguous_format)
    for t in range(len(found) - 2, -1, -1):
        found[t] += found[t + 1] * keep
    return found
