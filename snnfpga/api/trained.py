"""A run that was trained: what came of it, as a program and a person see it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config.models import Config
from ..console import percent
from ..runs.find import METRICS, NETWORK
from .network import Network, load
from .shown import Shown, Table

if TYPE_CHECKING:
    from ..runs.metrics import EpochMetrics


@dataclass(frozen=True, repr=False)
class Trained(Shown):
    """A run that was trained.

    Attributes
    ----------
    folder
        Of the run.
    config
        Every value that it was trained with.
    test_accuracy, test_samples
        Of the network on the test split; None of data without one.
    validation_accuracy, validation_samples
        On the training samples that were held out; None where none were.
    block_accuracies
        Of each block's readout, on the test samples or else those held out.
    kept_epoch, epochs
        The epoch that the weights are of, and how many there were.
    seconds
        They took.
    peak_activation_bytes
        The most that was kept for learning.
    hardware
        What boards would take it, or why none does, as ``--json`` prints it.
    calibration
        How learning on chip was calibrated, as ``--json`` prints it; None where it was not.
    windows
        Labelled windows of each half, of data whose steps have labels; else None.
    """

    folder: Path
    config: Config
    test_accuracy: float | None
    block_accuracies: list[float]
    test_samples: int
    validation_accuracy: float | None
    validation_samples: int
    kept_epoch: int
    seconds: float
    epochs: int
    peak_activation_bytes: int
    hardware: dict[str, Any] | None
    calibration: dict[str, Any] | None
    windows: dict[str, Any] | None = None

    @property
    def network(self) -> Network:
        """The network, read from the run's folder."""
        return load(self.folder)

    @property
    def metrics(self) -> "list[EpochMetrics]":
        """What was measured after each epoch, read from the run's folder."""
        from ..runs.metrics import EpochMetrics, read_metrics

        return [EpochMetrics(**line) for line in read_metrics(self.folder / METRICS)]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as ``snnfpga train --json`` prints them (docs/commands.md)."""
        return {
            "test_accuracy": self.test_accuracy,
            "block_accuracies": self.block_accuracies,
            "test_samples": self.test_samples,
            "validation_accuracy": self.validation_accuracy,
            "validation_samples": self.validation_samples,
            "kept_epoch": self.kept_epoch,
            "seconds": self.seconds,
            "epochs": self.epochs,
            "peak_activation_bytes": self.peak_activation_bytes,
            "hardware": self.hardware,
            "calibration": self.calibration,
            "network": str(self.folder / NETWORK),
            **({} if self.windows is None else {"windows": self.windows}),
        }

    def tables(self) -> list[Table]:
        """What was measured."""
        tested, held = self.test_samples, self.validation_samples
        by_block = [(f"  readout of block {b}", percent(share, tested or held))
                    for b, share in enumerate(self.block_accuracies)]
        return [Table("Trained", ("what", "measured"), [
            *([("test accuracy", percent(self.test_accuracy or 0.0, tested)), *by_block] if tested else []),
            *((f"labelled windows, {half}", f"{counts['labelled']}; {counts['unlabelled']} without a label, not "
               "learned from" if half == "train" else counts["labelled"])
              for half, counts in (self.windows or {}).items()),
            *([(f"validation accuracy, {held} training samples held out",
                percent(self.validation_accuracy or 0.0, held))] if held else []),
            *([*by_block, ("test accuracy", "none: the data has no test samples")] if not tested else []),
            *([("weights of epoch", self.kept_epoch)] if self.kept_epoch < self.epochs else []),
            ("time", f"{self.seconds:.1f} s, {self.epochs} epochs"),
            ("activations kept for learning", f"{self.peak_activation_bytes} bytes at the peak"),
            ("network", str(self.folder / NETWORK))])]
