"""What a learning rule is to the training loop: one call a batch that leaves gradients on the float weights."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ..config import LearningConfig
from ..network.network import SpikingNetwork
from ..network.window import BlockWeights


@dataclass(frozen=True)
class Learned:
    """What a batch gave.

    Attributes
    ----------
    losses
        Of each block, the mean over the windows learned from; None for a block that has no loss of its own.
    answers
        (B, classes): the last block's, over all steps, with the weights before the update.
    """

    losses: list[float | None]
    answers: Tensor


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A line of the registry.

    Attributes
    ----------
    name
        As a configuration calls it.
    source
        The paper it comes from.
    keeps
        What it keeps as state while it learns.
    refuses
        The settings it cannot honour, for people; ``check`` holds to them.
    on_chip
        Whether the generated hardware learns by it, from a network of whatever rule.
    check
        Raises SnnfpgaError where the settings ask for what the rule refuses.
    learn
        ``(network, settings, events (T, B, inputs), labels (B,)) -> Learned``: adds the gradients of a batch to the
        ``grad`` of the float weights.
    """

    name: str
    source: str
    keeps: str
    refuses: str
    on_chip: bool
    check: Callable[[LearningConfig], None]
    learn: Callable[[SpikingNetwork, LearningConfig, Tensor, Tensor], Learned]


def leaves(integers: list[BlockWeights]) -> list[BlockWeights]:
    """The same integers as leaves of their own, on which the gradients of all windows add up.

    So the quantiser runs once forward and once backward a batch, however many windows there are.
    """
    return [BlockWeights([matrix.detach().requires_grad_() for matrix in block.layers],
                         block.readout.detach().requires_grad_(block.readout.requires_grad)) for block in integers]


def push_back(integers: list[BlockWeights], gathered: list[BlockWeights]) -> None:
    """Carry the gradients gathered on :func:`leaves` through the quantisers to the float weights."""
    for whole, leaf in zip(integers, gathered, strict=True):
        for made, part in zip((*whole.layers, whole.readout), (*leaf.layers, leaf.readout), strict=True):
            if part.grad is not None:
                made.backward(part.grad)
