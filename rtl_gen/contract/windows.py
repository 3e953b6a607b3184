"""Which answers a core tells within a sample, and what they say of its windows. Standard library and NumPy."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .block import BlockSpec

__all__ = ["told_after", "window_labels", "window_logits"]


def told_after(block: BlockSpec, steps: int) -> list[int]:
    """Numbers of the steps of a sample after which the answers so far are told, where its start asks for them.

    They are the last of each window, and the last before its loss steps where these are not all. After the sample's
    last step, ``steps - 1``, the result is told, which is not among them.
    """
    found = set()
    for first in range(0, steps, block.window):
        found |= {first + block.window - block.loss_steps - 1, first + block.window - 1}
    return sorted(step for step in found if 0 <= step < steps - 1)


def window_labels(block: BlockSpec, labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """The label of each window of a sample, (W,), from those of its steps, (T,): -1 is none.

    It is that of its last step that has one; a window without a step in the loss window has none.
    """
    found = []
    for first in range(0, len(labels), block.window):
        own = np.asarray(labels[first:first + block.window], np.int64)
        known = own[own >= 0]
        found.append(known[-1] if len(known) and len(own) > block.window - block.loss_steps else -1)
    return np.array(found, np.int64)


def window_logits(block: BlockSpec, steps: int, answers: Sequence[ArrayLike]) -> NDArray[np.int64]:
    """The logits at the end of each window of a sample, (W, classes), from the answers that were told on the way.

    Parameters
    ----------
    block
        The block that answers.
    steps
        T, those of the sample.
    answers
        (classes,) after each of the steps of :func:`told_after`, and of the result.
    """
    readout, after = block.readout, dict(zip([*told_after(block, steps), steps - 1], answers, strict=True))
    found, logit = [], np.zeros(readout.classes, np.int64)
    for first in range(0, steps, block.window):
        last = min(first + block.window, steps) - 1
        before = first + block.window - block.loss_steps - 1    # the loss steps
        end = np.asarray(after[last], np.int64)
        if readout.reading != "sum":
            logit = end
        else:
            # Answers of the last window begin with it.
            fresh = before < 0 or (before < first and readout.answer == "last")
            begin = np.zeros_like(end) if fresh else np.asarray(after[min(before, last)], np.int64)
            logit = end - begin if readout.accumulate == "window" else logit + end - begin
        found.append(logit)
    return np.array(found)
