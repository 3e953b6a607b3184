"""Losses on a readout's logits."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor], Tensor]


def logistic(logits: Tensor, labels: Tensor) -> Tensor:
    """Each class for itself: the gradient is ``p_c - y_c``, the error that the chip's logistic table computes."""
    wanted = functional.one_hot(labels, logits.shape[1]).to(logits.dtype)
    return functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(1).mean()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Softmax over the classes."""
    return torch.nn.functional.cross_entropy(logits, labels)


LOSSES: dict[str, Loss] = {"cross_entropy": cross_entropy, "logistic": logistic}
