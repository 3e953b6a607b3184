"""How a run went, epoch by epoch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..runs.find import METRICS
from .figures import over_epochs
from .page import Section
from .parts import Part

Epochs = list[dict[str, Any]]


def curves(epochs: Epochs, sources: tuple[Path, ...], no_metrics: str) -> list[Section]:
    """The sections on accuracy, loss and firing rates; ``no_metrics`` is said where there is no epoch.

    Parameters
    ----------
    epochs
        Lines of ``metrics.jsonl``, as :class:`snnfpga.runs.metrics.EpochMetrics` describes them.
    """
    return [_curve(*each, epochs, sources, no_metrics) for each in (
        ("Accuracy", "Share of right answers after each epoch. Each block has a readout of its own: look for later "
         "blocks to do at least as well as earlier ones, and for a test or validation curve that does not fall while "
         "training rises.", _accuracies),
        ("Loss", "What each block minimises by itself, from its own readout, on average over the epoch's batches. Look "
         "for curves that fall and level off.", _losses),
        ("Firing rates", "Spikes for each neuron and step on the test split, or without one on the samples held out. A "
         "layer near 0 % is silent and passes nothing on; one near 100 % fires whatever it sees; the lower the rate, "
         "the less the hardware has to do.",
         _rates))]


def _curve(title: str, about: str, draw: Callable[[Epochs], Part | None], epochs: Epochs, sources: tuple[Path, ...],
           no_metrics: str) -> Section:
    drawn = draw(epochs) if epochs else None
    if drawn is None:
        return Section(title, about, missing=f"`{METRICS}` has none." if epochs else no_metrics)
    return Section(title, about, (drawn,), sources)


def _numbers(epochs: Epochs) -> list[int]:
    return [line["epoch"] for line in epochs]


def _accuracies(epochs: Epochs) -> Part:
    drawn = {f"test, block {block}": [line["test_accuracies"][block] for line in epochs]
             for block in range(len(epochs[0]["test_accuracies"]))}
    if epochs[0].get("validation_accuracies"):      # runs of before have no such key
        drawn["validation, last block"] = [line["validation_accuracies"][-1] for line in epochs]
    drawn["training, last block"] = [line["train_accuracy"] for line in epochs]
    return over_epochs("Accuracy of each readout", "% right", _numbers(epochs), drawn, scale=100)


def _losses(epochs: Epochs) -> Part | None:
    drawn = {f"block {block}": [line["losses"][block] for line in epochs]
             for block in range(len(epochs[0]["losses"]))}
    known = {name: values for name, values in drawn.items() if any(value is not None for value in values)}
    if not known:
        return None
    return over_epochs("Loss of each block", "loss", _numbers(epochs), known, y={"rangemode": "tozero"})


def _rates(epochs: Epochs) -> Part:
    drawn = {}
    for block, layers in enumerate(epochs[0]["firing_rates"]):
        for layer in range(len(layers)):
            name = f"block {block}" if len(layers) == 1 else f"block {block}, layer {layer}"
            drawn[name] = [line["firing_rates"][block][layer] for line in epochs]
    return over_epochs("Firing rate of each layer", "% of neurons a step", _numbers(epochs), drawn, scale=100,
                       y={"rangemode": "tozero"})
