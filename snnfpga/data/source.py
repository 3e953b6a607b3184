"""The data that a configuration names."""

from ..config.data import DataConfig
from .dataset import DataSet
from .registry import DataOptions, load


def load_data(config: DataConfig) -> DataSet:
    """Load ``config.name``: a name of the registry or the path of an .npz.

    Raises
    ------
    DataError
        As :func:`snnfpga.data.registry.load`.
    """
    return load(config.name, DataOptions(**config.model_dump(exclude={"name"})))
