"""Samples of the training split that are held out: to choose by, never to learn from, and never the test split."""

import numpy as np

from .dataset import DataError, Split

STREAM = 0x76616C       # apart from the draw of train and test, which may have the same seed


def validation_split(train: Split, share: float, seed: int) -> tuple[Split, Split]:
    """Hold out ``share`` of each class, drawn by ``seed`` and class.

    The draw depends on ``share``, ``seed`` and the labels alone, and that of a class on how many samples it has, not on
    other classes; so what was held out is found again wherever the same split is at hand.

    Parameters
    ----------
    train
        The training split, N samples; one without a label (-1) stays in it.
    share
        Of each class, 0 <= share < 1. The nearest number of samples is held out, half upwards, and of two samples and
        more at least one goes either way. 0 holds out none.

    Returns
    -------
    What is left to learn from, and what was held out, both in the order of ``train``. With ``share`` 0 the first is
    ``train`` itself.

    Raises
    ------
    DataError
        If ``share`` is out of range.
    """
    if not 0 <= share < 1:
        raise DataError(f"The share held out for validation must be at least 0 and below 1, not {share:g}")
    held = np.zeros(len(train), bool)
    for label in np.unique(train.labels[train.labels >= 0]) if share else ():
        members = np.flatnonzero(train.labels == label)
        if len(members) > 1:
            count = min(max(int(len(members) * share + 0.5), 1), len(members) - 1)
            rng = np.random.default_rng([STREAM, seed, int(label)])
            held[rng.permutation(members)[:count]] = True
    return (train.select(~held) if share else train), train.select(held)
