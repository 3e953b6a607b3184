"""Long measurements that go on where they stopped: what the result's JSON has for the same settings is not repeated."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe
from sklearn.model_selection import StratifiedKFold

from rtl_gen.network_file import write_atomically
from snnfpga.config import Config
from snnfpga.data.dataset import DataSet, assemble

FOLDS = 5


class Results:
    """``docs/results/NAME.json``: for each case its settings, and what each run of it gave."""

    def __init__(self, name: str, command: str) -> None:
        self._path = Path(__file__).parents[1] / "docs" / "results" / f"{name}.json"
        self._command = command
        self.cases: dict[str, Any] = json.loads(self._path.read_text())["results"] if self._path.exists() else {}

    def entry(self, case: str, config: Config) -> dict[str, Any]:
        """The runs of ``case``; none where it was last run with other settings."""
        written = config.model_dump(mode="json", exclude={"seed": True, "data": {"root", "cache"}})
        found = self.cases.get(case)
        if found is None or found["config"] != written:
            found = self.cases[case] = {"config": written, "runs": {}}
        return found

    def run(self, case: str, config: Config, key: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What run ``key`` of ``case`` gave, now or before; written at once."""
        runs = self.entry(case, config)["runs"]
        if key not in runs:
            runs[key] = measure()
            whole = {"command": self._command, **describe("torch"), "results": self.cases}
            write_atomically(self._path, (json.dumps(whole, indent=1) + "\n").encode())
        return runs[key]


def fold(data: DataSet, number: int) -> DataSet:
    """All samples of a set, split anew: stratified, seed 0."""
    spikes = np.concatenate([data.train.spikes, data.test.spikes])
    labels = np.concatenate([data.train.labels, data.test.labels])
    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(spikes, labels)
    held = np.zeros(len(labels), bool)
    held[list(parts)[number][1]] = True
    return assemble(data.name, spikes, labels, held, data.sensor, data.classes)
