"""What a rule costs: one real batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch

from ..config.models import Config
from ..data.dataset import DataSet
from ..learning.formula.operations import Cost
from ..learning.memory import ActivationMeter
from ..learning.registry import find_rule
from ..learning.rule import Batch
from ..network.initial import initialise
from ..network.network import SpikingNetwork
from ..network.sweep import depth
from ..network.window import BlockWeights
from ..training import checks
from .formula import ByFormula, by_formula
from .meter import OperationMeter


@dataclass(frozen=True)
class Cell:
    """One measurement.

    Attributes
    ----------
    window, block
        K, and layers in a block.
    batch
        Samples.
    cost
        Operations of a batch.
    peak_activation_bytes
        The most that was kept for the backward pass.
    formula
        What the rule's formulas say of both.
    """

    window: int
    block: int
    batch: int
    cost: Cost
    peak_activation_bytes: int
    formula: ByFormula


def measure(config: Config, data: DataSet, batch: Batch) -> Cell:
    """One batch of ``data``."""
    checks.check(config, data)
    network = initialise(config, batch.events.float(), data.classes, data.sensor)
    with ActivationMeter() as memory:
        find_rule(config.learning.rule).learn(network, config.learning, batch)
    drawing = torch.Generator()
    drawing.set_state(batch.generator.get_state())
    meter = count(network, config, batch)
    return Cell(config.learning.window, depth(config), len(batch.labels), meter.cost, memory.peak_bytes,
                by_formula(config, network, batch, drawing))


def count(network: SpikingNetwork, config: Config, batch: Batch) -> OperationMeter:
    """Learn from a batch under a meter; the weights stay as they are."""
    meter = OperationMeter()
    network.zero_grad(set_to_none=True)

    def update() -> None:
        meter.update(network.parameters())
        network.zero_grad(set_to_none=True)

    with meter, _integers_told_to(meter, network):
        find_rule(config.learning.rule).learn(network, config.learning, replace(batch, apply=update))
    if any(parameter.grad is not None for parameter in network.parameters()):
        update()
    return meter


@contextmanager
def _integers_told_to(meter: OperationMeter, network: SpikingNetwork) -> Iterator[None]:
    """Within it the meter knows the integer weights that a rule asks the network for."""
    def integers() -> list[BlockWeights]:
        made = SpikingNetwork.integers(network)
        meter.know(matrix for block in made for matrix in (*block.layers, block.readout))
        return made

    network.integers = integers
    try:
        yield
    finally:
        del network.integers
