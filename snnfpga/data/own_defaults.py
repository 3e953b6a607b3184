"""What a configuration leaves open where the data is a file of the user's: values for any data, from the data itself.

``benchmarks/own_data.py`` measured them; ``docs/results.md`` has what it found.
"""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..config.models import Config
from ..config.own import is_own
from ..console import say
from .dataset import DataSet, Split
from .source import load_data
from .validation import validation_split

DRAWN = 256         # samples that events are counted in
BATCH = 32
RATE = 0.004
UPDATES = 1000      # batches that a run learns from, within the bounds of its epochs
EPOCHS = (20, 200)
WINDOW = 64         # the longest window, for the chip's buffers are as deep
VALIDATION = 0.1
KEYS = {"learning": ("window",), "training": ("epochs", "batch", "rate", "validation")}


@dataclass(frozen=True)
class Facts:
    """What defaults depend on.

    Attributes
    ----------
    samples
        Samples of the training split.
    steps
        T, the steps of the longest sample.
    events
        Events of a step in the mean, of samples drawn by the seed.
    """

    samples: int
    steps: int
    events: float

    @classmethod
    def of(cls, train: Split, seed: int) -> "Facts":
        """The facts of a training split."""
        drawn = train.draw(DRAWN, seed)
        steps = train.spikes.shape[1]
        within = len(drawn) * steps if drawn.lengths is None else int(drawn.lengths.sum())
        return cls(len(train), steps, float(drawn.spikes[:].sum()) / within)


def own_defaults(config: Config, train: Split) -> dict[str, dict[str, Any]]:
    """Values for any data, by section and key: those of ``config``'s keys that suit the training split ``train``."""
    share = _value(config, "training", "validation", VALIDATION)
    batch = _value(config, "training", "batch", BATCH)
    learned = len(validation_split(train, share, config.seed)[0])
    least, most = EPOCHS
    # A label of a step is learned at the end of its window: that of one whole sample would be a single lesson.
    learning = {} if train.step_labels is not None else {
        "window": min(train.spikes.shape[1], max(WINDOW, config.learning.loss_steps or 1))}
    return {
        "learning": learning,
        "training": {"epochs": min(max(-(-UPDATES * batch // learned), least), most), "batch": batch, "rate": RATE,
                     "validation": share},
    }


def _open(config: Config) -> bool:
    """Whether a key is left open that has a default for any data."""
    return any(key not in getattr(config, section).model_fields_set for section, keys in KEYS.items() for key in keys)


def _value(config: Config, section: str, key: str, default: Any) -> Any:
    """The value that was set by hand, or the default for any data."""
    found = getattr(config, section)
    return getattr(found, key) if key in found.model_fields_set else default


def complete(config: Config, data: DataSet | None = None) -> tuple[Config, DataSet | None]:
    """``config`` as :func:`completed` gives it, said to whoever listens, and the data where it was loaded for that.

    ``data`` is what it names, where that is loaded already.

    Raises
    ------
    DataError
        If the data is the user's own and cannot be read.
    """
    if not is_own(config.data.name) or not _open(config):
        return config, data
    data = data or load_data(config.data)
    whole, line = completed(config, data)
    if line and os.environ.get("RANK", "0") == "0":     # of the processes of torchrun one speaks
        say(line)
    return whole, data


def completed(config: Config, data: DataSet) -> tuple[Config, str]:
    """``config`` with values for any data where it leaves them open and its data is a file; and a line that says so.

    The same configuration and data give the same values; a configuration with every key, such as a run keeps, is left
    as it is, and so is one whose data has nothing to tell apart. The line is empty where nothing was changed.
    """
    if not is_own(config.data.name) or len(np.unique(data.train.labels)) < 2:
        return config, ""
    said, sections = [], {}
    for name, values in own_defaults(config, data.train).items():
        section = getattr(config, name)
        left = {key: value for key, value in values.items() if key not in section.model_fields_set}
        said += [f"{name}.{key}={value}" for key, value in left.items()]
        sections[name] = section.model_copy(update=left)
    if not said:
        return config, ""
    facts = Facts.of(data.train, config.seed)
    return config.model_copy(update=sections), (
        f"Defaults for own data ({facts.samples} training samples of {facts.steps} steps, {facts.events:.3g} events a "
        f"step): {', '.join(said)}; --set KEY=VALUE changes one")
