"""Truncated block-local backpropagation through time.

Guo, Fouda, Eltawil, Salama: Efficient training of spiking neural networks with temporally-truncated local
backpropagation through time, Frontiers in Neuroscience 17:1047008, 2023. Each block learns from its own readout; no
gradient crosses a block, nor the border of a window of K steps. Memory grows with K, not with T.
"""

import torch
from torch import Tensor

from ..config import LearningConfig
from ..errors import USAGE, SnnfpgaError
from ..network.network import SpikingNetwork
from ..network.window import block_window, rest
from .loss import LOSSES
from .rule import Learned, Rule, leaves, push_back


def check(settings: LearningConfig) -> None:
    """The loss window lies within the truncation window."""
    if settings.loss_steps is not None and settings.loss_steps > settings.window:
        raise SnnfpgaError(f"Config learning.loss_steps must be at most {settings.window}, the window, "
                           f"not {settings.loss_steps}", USAGE)


def learn(network: SpikingNetwork, settings: LearningConfig, events: Tensor, labels: Tensor) -> Learned:
    """Gradients of a batch, window by window; the membranes go on, the graph of each window is freed at its end."""
    spec, loss_of = network.spec, LOSSES[settings.loss]
    integers = network.integers()
    gathered = leaves(integers)
    window, first_loss = settings.window, settings.window - (settings.loss_steps or settings.window)
    batch = events.shape[1]
    membranes = [rest(block, batch, events.device) for block in spec.blocks]
    logits = [torch.zeros(batch, spec.classes, device=events.device) for _ in spec.blocks]
    answers = torch.zeros_like(logits[0])
    losses: list[list[float]] = [[] for _ in spec.blocks]
    for index, start in enumerate(range(0, len(events), window)):
        passing = events[start:start + window].float()
        # As docs/arithmetic.md: every m-th window, and only where a step of the loss window took place.
        learns = (index + 1) % settings.update_interval == 0 and len(passing) > first_loss
        for b, block in enumerate(spec.blocks):
            with torch.set_grad_enabled(learns):
                spikes, steps, membranes[b] = block_window(block, gathered[b], passing, membranes[b])
                before = logits[b] if settings.accumulate == "cumulative" else 0.0
                logit = before + steps[first_loss:].sum(0)
            if learns:
                loss = loss_of(logit * network.blocks[b].logit_scale, labels)
                loss.backward()
                losses[b].append(loss.item())
            logits[b], passing = logit.detach(), spikes.detach()
        answers += steps.detach().sum(0)
    push_back(integers, gathered)
    return Learned([sum(values) / len(values) if values else None for values in losses], answers)


RULE = Rule(
    name="truncated-local",
    source="Guo et al. 2023, Frontiers in Neuroscience 17:1047008",
    keeps="K steps of input events, gates and spikes of each block; membranes",
    refuses="loss_steps above window",
    on_chip=True, check=check, learn=learn)
