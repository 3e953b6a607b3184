"""Whole numbers that a file gives in whatever integer type: each is taken for what it is, or refused."""

import numpy as np
from numpy.typing import NDArray

from .dataset import DataError, Labels

LARGEST = np.iinfo(np.int64).max


def check_integers(thing: str, name: str, values: NDArray, kinds: str = "iu", best: str = "int64") -> None:
    """Refuse what is no array of whole numbers.

    Parameters
    ----------
    thing, name
        The file and the array, for messages.
    kinds
        Kinds of NumPy's types that are taken; ``b`` beside ``iu`` where true and false will do.
    best
        The type that is offered where another was given.

    Raises
    ------
    DataError
        If the type is another, or a number does not fit 64 bits with a sign.
    """
    if values.dtype.kind not in kinds:
        raise DataError(f"{thing}: {name} must hold integers, {_instead(name, values, best)}")
    if values.dtype.kind == "u" and values.size and int(values.max()) > LARGEST:
        raise DataError(f"{thing}: {name} must be at most {LARGEST}, not {values.max()}")


def _instead(name: str, values: NDArray, best: str) -> str:
    """What an array holds that is none of whole numbers, and what to do: a conversion only where it loses nothing."""
    if values.dtype.kind in "US":
        return f"not {values.dtype}; number them, as numpy.unique({name}, return_inverse=True)[1] does"
    broken = values[~np.isfinite(values) | (np.trunc(values) != values)] if values.dtype.kind == "f" else ()
    if len(broken):
        remedy = "make spikes of levels first (docs/own-data.md)" if name == "spikes" and np.isfinite(broken[0]) else (
            "mend it")
        return f"not {values.dtype} that holds {broken[0]:g}; {remedy}"
    return f"not {values.dtype}; convert them with .astype(numpy.{best})"


def integers(thing: str, name: str, values: NDArray) -> NDArray[np.int64]:
    """``values`` as int64 in the machine's own order of bytes; raises as :func:`check_integers`."""
    check_integers(thing, name, values)
    return values.astype(np.int64)


def known_labels(thing: str, labels: NDArray, samples: int, classes: int) -> Labels:
    """The labels of a set that was made elsewhere, one for each of ``samples``, each below ``classes``.

    Raises
    ------
    DataError
        If they are none; the file is damaged.
    """
    if labels.shape != (samples,):
        raise DataError(f"{thing}: label must have shape ({samples},), one a sample, not {labels.shape}; copy "
                        "it again")
    found = integers(thing, "label", labels)
    bad = np.flatnonzero((found < 0) | (found >= classes))
    if len(bad):
        raise DataError(f"{thing}: label must be in 0..{classes - 1}, not {found[bad[0]]} (sample {bad[0]}); copy it "
                        "again")
    return found
