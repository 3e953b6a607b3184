"""A few samples that stand for all: drawn by a seed, and of each class as large a share as it has."""

import numpy as np
from numpy.typing import NDArray

from .dataset import Labels


def drawn(labels: Labels, samples: int, seed: int) -> NDArray[np.int64]:
    """Draw ``samples`` of (N,) labels, N at most, class by class: a file is often sorted by class.

    A class gets its share of the samples, rounded by largest remainder; where there are as many samples as classes,
    each class that has a sample gets one. Of equal remainders the seed chooses.

    Returns
    -------
    (samples,): their numbers, class after class.
    """
    rng = np.random.default_rng(seed)
    classes, of = np.unique(labels, return_inverse=True)
    wanted = _shares(np.bincount(of), samples, rng.permutation(len(classes)))
    return np.concatenate([rng.permutation(np.flatnonzero(of == c))[:count] for c, count in enumerate(wanted)])


def _shares(counts: NDArray[np.int64], samples: int, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """(classes,): how many samples each class gets; of equals, the one that ``order`` puts first."""
    shares, remainders = np.divmod(samples * counts, counts.sum())
    if samples >= len(counts):
        remainders[shares == 0] = -1        # they have been rounded up already
        shares = np.maximum(shares, 1)
    left = samples - shares.sum()
    if left > 0:
        shares[order[np.argsort(-remainders[order], kind="stable")[:left]]] += 1
    for _ in range(-left):                  # what small classes were given, large ones give
        above = shares * counts.sum() - samples * counts
        above[shares < 2] = above.min() - 1
        shares[order[np.argmax(above[order])]] -= 1
    return shares
