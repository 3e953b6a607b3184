"""Losses on a readout's logits."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ..config.learning import LearningConfig
from .rule import Batch

LEAST_ERROR = 2.0 ** -64        # what products with it make of weights and gates is still a normal float32
Loss = Callable[[Tensor, Tensor], Tensor]


def logistic(logits: Tensor, labels: Tensor) -> Tensor:
    """Each class for itself: the gradient is ``p_c - y_c``, the error that the chip's logistic table computes."""
    wanted = functional.one_hot(labels, logits.shape[1]).to(logits.dtype)
    return functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(1).mean()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Softmax over the classes."""
    return torch.nn.functional.cross_entropy(logits, labels)


class _HardError(torch.autograd.Function):
    """Squared errors of ``clamp(x / 8 + 1 / 2)``; the gradient of each is its error, past the clamp too."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, wanted: Tensor) -> Tensor:
        """``(B, classes)`` each, to the mean over the samples."""
        error = (logits / 8 + 0.5).clamp(0.0, 1.0) - wanted
        ctx.save_for_backward(error)
        return error.square().sum(1).mean() / 2

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        error, = ctx.saved_tensors
        return grads[0] * error / len(error), None


def hard_sigmoid(logits: Tensor, labels: Tensor) -> Tensor:
    """Each class for itself, without an exponential: the error is that of the chip's ``hard_sigmoid``.

    TESS trains for hardware so (Apolinario, Roy, Frenkel 2025: a clamped line, squared errors, straight through).
    """
    return _HardError.apply(logits, functional.one_hot(labels, logits.shape[1]).to(logits.dtype))


def squared(logits: Tensor, labels: Tensor) -> Tensor:
    """Half the squared distance of the logits from 1 at the label and 0 elsewhere, as STBP has it of firing rates.

    Wu, Deng, Li, Zhu, Shi: Spatio-temporal backpropagation, Frontiers in Neuroscience 12:331, 2018.
    """
    return _squared_errors(logits, labels, sure_is_wrong=True)


def squared_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """As :func:`squared`, but a logit above 1 at the label, or below 0 elsewhere, is no error: it is only surer.

    Our reading of a modified loss for STBP; that of Chen and Li 2021 is not public.
    """
    return _squared_errors(logits, labels, sure_is_wrong=False)


def _squared_errors(logits: Tensor, labels: Tensor, sure_is_wrong: bool) -> Tensor:
    wanted = functional.one_hot(labels, logits.shape[1]).to(logits.dtype)
    missing = (wanted - logits) * (2.0 * wanted - 1.0)      # positive: not yet as sure as wanted
    errors = missing if sure_is_wrong else missing.clamp(min=0.0)
    return errors.square().sum(1).mean() / 2


LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy, "logistic": logistic, "hard_sigmoid": hard_sigmoid, "squared": squared,
    "squared_margin": squared_margin}


def labelled_loss(loss_of: Loss, logits: Tensor, labels: Tensor) -> tuple[Tensor | None, int]:
    """The mean loss over the samples of logits (B, classes) that have a label, and their number; None of none.

    ``labels`` are (B,), -1 where there is none.
    """
    known = labels >= 0
    count = int(known.sum())
    return (loss_of(logits[known], labels[known]) if count else None), count


def mean_loss(losses: list[tuple[float, int]]) -> float | None:
    """The mean of means over so many samples each; None where there are none."""
    if len({count for _, count in losses}) <= 1:
        return sum(loss for loss, _ in losses) / len(losses) if losses else None
    return sum(loss * count for loss, count in losses) / sum(count for _, count in losses)


def loss_from(settings: LearningConfig, batch: Batch) -> Loss:
    """The loss of ``learning.loss``, and where the batch has a teacher the divergence from its answer as well.

    So the readout is held to the teacher's answer wherever a rule has a loss: in each step, window or sample. Errors
    too small to move a weight are none.
    """
    chosen = LOSSES[settings.loss]

    def plain(logits: Tensor, labels: Tensor) -> Tensor:
        if logits.requires_grad:
            # A sure answer's errors end where float32 has no normal numbers left, and products slow down a hundredfold.
            logits.register_hook(partial(functional.hardshrink, lambd=LEAST_ERROR))
        return chosen(logits, labels)

    if batch.teacher is None:
        return plain
    wanted = functional.log_softmax(batch.teacher, 1)

    def both(logits: Tensor, labels: Tensor) -> Tensor:
        own = functional.log_softmax(logits, 1)
        apart = functional.kl_div(own, wanted.to(own.dtype), reduction="batchmean", log_target=True)
        return plain(logits, labels) + batch.teacher_weight * apart

    return both
