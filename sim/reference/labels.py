"""Labels of a sample, of its steps and of its windows."""

import numpy as np
from numpy.typing import NDArray

Label = int | NDArray[np.integer]       # of a sample, or (T,) of its steps
NONE = -1


def label_of(label: Label, span: slice) -> int:
    """The label of the window of the steps ``span``: that of its last step that has one, ``NONE`` where none has."""
    if np.ndim(label) == 0:
        return int(label)
    labelled = [int(value) for value in label[span] if value != NONE]
    return labelled[-1] if labelled else NONE


def check_label(label: Label, steps: int, classes: int) -> None:
    """Refuse what is no label of a sample of ``steps`` to learn from.

    Raises
    ------
    ValueError
        If there is not one label a step, or one is neither a class nor ``NONE``.
    """
    if isinstance(label, np.integer) and NONE <= label < classes:       # what most are, told fast
        return
    values = np.asarray(label)
    if values.shape not in ((), (steps,)):
        raise ValueError(f"Labels of a sample to learn from must be one, or one for each of {steps} steps, not of "
                         f"shape {values.shape}")
    if values.dtype.kind not in "iu":
        raise ValueError(f"Labels of a sample to learn from must be integers, not {values.dtype}")
    bad = values[(values < NONE) | (values >= classes)]
    if bad.size:
        raise ValueError(f"Label of a sample to learn from must be in 0..{classes - 1}, or {NONE} for none, not "
                         f"{bad.flat[0]}")
