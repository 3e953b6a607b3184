"""A rule's cost by formula, from the network's shape and the events that each layer saw in each step.

Each rule carries its own, :attr:`snnfpga.learning.rule.Rule.formula`. The tests hold these to what
:mod:`snnfpga.costs.meter` counts in a real run, and the bytes within 5 % of what
:class:`snnfpga.learning.memory.ActivationMeter` finds: losses and logits, which grow with the classes alone, are not in
them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from rtl_gen.contract.block import BlockSpec

from ..config.models import Config
from ..learning.formula.activity import Activity, activity
from ..learning.formula.kept import FLOAT
from ..learning.formula.operations import Cost
from ..learning.formula.rule_formula import NoFormulaError
from ..learning.registry import find_rule
from ..learning.rule import Batch
from ..learning.select import selected
from ..network.network import SpikingNetwork

Value = TypeVar("Value")


@dataclass(frozen=True)
class ByFormula:
    """What the formulas of a rule say of a batch.

    Attributes
    ----------
    cost
        Operations, or None.
    peak_activation_bytes
        The most that is kept for the backward pass, or None.
    absent
        For each that is None, why.
    """

    cost: Cost | None
    peak_activation_bytes: int | None
    absent: tuple[str, ...]


def by_formula(config: Config, network: SpikingNetwork, batch: Batch, generator: torch.Generator) -> ByFormula:
    """Operations and bytes of a batch that draws steps by ``generator``, as far as there are formulas of them."""
    absent: list[str] = []

    def told(formula: Callable[[], Value]) -> Value | None:
        try:
            if batch.within is not None:
                raise NoFormulaError("Formula must have samples of one length; go by what was counted")
            return formula()
        except NoFormulaError as error:
            absent.append(str(error))
            return None

    blocks = network.spec.blocks
    operations = told(lambda: cost(config, blocks, activity(network, batch.events), generator))
    kept = told(lambda: peak_bytes(config, blocks, *batch.events.shape[:2]))
    return ByFormula(operations, kept, tuple(dict.fromkeys(absent)))


def cost(config: Config, blocks: Sequence[BlockSpec], seen: Activity, generator: torch.Generator | None = None) -> Cost:
    """The operations of a batch, and of the updates that follow it.

    Parameters
    ----------
    generator
        As the batch had it before the rule drew steps from it; None for a fresh one, as a batch has by itself.

    Raises
    ------
    NoFormulaError
        If the rule carries none, or none of what the configuration asks for.
    """
    settings, formula = config.learning, find_rule(config.learning.rule).formula
    if settings.feedback != "readout":
        raise NoFormulaError(f"Formula of a rule must have learning.feedback readout, not {settings.feedback}; go by "
                             "what was counted")
    if formula is None:
        raise NoFormulaError(f"Formula of rule {settings.rule} must be carried by it, and it carries none; go by "
                             "what was counted")
    chosen = selected(settings, seen.steps, generator or torch.Generator())
    return formula.operations(settings, blocks, seen, chosen)


def peak_bytes(config: Config, blocks: Sequence[BlockSpec], steps: int, batch: int) -> int:
    """Bytes that a batch of so many samples keeps for the backward pass, at their peak.

    Raises
    ------
    NoFormulaError
        If the rule carries no formula of them, or the configuration asks for feedback.
    """
    settings, formula = config.learning, find_rule(config.learning.rule).formula
    if settings.feedback != "readout" or formula is None or formula.kept_bytes is None:
        raise NoFormulaError("Formula of kept bytes must have learning.feedback readout and a rule that carries one, "
                             f"not {settings.feedback} and {settings.rule}; go by what was measured")
    standardised = sum(FLOAT * layer.synapses.rows * layer.columns for block in blocks for layer in block.layers
                       ) if config.network.normalise == "weights" else 0
    return standardised + formula.kept_bytes(settings, blocks, steps, batch)
