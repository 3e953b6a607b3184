"""Which steps of a sample are learned from."""

from typing import Any

import torch
from torch import Tensor

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.learning import LearningConfig
from ..config.models import Config
from ..data.dataset import DataSet


def check_selection(settings: LearningConfig) -> None:
    """A number of steps, and how they are chosen, come together."""
    if (settings.select != "all") != (settings.selected_steps is not None):
        raise SnnfpgaError("Config learning.select must be last, random or top where learning.selected_steps is given, "
                           "and only there", USAGE)


def check_data(config: Config, data: DataSet) -> None:
    """Refuse steps chosen by their number where samples end at different ones.

    Raises
    ------
    SnnfpgaError
        If ``learning.select`` is last or random, and samples have lengths of their own.
    """
    settings = config.learning
    if data.train.lengths is not None and settings.select in ("last", "random"):
        raise SnnfpgaError(f"Config learning.select={settings.select} chooses steps that short samples of the data do "
                           "not have; take all, or samples of one length", USAGE)


def selected(settings: LearningConfig, steps: int, generator: torch.Generator) -> list[bool]:
    """Which steps of a sample may be learned from; of ``top`` :class:`Strongest` chooses."""
    count = min(settings.selected_steps or steps, steps)
    if settings.select in ("all", "top"):
        return [True] * steps
    if settings.select == "last":
        return [t >= steps - count for t in range(steps)]
    drawn = set(torch.randperm(steps, generator=generator)[:count].tolist())
    return [t in drawn for t in range(steps)]


class Strongest(torch.autograd.Function):
    """Passes logits of a window's steps on; back come the errors of each sample's steps of largest error alone.

    After spatio-temporal backpropagation that cuts steps of low significance (ST-BPTT, BioCAS 2024), whose measure is
    not public; here it is the sum of the error's magnitudes.
    """

    @staticmethod
    def forward(ctx: Any, steps: Tensor, count: int) -> Tensor:
        """``steps (L, B, classes)`` as they are; ``count`` of them learn."""
        ctx.count = min(count, len(steps))
        return steps.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        sizes = grads[0].abs().sum(-1)                              # (L, B)
        chosen = torch.zeros_like(sizes).scatter_(0, sizes.topk(ctx.count, 0).indices, 1.0)
        return grads[0] * chosen[..., None], None
