"""End-to-end backpropagation through time: the baseline that the local rule is measured against.

Werbos: Backpropagation through time, Proceedings of the IEEE 78(10), 1990; for spiking neurons with a surrogate
gradient Neftci, Mostafa, Zenke, IEEE Signal Processing Magazine 36(6), 2019. Only the last block's readout has a loss;
memory grows with T and with the number of layers.
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
    """There are no windows to choose from: the sample is one."""
    for key, none in (("update_interval", 1), ("loss_steps", None)):
        value = getattr(settings, key)
        if value != none:
            raise SnnfpgaError(f"Config learning.{key} does not apply to bptt, which takes the sample as one window; "
                               f"leave it out or take rule truncated-local, not {value}", USAGE)


def learn(network: SpikingNetwork, settings: LearningConfig, events: Tensor, labels: Tensor) -> Learned:
    """Gradients of a batch through all steps and all blocks."""
    integers = network.integers()
    gathered = leaves(integers)
    passing = events.float()
    with torch.enable_grad():
        for block, weights in zip(network.spec.blocks, gathered, strict=True):
            passing, steps, _ = block_window(block, weights, passing, rest(block, events.shape[1], events.device))
        answers = steps.sum(0)
        loss = LOSSES[settings.loss](answers * network.blocks[-1].logit_scale, labels)
    loss.backward()
    push_back(integers, gathered)
    return Learned([None] * (len(gathered) - 1) + [loss.item()], answers.detach())


RULE = Rule(
    name="bptt",
    source="Werbos 1990; surrogate gradients: Neftci, Mostafa, Zenke 2019",
    keeps="T steps of events, gates and spikes of all blocks",
    refuses="loss_steps, update_interval above 1",
    on_chip=False, check=check, learn=learn)
