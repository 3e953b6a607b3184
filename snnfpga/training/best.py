"""The best epoch of a run, by the samples held out of its training split; a checkpoint of it lies beside the last."""

from collections.abc import Iterable
from typing import Any

from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.models import Config
from ..data.dataset import DataSet


def check_data(config: Config, data: DataSet) -> None:
    """Refuse to keep the best epoch where nothing is held out to tell it by.

    Raises
    ------
    SnnfpgaError
        If that is asked for.
    """
    training = config.training
    if training.keep == "best" and not training.validation:
        raise SnnfpgaError("Config training.keep=best needs samples that are held out to choose by, and "
                           "training.validation is 0; set training.validation=0.1, or keep the last", USAGE)


def best_of(config: Config, epochs: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The line of ``metrics.jsonl`` with the highest accuracy on the samples held out, of equals the last.

    Equals are common on few samples, and the later one has learned more. Epochs before the last regrid have weights of
    other bits than the run is to end with, and do not count. None where nothing was held out, or there is no epoch.
    """
    first = max((entry.after for entry in config.training.regrid if entry.after < config.training.epochs), default=0)
    found = [line for line in epochs if line["epoch"] > first and line.get("validation_accuracies")]
    return max(found, key=lambda line: (line["validation_accuracies"][-1], line["epoch"]), default=None)
