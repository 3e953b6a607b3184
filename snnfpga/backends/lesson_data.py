"""The samples that ``snnfpga learn`` learns from and measures on, each of data that fits the network."""

from dataclasses import dataclass
from pathlib import Path

from rtl_gen.contract.errors import SnnfpgaError
from rtl_gen.contract.network import Network

from ..console import say
from ..data.dataset import DataSet, Split
from ..data.fit import check_fit, some
from ..data.source import load_data
from ..runs.held_out import with_unseen
from ..runs.network_data import data_of
from .asked import SAME, Asked


@dataclass(frozen=True)
class LessonData:
    """What is learned from, as it lies in the data, and what is measured on.

    Attributes
    ----------
    name
        Of the data.
    new, test
        Samples to learn from, and samples that accuracy is measured on.
    """

    name: str
    new: Split
    test: Split


def lesson_data(asked: Asked, path: Path, network: Network, root: Path | None) -> LessonData:
    """What ``network``, of the file ``path``, is to learn from.

    Raises
    ------
    SnnfpgaError
        If there is no such data, it does not fit, or a half of it has too few samples.
    """
    data = fitting(path, network, asked.data, root)
    return LessonData(data.name, some(data, "train", asked.samples, asked.seed_for(network)), some(data, "test"))


def fitting(path: Path, network: Network, name: str | None, root: Path | None) -> DataSet:
    """The data called ``name``, or what the network was trained on, which fits it.

    Raises
    ------
    SnnfpgaError
        If there is no such data, or it does not fit.
    """
    data = load_data(data_of(path, network.spec, name, root), labelled=("test",))
    check_fit(data, network.spec)
    return data


def rehearsed(asked: Asked, path: Path, network: Network, root: Path | None) -> Split | None:
    """Old samples to mix in, None where none are asked for. Raises as :func:`fitting`."""
    if asked.rehearse is None:
        return None
    return fitting(path, network, None if asked.rehearse == SAME else asked.rehearse, root).train


def original(path: Path, network: Network, root: Path | None) -> Split | None:
    """Test samples of the data that the network was trained on; None, and a line, where they cannot be had."""
    try:
        data, _ = with_unseen(fitting(path, network, None, root), path)
    except SnnfpgaError as error:
        say(f"Accuracy on the original data is not measured: {error}")
        return None
    if not len(data.test):
        say(f"Accuracy on the original data is not measured: {data.name} has no test samples")
        return None
    return data.test
