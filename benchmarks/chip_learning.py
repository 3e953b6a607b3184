"""Learning wholly in the chip's arithmetic, on the integer reference, from random weights; batch 1.

Run: ``python benchmarks/chip_learning.py [ROW ...] [--data-root FOLDER]``; writes ``docs/results/chip_learning.json``
after each run of a seed, and skips what is in there for the same settings. ``--list`` shows what is known. Rows and
their settings are in ``chip_rows.py``. ``--validate`` takes a part of the training split instead of the test split and
writes nothing: for tuning.

A seed draws the initial weights, the random words of the rounding, the order of the samples and how they are moved.
Where a row is run over splits, too, the split into train and test is drawn by ``snnfpga.data``: either by the same
seed, so that the mean is over splits too, or always by 0, the split of the other benchmarks. Accuracy is that after the
last epoch. To tell how hard a split of the digits is, the accuracy of scikit-learn's float perceptron with 20 hidden
neurons on the spike counts stands beside it.
"""

import argparse
import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch
from chip_course import Experiment, learn, settings_of
from chip_rows import ROWS, TUNING
from machine import describe
from resumable import FOLDS
from rich.console import Console
from rich.table import Table
from scipy.stats import t as student
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from rtl_gen.contract.atomic import write_atomically
from rtl_gen.contract.network import spec_digest
from snnfpga.data.registry import DataOptions, load

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "chip_learning.json"
PERCEPTRONS = 3


def perceptron(split: int) -> float:
    """Test accuracy, in percent, of a float perceptron of 20 hidden neurons on the spike counts of the digits."""
    data = load("digits", DataOptions(steps=16, seed=split))
    model = MLPClassifier((20,), alpha=1e-3, max_iter=1000, random_state=split)
    with threadpool_limits(1):      # so small a product only waits for more
        model.fit(data.train.spikes.mean(axis=1), data.train.labels)
    return round(100 * float(model.score(data.test.spikes.mean(axis=1), data.test.labels)), 2)


def runs_of(experiment: Experiment, seeds: int, over_splits: bool) -> list[tuple[str, int, int]]:
    """Name, split and seed of each run of a row."""
    if experiment.folds:
        return [(f"fold {fold}", fold, fold) for fold in range(FOLDS)]
    own = [(f"split 0 seed {seed}", 0, seed) for seed in range(seeds)]
    return own + [(f"split {seed} seed {seed}", seed, seed) for seed in range(1, seeds)] * over_splits


def summarise(runs: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Mean, 95 % interval of the mean and number of the test accuracies: on split 0, over splits, over folds."""
    found = {}
    for where, names in {
            "split_0": [name for name in runs if name.startswith("split 0 ")],
            "over_splits": [name for name in runs if len(set(name.split()[1::2])) == 1 and "split" in name],
            "folds": [name for name in runs if name.startswith("fold")]}.items():
        values = [runs[name]["test_accuracy"] for name in names]
        if len(values) > (where == "over_splits"):
            found[where] = {"mean": round(mean(values), 2), "runs": len(values), **_spread(values)}
    return found


def _spread(values: list[float]) -> dict[str, float]:
    if len(values) < 2:
        return {}
    half = student.ppf(0.975, len(values) - 1) * stdev(values) / len(values) ** 0.5
    return {"interval_95": round(float(half), 2), "lowest": min(values), "highest": max(values)}


def show(results: dict[str, Any]) -> None:
    table = Table(title="Test accuracy after the last epoch, learned in chip arithmetic from random weights")
    for column in ("row", "network", "goal", "where", "mean", "runs", "lowest", "highest", "hidden rates", "seconds"):
        table.add_column(column)
    for name, entry in results.items():
        runs = list(entry["runs"].values())
        for where, found in entry["mean"].items():
            half = f" +- {found['interval_95']}" if "interval_95" in found else ""
            table.add_row(name, " | ".join("-".join(block) for block in entry["settings"]["blocks"]),
                          str(entry["settings"]["goal"]), where, f"{found['mean']}{half}", str(found["runs"]),
                          str(found.get("lowest", "")), str(found.get("highest", "")), str(runs[0]["hidden_rates"]),
                          f"{mean(run['seconds'] for run in runs):.0f}")
    Console(width=170).print(table)


def measure(name: str, root: Path | None, validate: bool) -> None:
    """Run what of a row is not known, and write it at once."""
    row = ROWS[name]
    settings = settings_of(row.experiment)
    entry = read()["results"].get(name)
    # Settings that came later had their defaults when it was measured.
    if validate or entry is None or settings_of(Experiment(**entry["settings"])) != settings:
        entry = {"settings": settings, "runs": {}}
    for key, split, seed in runs_of(row.experiment, row.seeds, row.over_splits):
        if key in entry["runs"]:
            continue
        data = row.experiment.load(split, root, validate)
        entry |= {"digest": spec_digest(row.experiment.spec(data, 0))}
        entry["runs"][key] = learn(row.experiment, seed, data, f"{name} {key}")
        entry["mean"] = summarise(entry["runs"])
        if not validate:
            write(name, entry)
    if validate:
        show({name: entry})


def read() -> dict[str, Any]:
    return json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {"results": {}}


def write(name: str, entry: dict[str, Any]) -> None:
    known = read()      # others may have written meanwhile
    results = known["results"] | {name: entry}
    hardness = known.get("digits_perceptron") or {f"split {split}": perceptron(split) for split in range(PERCEPTRONS)}
    whole = {"command": "python benchmarks/chip_learning.py --data-root FOLDER", **describe(), "tuning": TUNING,
             "digits_perceptron": hardness, "results": results}
    write_atomically(RESULTS, (json.dumps(whole, indent=1) + "\n").encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="ROW", help=f"one of {', '.join(ROWS)} (default: all)")
    parser.add_argument("--data-root", type=Path, metavar="FOLDER", help="where the sets lie that are not embedded")
    parser.add_argument("--validate", action="store_true", help="measure on a part of the training split; for tuning")
    parser.add_argument("--list", action="store_true", help="show what is known, and stop")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in ROWS:
            parser.error(f"there is no row {name!r}; choose from {', '.join(ROWS)}")
    torch.set_num_threads(1)        # samples are moved a few at a time
    for name in [] if arguments.list else arguments.names or ROWS:
        measure(name, arguments.data_root, arguments.validate)
    if not arguments.validate:
        show({name: entry for name, entry in read()["results"].items() if name in (arguments.names or ROWS)})
        print(f"A float perceptron of 20 hidden neurons on the digits: {read().get('digits_perceptron')}")


if __name__ == "__main__":
    main()
