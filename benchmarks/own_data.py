"""Defaults for data of one's own: what was tried on some sets, and what was taken, confirmed on others.

Run: ``python benchmarks/own_data.py --data-root FOLDER``, some ten minutes of one core; writes
``docs/results/own_data.json`` after each training and goes on where it stopped. Accuracy is that of the test split,
drawn 80/20, after the last epoch; one seed. ``chosen`` is what ``snnfpga train`` takes; all but the digits' values hold
out a tenth of the training samples.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from own_sets import Made, sets
from resumable import Results, train
from rich.console import Console
from rich.table import Table

from snnfpga.config.file import read_config
from snnfpga.config.models import Config
from snnfpga.data.own_defaults import UPDATES, completed
from snnfpga.data.source import load_data

CANDIDATES: dict[str, tuple[str, ...]] = {
    "chosen": (),
    "K = T / 4": (),
    "half the updates": (),
    "rate 0.002": ("training.rate=0.002",),
    "event_drop 0.1": ("training.event_drop=0.1",),
    "normalised weights": ("network.normalise=weights",),
    "values of the digits": ("training.epochs=50", "training.batch=128", "training.rate=0.006",
                             "training.event_drop=0.3", "training.validation=0", "learning.window=4"),
}


def configured(made: Made, candidate: str) -> tuple[Config, Any]:
    """A configuration as ``snnfpga train`` completes it for an .npz, and the data."""
    spikes, label = made
    own = list(CANDIDATES[candidate])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "own.npz"
        np.savez(path, spikes=spikes, label=label)
        config = read_config(None, [f"data.name={path}", *own])
        data = load_data(config.data)
    config = completed(config, data)[0]
    learning, training = {}, {}
    if candidate == "K = T / 4":
        learning["window"] = max(1, spikes.shape[1] // 4)
    if candidate == "half the updates":
        training["epochs"] = max(1, round(UPDATES / 2 * config.training.batch / (0.9 * len(data.train))))
    # The file's path would tell runs of a case apart.
    return config.model_copy(update={
        "data": config.data.model_copy(update={"name": "own.npz"}),
        "learning": config.learning.model_copy(update=learning),
        "training": config.training.model_copy(update=training)}), data


def accuracy(results: Results, made: Made, name: str, candidate: str) -> float:
    config, data = configured(made, candidate)
    case = f"{name}: {candidate}"
    return results.run(case, config, "seed 0", lambda: train(config, data, case))["test_accuracy"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, required=True, metavar="FOLDER", help="where the recordings lie")
    arguments = parser.parse_args()
    results = Results("own_data", "python benchmarks/own_data.py --data-root FOLDER")
    table = Table("set", *CANDIDATES, title="Test accuracy after the last epoch, %", title_justify="left")
    tried, confirmed = sets(arguments.data_root)
    plan = [*((name, make, ["chosen", "values of the digits"]) for name, make in confirmed.items()),
            *((name, make, list(CANDIDATES)) for name, make in tried.items())]
    for name, make, candidates in plan:
        made, cells = make(), dict.fromkeys(CANDIDATES, "")
        for candidate in candidates:
            cells[candidate] = f"{accuracy(results, made, name, candidate):.2f}"
        table.add_row(name, *cells.values())
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
