"""Training on labels of steps: what cannot serve them, and how many windows are answered right."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rtl_gen.contract.block import BlockSpec
from rtl_gen.contract.errors import USAGE, SnnfpgaError

from ..config.models import Config
from ..data.dataset import DataError, DataSet, Split
from ..data.step_labels import are_in, of_windows, windows_there
from ..learning.registry import RULES, find_rule
from ..learning.rule import Learned
from ..network.inference import predict
from ..network.specify import longest_sample


def check(config: Config) -> None:
    """Refuse what is of samples with one label, where the file of the data names labels of steps, before it is read.

    Raises
    ------
    SnnfpgaError
        If the rule, or what the configuration switches on, cannot serve them.
    """
    path = Path(config.data.name)
    if path.suffix == ".npz" and are_in(path):
        _check_served(config, path.name)


def check_data(config: Config, data: DataSet) -> None:
    """As :func:`check`, of data that is there.

    Raises
    ------
    SnnfpgaError
        As :func:`check`.
    DataError
        If a half of the data has no labelled window.
    """
    if data.train.step_labels is None:
        return
    _check_served(config, data.name)
    window = min(config.learning.window, longest_sample(config, data.steps))
    for name, half in (("train", data.train), ("test", data.test)):
        if not (of_windows(half.step_labels, window, config.learning.loss_steps or window, half.lengths) >= 0).any():
            raise DataError(f"Data {data.name} must have a labelled window among its {name} samples, and none of its "
                            f"windows of {window} steps has a label and a step in the loss window; label more steps, "
                            "or change learning.window or loss_steps")


def _check_served(config: Config, data: str) -> None:
    rule = find_rule(config.learning.rule)
    if not rule.step_labels:
        others = ", ".join(other.name for other in RULES.values() if other.step_labels)
        raise SnnfpgaError(f"Rule {rule.name} learns from one label a sample, and data {data} has labels of steps; "
                           f"take one of {others}", USAGE)
    for key, asked, why in (
            ("training.distill", config.training.distill is not None, "a teacher answers whole samples"),
            ("training.warm_epochs", config.training.warm_epochs > 0, "a warm start knows no steps"),
            ("training.augment.time_shift", config.training.augment.time_shift > 0, "it moves events off their labels"),
            ("learning.feedback=labels", config.learning.feedback == "labels", "it is told one label a sample")):
        if asked:
            raise SnnfpgaError(f"Config {key} cannot serve data {data}, which has labels of steps: {why}; leave it "
                               "out", USAGE)


def advice(config: Config, data: DataSet) -> list[str]:
    """Warnings on a configuration that learns from ``data``, whose steps have labels, in vain."""
    labels = data.train.step_labels
    if labels is None:
        return []
    window = min(config.learning.window, longest_sample(config, data.steps))
    learned = of_windows(labels, window, config.learning.loss_steps or window, data.train.lengths)
    found = [f"no window of {window} steps of the training samples has label {label} of {data.classes}; number the "
             "classes from 0, label more steps, or take another learning.window"
             for label in range(data.classes) if label not in learned][:1]
    changing = [len(np.unique(own[own >= 0])) > 1 for own in labels]
    if config.learning.accumulate == "window" or not any(changing):
        return found
    return [*found,
            f"labels change within {sum(changing)} of {len(labels)} training samples, and logits are summed since each "
            "sample's start, so that what was shown before counts as what is shown now; "
            "--set learning.accumulate=window starts them anew in each window"]


def window_counts(block: BlockSpec, data: DataSet) -> dict[str, dict[str, dict[str, int]]]:
    """Windows with and without a label of each half, under ``windows``; nothing where samples have one label."""
    found = {}
    for name, half in (("train", data.train), ("test", data.test)):
        if half.step_labels is None:
            return {}
        labels = of_windows(half.step_labels, block.window, block.loss_steps, half.lengths)
        there = windows_there(half.step_labels.shape, block.window, block.loss_steps, half.lengths)
        found[name] = {"labelled": int((labels >= 0).sum()), "unlabelled": int((there & (labels < 0)).sum())}
    return {"windows": found}


class Tally:
    """Right answers on the way through an epoch: to samples, or where steps have labels to labelled windows.

    Attributes
    ----------
    right
        So far, of what was added.
    whole
        All samples, or labelled windows, of the split.
    """

    def __init__(self, split: Split, block: BlockSpec) -> None:
        self.right = 0
        if split.step_labels is None:
            self._wanted, self.whole = torch.from_numpy(split.labels), len(split)
            return
        labels = of_windows(split.step_labels, block.window, block.loss_steps, split.lengths)
        self._wanted, self.whole = torch.from_numpy(labels), int((labels >= 0).sum())

    def add(self, learned: Learned, samples: Tensor) -> None:
        """Take what came of ``samples``, (B,), by number."""
        found = predict(learned.answers) if learned.windows is None else learned.windows.T
        self.right += int((found.cpu() == self._wanted[samples]).sum())
