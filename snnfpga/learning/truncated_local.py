"""Truncated block-local backpropagation through time.

Guo, Fouda, Eltawil, Salama: Efficient training of spiking neural networks with temporally-truncated local
backpropagation through time, Frontiers in Neuroscience 17:1047008, 2023. Each block learns from its own readout; no
gradient crosses a block, nor the border of a window of K steps. Memory grows with K, not with T.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.learning import LearningConfig
from ..config.models import Config
from ..network.levels import added, at_rest
from ..network.network import SpikingNetwork
from ..network.window import block_layers, rest
from .answered import Answered
from .feedback import Feedback, check_feedback
from .formula.activity import Activity
from .formula.kept import of_block
from .formula.operations import Cost
from .formula.passes import credit_back, error_back, forward, gradients, read_out, updates
from .formula.rule_formula import RuleFormula
from .loss import Loss, labelled_loss, loss_from, mean_loss
from .rule import Batch, Gradients, Learned, Rule
from .select import Strongest, check_selection, selected


def check(config: Config) -> None:
    """The loss window lies within the truncation window."""
    settings = config.learning
    if settings.loss_steps is not None and settings.loss_steps > settings.window:
        raise SnnfpgaError(f"Config learning.loss_steps must be at most {settings.window}, the window, "
                           f"not {settings.loss_steps}", USAGE)
    check_selection(settings)
    check_feedback(config, local=True)
    if settings.select != "all" and settings.loss_at != "step":
        raise SnnfpgaError(f"Config learning.select={settings.select} needs learning.loss_at=step: a window's one loss "
                           "belongs to no step of its own", USAGE)


def learn(network: SpikingNetwork, settings: LearningConfig, batch: Batch) -> Learned:
    """Gradients of a batch, window by window; the membranes go on, the graph of each window is freed at its end."""
    gathered = Gradients(network, batch)
    blocks, chosen = Blocks(network, settings, batch, gathered), selected(settings, len(batch.events), batch.generator)
    mine = batch.neighbours.mine(len(network.spec.blocks))
    answered = Answered(network.spec.blocks[-1], batch)
    wanted = batch.window_labels(settings.window, settings.loss_steps)
    for index, start in enumerate(range(0, len(batch.events), settings.window)):
        events = batch.events[start:start + settings.window]
        passing = batch.neighbours.below(events, network.spec.blocks[mine[0]].inputs)
        # As docs/arithmetic.md: every m-th window, and only where a step of the loss window took place.
        lost = chosen[start + first_loss(settings):start + len(events)]
        learns = (index + 1) % settings.update_interval == 0 and any(lost)
        if wanted is not None:
            learns = learns and bool((wanted[index] >= 0).any())
        for b in mine:
            passing, steps = blocks.window(b, passing, start, lost if learns else [],
                                           None if wanted is None else wanted[index])
        batch.neighbours.above(passing)
        answered.add(steps, start)
        if learns and settings.update == "window":
            gathered.update()
    gathered.push_back()
    return Learned([mean_loss(values) for values in blocks.losses], answered.samples, answered.windows)


def first_loss(settings: LearningConfig) -> int:
    """The first step of a window that the loss reads."""
    return settings.window - (settings.loss_steps or settings.window)


class Blocks:
    """The blocks from window to window of a batch: membranes and levels go on, and logits where they accumulate.

    Attributes
    ----------
    losses
        Of each block, one a window that it learned from, and the samples it is the mean of.
    """

    def __init__(self, network: SpikingNetwork, settings: LearningConfig, batch: Batch, gathered: Gradients) -> None:
        self._network, self._settings, self._batch, self._gathered = network, settings, batch, gathered
        self._feedback, self._loss_of = Feedback(network, settings, batch), loss_from(settings, batch)
        size, like = batch.events.shape[1], gathered.weights[0].readout
        self._states = [rest(block, size, like) for block in network.spec.blocks]
        self._levels = [at_rest(block.readout, size, like) for block in network.spec.blocks]
        self._logits = [like.new_zeros(size, network.spec.classes) for _ in network.spec.blocks]
        self.losses: list[list[tuple[float, int]]] = [[] for _ in network.spec.blocks]

    def window(self, b: int, events: Tensor, start: int, lost: list[bool],
               wanted: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run block ``b`` over a window, and learn from it.

        Parameters
        ----------
        events
            (K, B, inputs), from step ``start`` of the samples on.
        lost
            For each step of the loss window whether it has a loss; none, where nothing is to be learned.
        wanted
            (B,): the label of the window, -1 where it has none, where steps have labels; else None.

        Returns
        -------
        Spikes (K, B, N) and what each step adds to the logits (K, B, classes), without a graph.
        """
        settings, spec, weights = self._settings, self._network.spec.blocks[b], self._gathered.weights[b]
        with torch.set_grad_enabled(bool(lost)):
            layers, self._states[b] = block_layers(spec, weights, events, self._states[b],
                                                   self._feedback.joined)
            steps = self._feedback.read_out(b, weights.readout, layers)
            if settings.select == "top" and lost:
                steps = Strongest.apply(steps, settings.selected_steps)
            steps, self._levels[b] = added(spec.readout, steps, self._levels[b])
            steps = self._batch.counted(steps, start)   # last, so that it is first on the way back
            # A slice of all would copy on the way back what is the same in every step.
            read = steps[first_loss(settings):] if first_loss(settings) else steps
            before = self._logits[b] if settings.accumulate == "cumulative" else torch.zeros_like(self._logits[b])
            self._logits[b] = before + read.detach().sum(0)
            losses = self._losses(b, read, lost, before, start + first_loss(settings), wanted) if lost else []
        if losses:
            # Every labelled window weighs the same, however many samples of the batch have one.
            sum(loss if wanted is None else loss * (count / len(wanted)) for loss, count in losses).backward()
            self.losses[b].append(_noted(losses))
        return layers[-1].detach(), steps.detach()

    def _losses(self, b: int, steps: Tensor, lost: list[bool], before: Tensor, start: int,
                wanted: Tensor | None) -> list[tuple[Tensor, int]]:
        """The losses of a loss window's ``steps`` (L, B, classes), and of how many samples each is the mean.

        Logits were ``before`` (B, classes); the first of the steps is ``start``; ``wanted`` as in :meth:`window`.
        """
        scale, labels, size = self._network.blocks[b].logit_scale, self._batch.labels, len(self._batch.labels)
        if self._settings.loss_at == "step":
            if wanted is None:
                return [(step_losses(self._loss_of, steps, lost, before, scale, labels, self._settings), size)]
            return labelled_step_losses(self._loss_of, steps, lost, before, scale,
                                        self._batch.step_labels[start:start + len(steps)], self._settings)
        logits = (before + steps.sum(0)) * scale
        if wanted is None:
            return [(self._loss_of(logits, labels), size)]
        loss, count = labelled_loss(self._loss_of, logits, wanted)
        return [] if loss is None else [(loss, count)]


def _noted(losses: list[tuple[Tensor, int]]) -> tuple[float, int]:
    """A window's losses as one value and the samples that count in it; those of steps add up."""
    if len(losses) == 1:
        return losses[0][0].item(), losses[0][1]
    return sum(loss.item() for loss, _ in losses), max(count for _, count in losses)


def step_losses(loss_of: Loss, steps: Tensor, chosen: list[bool], before: Tensor, scale: float, labels: Tensor,
                settings: LearningConfig) -> Tensor:
    """Sum of the losses at the chosen steps, each of what it adds to the logits; what came before it is a constant.

    Parameters
    ----------
    steps
        (L, B, classes).
    before
        (B, classes): logits in front of them, where they accumulate.
    """
    total = steps.new_zeros(())
    for step, counts in zip(steps, chosen, strict=True):
        if counts:
            total = total + loss_of((before + step) * scale, labels)
        if settings.accumulate == "cumulative":
            before = before + step.detach()
    return total


def labelled_step_losses(loss_of: Loss, steps: Tensor, chosen: list[bool], before: Tensor, scale: float, labels: Tensor,
                         settings: LearningConfig) -> list[tuple[Tensor, int]]:
    """As :func:`step_losses`, but one by one, each of the samples whose step has a label, (L, B), and their number."""
    found = []
    for step, counts, own in zip(steps, chosen, labels, strict=False):
        loss, count = labelled_loss(loss_of, (before + step) * scale, own) if counts else (None, 0)
        if loss is not None:
            found.append((loss, count))
        if settings.accumulate == "cumulative":
            before = before + step.detach()
    return found


def operations(settings: LearningConfig, blocks: Sequence[BlockSpec], seen: Activity, chosen: Sequence[bool]) -> Cost:
    """Operations of a batch, by formula: block by block within each window."""
    total, learned = Cost(), 0
    for steps, learns in windows(settings, chosen):
        learned += learns
        for b, block in enumerate(blocks):
            total += Cost(forward=forward(block, seen, b, steps) + read_out(block, seen, b, steps))
            if learns:
                total += Cost(backward=gradients(block, seen, b, steps) + error_back(block, seen, b, steps)
                              + credit_back(block, seen, steps, into_block=False))
    return total + Cost(update=updates(learned if settings.update == "window" else min(learned, 1), blocks, blocks))


def windows(settings: LearningConfig, chosen: Sequence[bool]) -> Iterator[tuple[range, bool]]:
    """The steps of each window, and whether it is learned from: if so all of it, steps outside the loss among them."""
    for number, start in enumerate(range(0, len(chosen), settings.window)):
        span = range(len(chosen))[start:start + settings.window]
        lost = chosen[start + first_loss(settings):span.stop]
        yield span, any(lost) and (number + 1) % settings.update_interval == 0


def kept_bytes(settings: LearningConfig, blocks: Sequence[BlockSpec], steps: int, batch: int) -> int:
    """Bytes kept, by formula: those of the largest block, as each one's window is freed before the next runs."""
    window = batch * min(settings.window, steps)
    return max(of_block(block, window, crossed=False, readout=True) for block in blocks)


RULE = Rule(
    name="truncated-local",
    source="Guo et al. 2023, Frontiers in Neuroscience 17:1047008",
    keeps="K steps of input events, gates and spikes of each block; membranes",
    costs="a backward pass as long as the forward one, within each block",
    honours=frozenset({"loss_steps", "loss_at", "update_interval", "update", "select", "selected_steps", "feedback"}),
    refuses="window above the steps of a sample; loss_steps above window; select without loss_at step",
    recurrent=True, windowed=True, step_labels=True, leaky=True, lingering=True, on_chip="reverse",
    sends_forward_only=True, check=check, learn=learn,
    formula=RuleFormula(operations=operations, kept_bytes=kept_bytes))
