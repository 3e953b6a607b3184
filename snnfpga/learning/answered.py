"""The answers that a network gives while it learns, step by step or many steps at a time."""

import torch
from torch import Tensor

from rtl_gen.contract.block import BlockSpec

from ..network.inference import predict
from .rule import Batch


class Answered:
    """The last block's answers to the samples of a batch, and to their windows where steps have labels.

    Attributes
    ----------
    samples
        (B, classes) float64, of the steps so far.
    """

    def __init__(self, block: BlockSpec, batch: Batch) -> None:
        size, device = batch.events.shape[1], batch.events.device
        self._block, self._batch = block, batch
        self.samples = torch.zeros(size, block.readout.classes, dtype=torch.float64, device=device)
        self._logits = torch.zeros_like(self.samples)
        self._windows: list[Tensor] = []

    def add(self, steps: Tensor, first: int) -> None:
        """Take what the steps from ``first`` on add, (K, B, classes): all of one window, and none after samples end."""
        self.samples += self._batch.answered(steps, first).sum(0, dtype=torch.float64)
        if self._batch.step_labels is None:
            return
        block, position = self._block, first % self._block.window
        if position == 0 and block.readout.accumulate == "window":
            self._logits.zero_()
        self._logits += steps[max(0, block.window - block.loss_steps - position):].sum(0, dtype=torch.float64)
        if position + len(steps) == block.window or first + len(steps) == len(self._batch.events):
            self._windows.append(predict(self._logits))

    @property
    def windows(self) -> Tensor | None:
        """(W, B): classes, where steps have labels."""
        return torch.stack(self._windows) if self._windows else None
