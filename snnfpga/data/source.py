"""The data that a configuration names."""

from dataclasses import replace

from ..config.data import DataConfig
from ..console import say
from .dataset import UNLABELLED, DataSet
from .registry import DataOptions, load


def load_data(config: DataConfig, *, unlabelled: bool = False) -> DataSet:
    """Load ``config.name``: a name of the registry or the path of an .npz.

    Samples without a label are left out, and their number is said; ``unlabelled`` keeps those of the training split,
    for who answers them and does not learn from them.

    Raises
    ------
    DataError
        As :func:`snnfpga.data.registry.load`.
    """
    data = load(config.name, DataOptions(**config.model_dump(exclude={"name"})))
    for half in ("test",) if unlabelled else ("train", "test"):
        split = getattr(data, half)
        known = split.labels != UNLABELLED
        if not known.all():
            say(f"Warning: {int((~known).sum())} {half} samples of data {data.name} have no label ({UNLABELLED}) and "
                "are left out")
            data = replace(data, **{half: split.select(known)})
    return data
