"""What a learning rule is to the training loop: one call a batch that leaves gradients on the float weights."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rtl_gen.contract.spec import NetworkSpec

from ..config.learning import LearningConfig
from ..config.models import Config
from ..data.step_labels import of_windows
from ..network.network import SpikingNetwork
from ..network.sparse import adds_in_place
from ..network.window import BlockWeights
from .formula.rule_formula import RuleFormula


class Neighbours:
    """Where a rule's blocks stand among those of other processes; by itself, alone with all of them."""

    def mine(self, blocks: int) -> list[int]:
        """The blocks of this process."""
        return list(range(blocks))

    def below(self, events: Tensor, neurons: int) -> Tensor:
        """What the first of them sees in a window, (K, B, neurons), where the network is given ``events``."""
        return events

    def above(self, spikes: Tensor) -> None:
        """Takes the spikes (K, B, N) of the last of them."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What a rule learns from.

    Attributes
    ----------
    events
        (T, B, inputs), 0 or 1.
    labels
        (B,) classes.
    within
        (T, B, 1): 1 in the steps of each sample, 0 after its end; None where all are equally long.
    answering
        (T, B or 1, 1): 1 in the steps that are summed to a sample's answer; None for those of ``within``.
    step_labels
        (T, B) classes of steps, -1 where a step has none, in the place of ``labels``; None where samples have one.
    generator
        Draws what a rule chooses at random.
    seed
        Draws what stays as it is throughout a run.
    teacher
        (B, classes): logits to learn from beside the labels, or None.
    teacher_weight
        Of the divergence from the teacher, against the loss by the labels.
    silent
        For each block and layer which neurons, or filters, are silent, (columns,) bool, the same in all samples; empty
        where none are.
    apply
        Follows the gradients left so far, and forgets them: for updates within a sample.
    neighbours
        To the blocks of other processes, for a rule that sends forward only.
    """

    events: Tensor
    labels: Tensor
    within: Tensor | None = None
    answering: Tensor | None = None
    step_labels: Tensor | None = None
    generator: torch.Generator = field(default_factory=torch.Generator)
    seed: int = 0
    teacher: Tensor | None = None
    teacher_weight: float = 1.0
    silent: list[list[Tensor]] = field(default_factory=list)
    apply: Callable[[], None] = lambda: None
    neighbours: Neighbours = field(default_factory=Neighbours)

    def counted(self, steps: Tensor, first: int) -> Tensor:
        """What steps from ``first`` on add to logits, (K, B, classes): nothing after a sample's end.

        So nothing is learned there either: a gradient goes the same way back.
        """
        return steps if self.within is None else steps * self.within[first:first + len(steps)]

    def answered(self, steps: Tensor, first: int) -> Tensor:
        """What steps from ``first`` on add to the samples' answers, (K, B, classes)."""
        mask = self.within if self.answering is None else self.answering
        return steps if mask is None else steps * mask[first:first + len(steps)]

    def window_labels(self, window: int, loss_steps: int | None) -> Tensor | None:
        """(W, B): the label of each window, -1 where it has none; None where steps have no labels."""
        if self.step_labels is None:
            return None
        lengths = None if self.within is None else self.within[:, :, 0].sum(0).long().cpu().numpy()
        found = of_windows(self.step_labels.T.cpu().numpy(), window, loss_steps or window, lengths)
        return torch.from_numpy(found.T.copy()).to(self.step_labels.device)


@dataclass(frozen=True)
class Learned:
    """What a batch gave.

    Attributes
    ----------
    losses
        Of each block, the mean over the windows or steps learned from; None for a block that has no loss of its own.
    answers
        (B, classes): the last block's, with the weights before each update.
    windows
        (W, B): the last block's answers to the windows, where steps have labels; else None.
    """

    losses: list[float | None]
    answers: Tensor
    windows: Tensor | None = None


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
    costs
        What its updates take beside the forward pass.
    honours
        The keys of ``learning`` that mean something to it; others must keep their defaults. What every rule honours
        (rule, accumulate, answer, loss) is not among them, nor is the window, which the chip takes from a network of
        any rule.
    refuses
        What it cannot serve, recurrent layers and the knobs of single rules apart, for people; the checks hold to it.
    recurrent
        Whether it serves layers whose own spikes come back to them.
    windowed
        Whether it learns in windows of ``learning.window`` steps.
    on_chip
        The engine, of :mod:`rtl_gen.contract.engines.learning`, by which the generated hardware learns as the rule
        does, from a network of whatever rule; None where there is none.
    step_labels
        Whether it learns from labels of steps.
    leaky
        Whether it learns from a readout that leaks.
    lingering
        Whether it learns through currents that linger.
    sends_forward_only
        Whether nothing comes back from block to block, so that processes can share the blocks.
    experimental
        Whether it is tested and measured once, and no more than that.
    check
        Raises SnnfpgaError where the configuration asks for what the rule refuses.
    formula
        What it costs by formula; without one snnfpga cost counts, and says so.
    learn
        ``(network, settings, batch) -> Learned``: adds the gradients of a batch to the ``grad`` of the float weights.
    """

    name: str
    source: str
    keeps: str
    costs: str
    learn: Callable[[SpikingNetwork, LearningConfig, Batch], Learned]
    honours: frozenset[str] = frozenset()
    refuses: str = ""
    recurrent: bool = False
    windowed: bool = False
    on_chip: str | None = None
    step_labels: bool = False
    leaky: bool = False
    lingering: bool = False
    sends_forward_only: bool = False
    experimental: bool = False
    check: Callable[[Config], None] = lambda config: None
    formula: RuleFormula | None = None


def drawn_silent(spec: NetworkSpec, share: float, generator: torch.Generator) -> list[list[Tensor]]:
    """Neurons for :attr:`Batch.silent`, each with the chance ``share``."""
    if not share:
        return []
    return [[torch.rand(layer.columns, generator=generator) < share for layer in block.layers]
            for block in spec.blocks]


class Gradients:
    """The integers of a network as leaves of their own, on which the gradients of a sample add up.

    So the quantiser runs once forward and once backward for each update, however many windows or steps there are.

    Attributes
    ----------
    weights
        A :class:`BlockWeights` a block.
    """

    def __init__(self, network: SpikingNetwork, batch: Batch) -> None:
        self._network, self._batch = network, batch
        self._take()

    def _take(self) -> None:
        self._integers = self._network.integers()
        # A neuron without weights never fires, whatever the rule; a filter is one neuron at many places.
        for block, silent in zip(self._integers, self._batch.silent, strict=True) if self._batch.silent else ():
            block.layers[:] = [matrix.masked_fill(columns.to(matrix.device), 0.0)
                               for matrix, columns in zip(block.layers, silent, strict=True)]
        self.weights = [
            BlockWeights([adds_in_place(matrix.detach().requires_grad_()) for matrix in block.layers],
                         block.readout.detach().requires_grad_(block.readout.requires_grad))
            for block in self._integers]

    def push_back(self) -> None:
        """Carry what was gathered through the quantisers to the float weights."""
        for whole, leaf in zip(self._integers, self.weights, strict=True):
            for made, part in zip((*whole.layers, whole.readout), (*leaf.layers, leaf.readout), strict=True):
                if part.grad is not None:
                    made.backward(part.grad)

    def update(self) -> None:
        """Follow them at once, and go on with the new weights."""
        self.push_back()
        self._batch.apply()
        self._take()
