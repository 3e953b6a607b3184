"""Operations of a rule by formula, from the network's shape and the events that each layer saw in each step.

The tests hold these to what :mod:`snnfpga.cost.meter` counts in a real run.
"""

from collections.abc import Callable, Sequence

import torch

from rtl_gen.contract.spec import BlockSpec

from ..config.learning import LearningConfig
from ..config.models import Config
from ..learning.online import StepLearner
from ..learning.registry import find_rule
from ..learning.select import selected
from .activity import Activity
from .operations import Cost
from .stepwise import by_steps
from .windowed import bptt, bptt_checkpoint, truncated_local

# Of those that learn from many steps at once; a rule by steps says itself what sets it apart.
FORMULAS: dict[str, Callable[[LearningConfig, Sequence[BlockSpec], Activity, Sequence[bool]], Cost]] = {
    "truncated-local": truncated_local,
    "bptt": bptt,
    "bptt-checkpoint": bptt_checkpoint,
}


def cost(config: Config, blocks: Sequence[BlockSpec], seen: Activity, generator: torch.Generator | None = None) -> Cost:
    """The operations of a batch, and of the updates that follow it.

    Parameters
    ----------
    generator
        As the batch had it before the rule drew steps from it; None for a fresh one, as a batch has by itself.

    Raises
    ------
    ValueError
        If the configuration asks for feedback, or skipped steps, of which there is no formula.
    """
    settings = config.learning
    if settings.feedback != "readout":
        raise ValueError(f"Formula of a rule must have learning.feedback readout, not {settings.feedback}; count a run")
    chosen = selected(settings, seen.steps, generator or torch.Generator())
    learn = find_rule(settings.rule).learn
    if isinstance(learn, StepLearner):
        return by_steps(learn, settings, blocks, seen, chosen)
    return FORMULAS[settings.rule](settings, blocks, seen, chosen)
