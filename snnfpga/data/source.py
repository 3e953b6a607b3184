"""The data that a configuration names."""

from collections.abc import Sequence
from dataclasses import replace

from ..config.data import DataConfig
from ..console import say
from .dataset import UNLABELLED, DataError, DataSet
from .registry import DataOptions, load

HALVES = ("train", "test")


def load_data(config: DataConfig, *, labelled: Sequence[str] = HALVES) -> DataSet:
    """Load ``config.name``: a name of the registry or the path of an .npz.

    Parameters
    ----------
    labelled
        The halves that need labels: samples of them without one are left out, and their number is said. Those of
        another half stay, for who answers them and does not learn from them, or does not use them at all.

    Raises
    ------
    DataError
        As :func:`snnfpga.data.registry.load`; or if labels are needed and no sample has one.
    """
    data = load(config.name, DataOptions(**config.model_dump(exclude={"name"})))
    if labelled and all((getattr(data, half).labels == UNLABELLED).all() for half in HALVES):
        count = len(data.train) + len(data.test)
        raise DataError(f"Data {data.name} must have a label for some sample, and all {count} have {UNLABELLED}, "
                        "which is none; number its classes from 0")
    for half in labelled:
        split = getattr(data, half)
        known = split.labels != UNLABELLED
        if not known.all():
            say(f"Warning: {int((~known).sum())} {half} samples of data {data.name} have no label ({UNLABELLED}) and "
                "are left out")
            data = replace(data, **{half: split.select(known)})
    return data
