"""Losses on a readout's logits."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from ..config import LearningConfig
from .rule import Batch

Loss = Callable[[Tensor, Tensor], Tensor]


def logistic(logits: Tensor, labels: Tensor) -> Tensor:
    """Each class for itself: the gradient is ``p_c - y_c``, the error that the chip's logistic table computes."""
    wanted = functional.one_hot(labels, logits.shape[1]).to(logits.dtype)
    return functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(1).mean()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Softmax over the classes."""
    return torch.nn.functional.cross_entropy(logits, labels)


LOSSES: dict[str, Loss] = {"cross_entropy": cross_entropy, "logistic": logistic}


def loss_from(settings: LearningConfig, batch: Batch) -> Loss:
    """The loss of ``learning.loss``, and where the batch has a teacher the divergence from its answer as well.

    So the readout is held to the teacher's answer wherever a rule has a loss: in each step, window or sample.
    """
    plain = LOSSES[settings.loss]
    if batch.teacher is None:
        return plain
    wanted = functional.log_softmax(batch.teacher, 1)

    def both(logits: Tensor, labels: Tensor) -> Tensor:
        own = functional.log_softmax(logits, 1)
        apart = functional.kl_div(own, wanted.to(own.dtype), reduction="batchmean", log_target=True)
        return plain(logits, labels) + batch.teacher_weight * apart

    return both
