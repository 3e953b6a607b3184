"""In which order samples are learned from. NumPy only."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["lesson_order"]


def lesson_order(samples: int, *, passes: int = 1, shuffled: bool, seed: int) -> Iterator[NDArray[np.int64]]:
    """For each pass the numbers of the samples, (samples,), in the order in which they are learned from.

    Unshuffled they come as they lie. Shuffled, pass after pass is the next ``permutation(samples)`` of one
    ``numpy.random.default_rng(seed)``: a board and ``snnfpga learn`` draw the same.
    """
    rng = np.random.default_rng(seed)
    for _ in range(passes):
        yield rng.permutation(samples) if shuffled else np.arange(samples)
