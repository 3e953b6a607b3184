"""Which steps of a sample are learned from."""

import torch

from ..config import LearningConfig
from ..errors import USAGE, SnnfpgaError


def check_selection(settings: LearningConfig) -> None:
    """A number of steps, and how they are chosen, come together."""
    if (settings.select != "all") != (settings.selected_steps is not None):
        raise SnnfpgaError("Config learning.select must be last or random where learning.selected_steps is given, and "
                           "only there", USAGE)


def selected(settings: LearningConfig, steps: int, generator: torch.Generator) -> list[bool]:
    """Which steps of a sample are learned from."""
    count = min(settings.selected_steps or steps, steps)
    if settings.select == "all":
        return [True] * steps
    if settings.select == "last":
        return [t >= steps - count for t in range(steps)]
    drawn = set(torch.randperm(steps, generator=generator)[:count].tolist())
    return [t in drawn for t in range(steps)]
