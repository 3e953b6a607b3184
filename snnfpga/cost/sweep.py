"""What a rule costs over a grid of windows and block depths: one real batch for each cell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..config import Config, NetworkConfig
from ..data.dataset import DataSet
from ..errors import USAGE, SnnfpgaError
from ..learning.memory import ActivationMeter
from ..learning.registry import check_rule
from ..learning.rule import Batch
from ..network.architectures import architecture_of
from ..network.network import SpikingNetwork, initialise
from .meter import OperationMeter
from .operations import Cost

Sweep = Mapping[str, Sequence[int]]
SWEPT = ("window", "block")


@dataclass(frozen=True)
class Cell:
    """One measurement.

    Attributes
    ----------
    window, block
        K, and layers in a block.
    cost
        Operations of a batch.
    peak_activation_bytes
        The most that was kept for the backward pass.
    """

    window: int
    block: int
    cost: Cost
    peak_activation_bytes: int


def parse(asked: Sequence[str], steps: int, layers: int) -> dict[str, list[int]]:
    """``window=1,2,T`` and ``block=1,2,all`` as numbers.

    Raises
    ------
    SnnfpgaError
        If something else is swept, or a value is not in range.
    """
    found: dict[str, list[int]] = {}
    most = {"window": ("T", steps), "block": ("all", layers)}
    for word in asked:
        name, _, values = word.partition("=")
        if name not in SWEPT or not values:
            raise SnnfpgaError(f"Sweep must be window=1,2,T or block=1,2,all, not {word!r}", USAGE)
        letter, largest = most[name]
        numbers = [str(largest) if value == letter else value for value in values.split(",")]
        wrong = [value for value in numbers if not (value.isdecimal() and 1 <= int(value) <= largest)]
        if wrong:
            raise SnnfpgaError(f"Sweep of {name} must be of 1..{largest} or {letter}, not {wrong[0]!r}", USAGE)
        found[name] = sorted({int(value) for value in numbers})
    return found


def regrouped(config: Config, block: int) -> Config:
    """The same layers in blocks of ``block``; directives of single blocks go."""
    network = config.network
    if network.architecture is None:
        chain = "-".join(str(token) for tokens in network.blocks for token in tokens)
        network = network.model_copy(update={"architecture": chain, "blocks": NetworkConfig().blocks})
    return config.model_copy(update={"network": network.model_copy(update={"block_depth": block}),
                                     "hardware": config.hardware.model_copy(update={"blocks": ()})})


def measure(config: Config, data: DataSet, events: Tensor, labels: Tensor) -> Cell:
    """One batch of ``data``: ``events (T, B, inputs)``, ``labels (B,)``."""
    rule = check_rule(config)
    network = initialise(config, events.float(), data.classes, data.sensor)
    batch = Batch(events=events, labels=labels, generator=torch.Generator().manual_seed(config.seed))
    with ActivationMeter() as memory:
        rule.learn(network, config.learning, batch)
    meter = count(network, config, batch)
    depth = max(map(len, architecture_of(config.network).blocks))
    return Cell(config.learning.window, depth, meter.cost, memory.peak_bytes)


def count(network: SpikingNetwork, config: Config, batch: Batch) -> OperationMeter:
    """Learn from a batch under a meter; the weights stay as they are."""
    meter = OperationMeter()
    network.zero_grad(set_to_none=True)

    def update() -> None:
        meter.update(network.parameters())
        network.zero_grad(set_to_none=True)

    with meter:
        check_rule(config).learn(network, config.learning, replace(batch, apply=update))
    if any(parameter.grad is not None for parameter in network.parameters()):
        update()
    return meter


def sweep(config: Config, cells: Sweep, data: DataSet, events: Tensor, labels: Tensor) -> Iterator[Cell]:
    """Cells window by window; what is not swept stays as configured."""
    grouped = [regrouped(config, block) for block in cells["block"]] if "block" in cells else [config]
    for window in cells.get("window", [config.learning.window]):
        for one in grouped:
            learning = one.learning.model_copy(update={"window": window})
            yield measure(one.model_copy(update={"learning": learning}), data, events, labels)
