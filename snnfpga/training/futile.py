"""Settings under which nothing, or little, is ever learned: refused where that is certain, else said with its share."""

from collections.abc import Iterator

import numpy as np

from rtl_gen.contract.errors import USAGE, SnnfpgaError
from rtl_gen.contract.futile import futile_blocks, silent_layer
from rtl_gen.contract.spec import NetworkSpec

from ..config.models import Config
from ..console import percent
from ..data.dataset import DataSet, Split
from ..learning.online import StepLearner
from ..learning.registry import find_rule
from ..learning.truncated_local import windows

BOUNDED = ("cross_entropy", "logistic", "hard_sigmoid")     # losses whose errors are at most 1


def check(config: Config) -> None:
    """Refuse factors and thresholds that leave nothing of a change.

    Raises
    ------
    SnnfpgaError
        If weights are forgotten in each step of the optimiser, no error passes, or both terms of the traces are 0.
    """
    training, learning = config.training, config.learning
    kept = 1 - training.rate * training.weight_decay
    if training.optimiser in ("adamw", "sgd") and kept <= 0:
        raise SnnfpgaError("Config training.weight_decay must be below 1 / training.rate, which is "
                           f"{1 / training.rate:g}, not {training.weight_decay:g}: in one step nothing of a weight "
                           "would be left; take less", USAGE)
    if learning.error_threshold == 1 and learning.loss in BOUNDED:
        raise SnnfpgaError("Config learning.error_threshold must be below 1, the largest error of learning.loss="
                           f"{learning.loss}, not 1: nothing would be learned; take less", USAGE)
    learn = find_rule(learning.rule).learn
    if isinstance(learn, StepLearner):
        factors = learn.factors.changed_by(learning)
        if not factors.alpha_pre and not factors.alpha_post:
            raise SnnfpgaError("Config learning.traces.alpha_pre and alpha_post must not both be 0, where no layer "
                               f"would learn by rule {learning.rule}; give one", USAGE)


def check_data(config: Config, data: DataSet) -> None:
    """Refuse what no sample can be learned from.

    Raises
    ------
    SnnfpgaError
        If no step that is learned from lies within a training sample, or a cutout silences whole samples.
    """
    height, width, _ = data.sensor
    if config.training.augment.cutout >= max(height, width):
        raise SnnfpgaError(f"Config training.augment.cutout must be below {max(height, width)}, the longer side of the "
                           f"sensor, not {config.training.augment.cutout}: no event would be left", USAGE)
    learning, longest = config.learning, _longest(data.train)
    if not find_rule(learning.rule).windowed or _first_lesson(config, longest) is not None:
        return
    count = -(-longest // learning.window)
    if learning.update_interval > count:
        raise SnnfpgaError(f"Config learning.update_interval must be at most {count}, the windows of the longest "
                           f"sample, not {learning.update_interval}: nothing would be learned; take less, or a smaller "
                           "learning.window", USAGE)
    asked = (f"learning.window={learning.window} with loss_steps={learning.loss_steps or learning.window}, "
             f"update_interval={learning.update_interval} and select={learning.select}")
    raise SnnfpgaError(f"Config {asked} leaves no step of the longest sample, which has {longest}, to learn from; take "
                       "a smaller window or more loss_steps", USAGE)


def check_chip(spec: NetworkSpec) -> None:
    """Refuse a network that is made in vain.

    Raises
    ------
    SnnfpgaError
        If a layer's neurons can never fire, or no block that has an update engine can ever learn.
    """
    if (silent := silent_layer(spec)) is not None:
        block, layer, reached, threshold = silent
        raise SnnfpgaError(f"Block {block} layer {layer} can never fire: with the largest weights a membrane reaches "
                           f"{reached}, and the threshold is {threshold}; take a smaller network.threshold or "
                           "headroom, or more weight_bits", USAGE)
    refuse_futile(spec)


def refuse_futile(spec: NetworkSpec) -> None:
    """Refuse a network of which every block with an update engine is in vain; one without any is no matter of ours.

    Raises
    ------
    SnnfpgaError
        As said.
    """
    futile = futile_blocks(spec)
    if futile and len(futile) == sum(block.directives.learns for block in spec.blocks):
        block, reason = next(iter(futile.items()))
        raise SnnfpgaError(f"Block {block} can never learn on chip: {reason}, or set hardware.learning=false", USAGE)


def warnings(config: Config, data: DataSet, spec: NetworkSpec) -> Iterator[str]:
    """What is learned from in part, in words: blocks, and samples too short or silent."""
    for block, reason in futile_blocks(spec).items():
        yield f"block {block} can never learn on chip: {reason}"
    if find_rule(config.learning.rule).windowed:
        first = _first_lesson(config, data.steps)
        if first is not None:
            yield from short_samples(data.train, first + 1)
    if isinstance(data.train.spikes, np.ndarray):       # else all would have to be made for it
        silent = int((~data.train.spikes.any(axis=(1, 2))).sum())
        if silent:
            yield f"{_share(silent, data.train)} have no event, and no input of theirs can be learned from"


def short_samples(split: Split, least: int) -> Iterator[str]:
    """How many samples teach nothing, as they have fewer than ``least`` steps; nothing where none."""
    short = 0 if split.lengths is None else int((split.lengths < least).sum())
    if short:
        yield (f"{_share(short, split)} teach nothing: they have fewer than {least} steps, the first step that is "
               "learned from by learning.window, loss_steps and update_interval")


def _share(count: int, split: Split) -> str:
    return f"{percent(count / len(split), len(split))} of the training samples ({count} of {len(split)})"


def _longest(split: Split) -> int:
    return split.spikes.shape[1] if split.lengths is None else int(split.lengths.max())


def _first_lesson(config: Config, steps: int) -> int | None:
    """The first step with a loss, of samples of ``steps`` steps; None where there is none. A drawn step is any."""
    learning = config.learning
    count = min(learning.selected_steps or steps, steps)
    chosen = [learning.select != "last" or t >= steps - count for t in range(steps)]
    first_loss = learning.window - (learning.loss_steps or learning.window)
    for span, learns in windows(learning, chosen):
        if learns:
            return next(t for t in span[first_loss:] if chosen[t])
    return None
