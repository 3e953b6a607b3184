"""From what each step adds to a readout's sums to answers of samples and of windows: docs/arithmetic.md, Readout."""

import torch
from torch import Tensor

from rtl_gen.contract.block import BlockSpec


def answering_steps(answer: str, window: int, steps: int, within: Tensor | None) -> Tensor | None:
    """(T, B or 1, 1) float32: 1 in the steps that are summed to a sample's answer; None for ``all`` of them.

    Parameters
    ----------
    answer, window
        As :class:`rtl_gen.contract.readout.ReadoutSpec` has the first and a block the second.
    within
        (T, B, 1): 1 in the steps of each sample; None where all have ``steps``.
    """
    if answer == "all":
        return None
    ends = torch.tensor([[[steps]]]) if within is None else within.sum(0, keepdim=True).long()      # (1, B or 1, 1)
    numbers = torch.arange(steps, device=ends.device)[:, None, None]
    return ((numbers >= (ends - 1) // window * window) & (numbers < ends)).float()


def answers_of(block: BlockSpec, steps: Tensor, within: Tensor | None) -> Tensor:
    """Answers (B, classes) float64 of what each step adds (T, B, classes); none after a sample's end."""
    mask = answering_steps(block.readout.answer, block.window, len(steps), within)
    mask = within if mask is None else mask.to(steps.device)
    return (steps if mask is None else steps * mask).sum(0, dtype=torch.float64)


def window_logits(block: BlockSpec, steps: Tensor, within: Tensor | None, dtype: torch.dtype = torch.float64) -> Tensor:
    """Logits (W, B, classes) at the end of each window, of what each step adds (T, B, classes)."""
    counted = steps if within is None else steps * within
    windows = [part[block.window - block.loss_steps:].sum(0, dtype=dtype) for part in counted.split(block.window)]
    logits = torch.stack(windows)
    return logits.cumsum(0) if block.readout.accumulate == "cumulative" else logits
