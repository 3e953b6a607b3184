"""Long measurements that go on where they stopped: what the result's JSON has for the same settings is not repeated."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe
from rich.progress import track
from sklearn.model_selection import StratifiedKFold

from rtl_gen.contract.atomic import write_atomically
from snnfpga.config.models import Config
from snnfpga.data.dataset import DataSet, assemble
from snnfpga.training.trainer import Trainer, prepare

FOLDS = 5


class Results:
    """``docs/results/NAME.json``: for each case its settings, and what each run of it gave."""

    def __init__(self, name: str, command: str) -> None:
        self._path = Path(__file__).parents[1] / "docs" / "results" / f"{name}.json"
        self._command = command
        self.cases = self._read()

    def entry(self, case: str, config: Config) -> dict[str, Any]:
        """The runs of ``case``; none where it was last run with other settings."""
        found = self.cases.get(case)
        if found is None or _settings(Config.model_validate(found["config"])) != _settings(config):
            found = self.cases[case] = {"config": _settings(config), "runs": {}}
        return found

    def run(self, case: str, config: Config, key: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What run ``key`` of ``case`` gave, now or before; written at once."""
        runs = self.entry(case, config)["runs"]
        if key not in runs:
            found = measure()
            self.cases = self._read()       # others may have written meanwhile
            runs = self.entry(case, config)["runs"]
            runs[key] = found
            whole = {"command": self._command, **describe("torch"), "results": self.cases}
            write_atomically(self._path, (json.dumps(whole, indent=1) + "\n").encode())
        return runs[key]

    def _read(self) -> dict[str, Any]:
        return json.loads(self._path.read_text("utf-8"))["results"] if self._path.exists() else {}


def _settings(config: Config) -> dict[str, Any]:
    """What tells runs of a case from those of another; where data lies, and on how many threads, does not."""
    return config.model_dump(mode="json", exclude={"seed": True, "data": {"root", "cache"}, "training": {"threads"}})


def train(config: Config, data: DataSet, title: str) -> dict[str, Any]:
    """Train to the end."""
    prepare("cpu", config.training.threads)
    trainer, began, history = Trainer(config, data), time.perf_counter(), []
    for _ in track(range(config.training.epochs), description=title):
        metrics = trainer.epoch()
        history.append(round(100 * metrics.test_accuracies[-1], 2))
    return {"test_accuracy": history[-1], "train_accuracy": round(100 * metrics.train_accuracy, 2), "history": history,
            "block_accuracies": [round(100 * accuracy, 2) for accuracy in metrics.test_accuracies],
            "firing_rates": [[round(rate, 4) for rate in rates] for rates in metrics.firing_rates],
            "peak_activation_bytes": trainer.progress.peak_activation_bytes,
            "seconds": round(time.perf_counter() - began, 1), "threads": config.training.threads}


def fold(data: DataSet, number: int) -> DataSet:
    """All samples of a set, split anew: stratified, seed 0."""
    spikes = np.concatenate([data.train.spikes, data.test.spikes])
    labels = np.concatenate([data.train.labels, data.test.labels])
    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(spikes, labels)
    held = np.zeros(len(labels), bool)
    held[list(parts)[number][1]] = True
    return assemble(data.name, spikes, labels, held, data.sensor, data.classes)
