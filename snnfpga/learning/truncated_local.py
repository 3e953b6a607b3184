"""Truncated block-local backpropagation through time.

Guo, Fouda, Eltawil, Salama: Efficient training of spiking neural networks with temporally-truncated local
backpropagation through time, Frontiers in Neuroscience 17:1047008, 2023. Each block learns from its own readout; no
gradient crosses a block, nor the border of a window of K steps. Memory grows with K, not with T.
"""

import torch
from torch import Tensor

from ..config import Config, LearningConfig
from ..errors import USAGE, SnnfpgaError
from ..network.network import SpikingNetwork
from ..network.window import block_layers, rest
from .feedback import Feedback, check_feedback
from .loss import Loss, loss_from
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
    spec, loss_of = network.spec, loss_from(settings, batch)
    gathered, feedback = Gradients(network, batch), Feedback(network, settings, batch)
    window, first_loss = settings.window, settings.window - (settings.loss_steps or settings.window)
    events = batch.events
    size, like = events.shape[1], gathered.weights[0].readout
    states = [rest(block, size, like) for block in spec.blocks]
    logits = [like.new_zeros(size, spec.classes) for _ in spec.blocks]
    answers = torch.zeros_like(logits[0], dtype=torch.float64)
    losses: list[list[float]] = [[] for _ in spec.blocks]
    chosen = selected(settings, len(events), batch.generator)
    mine = batch.link.mine(len(spec.blocks))
    for index, start in enumerate(range(0, len(events), window)):
        passing = batch.link.below(events[start:start + window], spec.blocks[mine[0]].inputs)
        # As docs/arithmetic.md: every m-th window, and only where a step of the loss window took place.
        lost = chosen[start + first_loss:start + len(passing)]
        learns = (index + 1) % settings.update_interval == 0 and any(lost)
        for b in mine:
            block = spec.blocks[b]
            with torch.set_grad_enabled(learns):
                layers, states[b] = block_layers(block, gathered.weights[b], passing, states[b], feedback.joined)
                steps = feedback.read_out(b, gathered.weights[b].readout, layers)
                if settings.select == "top" and learns:
                    steps = Strongest.apply(steps, settings.selected_steps)
                steps = batch.counted(steps, start)     # last, so that it is first on the way back
                before = logits[b] if settings.accumulate == "cumulative" else torch.zeros_like(logits[b])
                logit = before + steps[first_loss:].sum(0)
                if learns:
                    scale = network.blocks[b].logit_scale
                    if settings.loss_at == "step":
                        loss = step_losses(loss_of, steps[first_loss:], lost, before, scale, batch.labels, settings)
                    else:
                        loss = loss_of(logit * scale, batch.labels)
            if learns:
                loss.backward()
                losses[b].append(loss.item())
            logits[b], passing = logit.detach(), layers[-1].detach()
        batch.link.above(passing)
        answers += steps.detach().sum(0, dtype=torch.float64)
        if learns and settings.update == "window":
            gathered.update()
    gathered.push_back()
    return Learned([sum(values) / len(values) if values else None for values in losses], answers)


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


RULE = Rule(
    name="truncated-local",
    source="Guo et al. 2023, Frontiers in Neuroscience 17:1047008",
    keeps="K steps of input events, gates and spikes of each block; membranes",
    costs="a backward pass as long as the forward one, within each block",
    honours=frozenset({"loss_steps", "loss_at", "update_interval", "update", "select", "selected_steps", "feedback"}),
    refuses="loss_steps above window; select without loss_at step",
    on_chip=True, sends_forward_only=True, check=check, learn=learn)
