"""Test accuracy of training in PyTorch, and the memory it takes: the default run, and end-to-end BPTT beside it.

Run: ``python benchmarks/torch_accuracy.py [NAME ...]``; writes ``docs/results/torch_accuracy.json`` after each seed,
and skips what is in there for the same configuration. ``--validate`` takes a fifth of the training split instead of the
test split and writes nothing: for tuning; there ``--set key=value`` changes a value.

A seed draws the initial weights, the order of the samples and the events left out. The split into train and test is
that of ``snnfpga.data`` with seed 0 throughout. Accuracy is that after the last epoch.
"""

import argparse
import json
from pathlib import Path
from statistics import mean
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from rtl_gen.contract.atomic import write_atomically
from snnfpga.config.file import read_config
from snnfpga.config.models import Config
from snnfpga.data.dataset import DataSet, assemble, stratified
from snnfpga.data.source import load_data
from snnfpga.training.trainer import Trainer, prepare

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "torch_accuracy.json"
SEEDS = (0, 1, 2)
HELD = 123      # seed that cuts the training split once more
TUNING = ("Settings were chosen on a fifth of the training split of data seed 0 (stratified, seed 123), the test split "
          "unseen; then trained once on the whole training split.")
EXPERIMENTS: dict[str, tuple[str, ...]] = {
    "digits-events truncated-local": (),
    "digits-events bptt": ("learning.rule=bptt",),
}


def data_for(config: Config, validate: bool) -> DataSet:
    """The data, or its training split cut once more."""
    data = load_data(config.data)
    if not validate:
        return data
    held = stratified(data.train.labels, HELD)
    return assemble(data.name, data.train.spikes, data.train.labels, held, data.sensor, data.classes)


def train(config: Config, validate: bool, title: str) -> dict[str, Any]:
    prepare("cpu", config.training.threads)
    trainer = Trainer(config, data_for(config, validate))
    for _ in track(range(config.training.epochs), description=title):
        metrics = trainer.epoch()
    return {
        "test_accuracy": round(100 * metrics.test_accuracies[-1], 2),
        "block_accuracies": [round(100 * accuracy, 2) for accuracy in metrics.test_accuracies],
        "train_accuracy": round(100 * metrics.train_accuracy, 2),
        "firing_rates": [[round(rate, 3) for rate in rates] for rates in metrics.firing_rates],
        "peak_activation_bytes": trainer.progress.peak_activation_bytes,
        "seconds": round(trainer.progress.seconds, 1)}


def show(results: dict[str, Any]) -> None:
    table = Table(title="Test accuracy after the last epoch")
    for column in ("experiment", "seeds", "mean", "activations, bytes", "seconds"):
        table.add_column(column)
    for name, entry in results.items():
        seeds = list(entry["seeds"].values())
        table.add_row(name, " ".join(str(seed["test_accuracy"]) for seed in seeds), str(entry["mean_test_accuracy"]),
                      str(seeds[0]["peak_activation_bytes"]), " ".join(str(seed["seconds"]) for seed in seeds))
    Console(width=130).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train in PyTorch and measure.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(EXPERIMENTS)} (default: all)")
    parser.add_argument("--validate", action="store_true", help="measure on a part of the training split; for tuning")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="only with --validate")
    arguments = parser.parse_args()
    if arguments.set and not arguments.validate:
        parser.error("--set is for tuning: give --validate with it")
    for name in arguments.names:
        if name not in EXPERIMENTS:
            parser.error(f"there is no experiment {name!r}; choose from {', '.join(EXPERIMENTS)}")
    stored = json.loads(RESULTS.read_text("utf-8"))["results"] if RESULTS.exists() and not arguments.validate else {}
    results: dict[str, Any] = {}
    for name in arguments.names or EXPERIMENTS:
        settings = [*EXPERIMENTS[name], *arguments.set]
        config = read_config(None, settings).model_dump(mode="json", exclude={"seed"})
        entry = stored.get(name)
        if entry is None or entry["config"] != config:
            entry = stored[name] = {"config": config, "seeds": {}}
        results[name] = entry
        for seed in SEEDS:
            if str(seed) in entry["seeds"]:
                continue
            entry["seeds"][str(seed)] = train(read_config(None, [*settings, f"seed={seed}"]), arguments.validate,
                                              f"{name} {seed}")
            entry["mean_test_accuracy"] = round(mean(found["test_accuracy"] for found in entry["seeds"].values()), 2)
            if not arguments.validate:
                RESULTS.parent.mkdir(parents=True, exist_ok=True)
                whole = {"command": "python benchmarks/torch_accuracy.py", "tuning": TUNING, "results": stored}
                write_atomically(RESULTS, (json.dumps(whole, indent=1) + "\n").encode())
    show(results)


if __name__ == "__main__":
    main()
