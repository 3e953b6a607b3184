"""What a rule says of its own cost: operations of a batch and bytes kept, by formula."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.errors import SnnfpgaError

from ...config.learning import LearningConfig
from .activity import Activity
from .operations import Cost


class NoFormulaError(SnnfpgaError):
    """No formula says what a configuration costs; one line says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class RuleFormula:
    """A rule's cost by formula, which snnfpga cost prints beside what it counts.

    The pieces are :mod:`snnfpga.learning.formula.passes` and :mod:`snnfpga.learning.formula.kept`. Neither part need
    know of ``learning.feedback``, of which there is no formula.

    Attributes
    ----------
    operations
        ``(settings, blocks, seen, chosen) -> Cost`` of a batch: the network's blocks, the additions that its spikes
        cause, and whether a rule may learn from each step. It raises :exc:`NoFormulaError` for settings that it does
        not know.
    kept_bytes
        ``(settings, blocks, steps, batch) -> int``: the most that is kept for the backward pass of so many samples;
        None where there is no formula of it.
    """

    operations: Callable[[LearningConfig, Sequence[BlockSpec], Activity, Sequence[bool]], Cost]
    kept_bytes: Callable[[LearningConfig, Sequence[BlockSpec], int, int], int] | None = None
