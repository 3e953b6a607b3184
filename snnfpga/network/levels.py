"""Levels of a leaky readout, and what each step's add to its sums (docs/arithmetic.md, Readout)."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from rtl_gen.contract.readout import ReadoutSpec


class Level(NamedTuple):
    """What a leaky readout keeps from step to step.

    Attributes
    ----------
    level
        (B, classes).
    largest
        (B, classes): the largest level so far, where it is read; None before a sample's first step.
    """

    level: Tensor
    largest: Tensor | None


def at_rest(readout: ReadoutSpec, batch: int, like: Tensor) -> Level:
    """The levels at a sample's start, with the type and the device of ``like``."""
    return Level(like.new_zeros(batch, readout.classes), None)


def added(readout: ReadoutSpec, steps: Tensor, before: Level) -> tuple[Tensor, Level]:
    """What each step adds to the answers and logits, (K, B, classes), and the levels after.

    Parameters
    ----------
    steps
        (K, B, classes): the steps' weighted spikes, which is what a readout without a leak adds.
    before
        Levels that carry no gradient.
    """
    if readout.leak_shift is None:
        return steps, before
    levels = Leaking.apply(steps, before.level, readout.leak_shift)
    after, largest = levels[-1].detach(), None
    if readout.reading == "last":
        levels = torch.diff(levels, dim=0, prepend=before.level[None])
    elif readout.reading == "maximum":
        known = levels if before.largest is None else torch.cat([before.largest[None], levels])
        running = known.cummax(0).values
        largest = running[-1].detach()
        # The first step of a sample adds all of its level.
        first = running[:1] if before.largest is None else running[:0]
        levels = torch.cat([first, running[1:] - running[:-1]])
    return levels, Level(after, largest)


def whole(readout: ReadoutSpec, steps: Tensor) -> Tensor:
    """As :func:`added`, of the steps (T, B, classes) of whole samples."""
    return added(readout, steps, at_rest(readout, steps.shape[1], steps))[0]


class Leaking(torch.autograd.Function):
    """Levels (K, B, classes) after each step; the floor of the leak passes the gradient straight through."""

    @staticmethod
    def forward(ctx: Any, steps: Tensor, level: Tensor, leak_shift: int) -> Tensor:
        """``(steps (K, B, classes), level (B, classes) before) -> (K, B, classes)``."""
        ctx.keep, found = 1.0 - 2.0 ** -leak_shift, torch.empty_like(steps)
        for t, step in enumerate(steps):
            level = level - torch.floor(level * 2.0 ** -leak_shift) + step
            found[t] = level
        return found

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        to_steps = grads[0].clone(memory_format=torch.contiguous_format)
        for t in range(len(to_steps) - 2, -1, -1):
            to_steps[t] += to_steps[t + 1] * ctx.keep
        return to_steps, None, None
