"""What is measured while a network trains: one JSON line an epoch, and the same for TensorBoard."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rtl_gen.contract.atomic import naming, write_atomically
from rtl_gen.contract.regular import regular

from .find import METRICS, TENSORBOARD


@dataclass(frozen=True)
class EpochMetrics:
    """One line of ``metrics.jsonl``.

    Attributes
    ----------
    epoch
        Counted from 1.
    seconds
        Since the run began, pauses not counted.
    rate
        Learning rate of the epoch's last step.
    losses
        Of each block over the epoch's batches; None where a block has none.
    train_accuracy
        Over the epoch, each sample as it was met.
    test_accuracies
        Of each block's readout on the test split; the last is the network's. None of them where the data has no test
        split.
    firing_rates
        Spikes for each neuron and step on the test split, for each block and layer; without one, on the samples held
        out.
    moved
        Weights that went to another scale before the epoch, in words.
    validation_accuracies
        Of each block's readout on the samples held out of the training split; none of them where none is.
    """

    epoch: int
    seconds: float
    rate: float
    losses: list[float | None]
    train_accuracy: float
    test_accuracies: list[float]
    firing_rates: list[list[float]]
    moved: list[str] = field(default_factory=list)
    validation_accuracies: list[float] = field(default_factory=list)


class MetricsLog:
    """``metrics.jsonl`` and ``tensorboard/`` of a run; lines after epoch ``done`` of an earlier attempt are dropped."""

    def __init__(self, folder: Path, done: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # a second to import

        self._path = folder / METRICS
        kept = [line for line in read_metrics(self._path) if line["epoch"] <= done] if self._path.exists() else []
        write_atomically(self._path, "".join(json.dumps(line) + "\n" for line in kept).encode())
        self._board = SummaryWriter(str(folder / TENSORBOARD), purge_step=done + 1)

    def write(self, metrics: EpochMetrics) -> None:
        """Add an epoch."""
        with naming(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(metrics)) + "\n")
        board = self._board
        board.add_scalar("accuracy/train", metrics.train_accuracy, metrics.epoch)
        board.add_scalar("rate", metrics.rate, metrics.epoch)
        for split, accuracies in (("test", metrics.test_accuracies), ("validation", metrics.validation_accuracies)):
            for block, accuracy in enumerate(accuracies):
                board.add_scalar(f"accuracy/{split} block {block}", accuracy, metrics.epoch)
        for block, loss in enumerate(metrics.losses):
            if loss is not None:
                board.add_scalar(f"loss/block {block}", loss, metrics.epoch)
        for block, rates in enumerate(metrics.firing_rates):
            for layer, rate in enumerate(rates):
                board.add_scalar(f"firing rate/block {block} layer {layer}", rate, metrics.epoch)

    def close(self) -> None:
        self._board.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of ``metrics.jsonl``; one cut short by a full disk or a kill is left out."""
    lines = []
    for line in regular(path).read_text("utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return lines
