"""Accuracy over the window K and the block depth: what truncation in time and in depth costs, on frames and on events.

Run: ``python benchmarks/surface.py [SET ...] [--data-root FOLDER] [--plot FILE]``; sets are ``digits`` (frames,
embedded) and ``nmnist-1100`` (recorded events, needs the folder). Writes ``docs/results/surface.json`` after each
training, and skips what is in there for the same configuration. Four layers of 100 neurons, T = 10 steps, rule
truncated-local with a loss at each window's end; K = T with all layers in one block is BPTT. Accuracy is that after the
last epoch, over three folds of all samples of a set (of five, stratified, seed 0; fold k also seeds the run). Nothing
was tuned for either.
"""

import argparse
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import plots
from resumable import Results, fold, train
from rich.console import Console
from rich.table import Table

from snnfpga.config.models import Config
from snnfpga.data.registry import DataOptions, load

STEPS, LAYERS, RUNS = 10, 4, 3
WINDOWS, DEPTHS = (1, 2, 5, 10), (1, 2, 4)
TRAINING = {"epochs": 20, "batch": 128, "rate": 5e-3}
SETS: dict[str, dict[str, Any]] = {
    "digits": {"data": {"coding": "rate"}, "training": {}},
    "nmnist-1100": {"data": {"pool": 2}, "training": {"event_drop": 0.3}},
}


def configured(name: str, window: int, depth: int) -> Config:
    chosen = SETS[name]
    return Config.model_validate({
        "data": {"name": name, "steps": STEPS} | chosen["data"], "training": TRAINING | chosen["training"],
        "network": {"architecture": "-".join(["100"] * LAYERS), "block_depth": depth}, "learning": {"window": window}})


def measured(results: Results, name: str, root: Path | None) -> dict[tuple[int, int], list[float]]:
    """Accuracies in percent by window and block depth."""
    options = DataOptions(steps=STEPS, root=root, **SETS[name]["data"])
    splits = [fold(load(name, options), number) for number in range(RUNS)]
    found = {}
    for depth in DEPTHS:
        for window in WINDOWS:
            config, case = configured(name, window, depth), f"{name}, K = {window}, {depth} layers a block"
            found[window, depth] = [results.run(case, config, f"fold {number}", partial(
                train, config.model_copy(update={"seed": number}), split, f"{case}, fold {number}"))["test_accuracy"]
                for number, split in enumerate(splits)]
    return found


def show(name: str, found: dict[tuple[int, int], list[float]]) -> None:
    table = Table("layers a block", *(f"K = {window}" for window in WINDOWS),
                  title=f"{name}: test accuracy after the last epoch, %, mean and deviation of {RUNS}",
                  title_justify="left")
    for depth in DEPTHS:
        cells = [found[window, depth] for window in WINDOWS]
        table.add_row(str(depth), *(f"{mean(cell):.2f} ({stdev(cell):.2f})" for cell in cells))
    Console(width=140).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}; none takes all")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the curves as a page")
    parser.add_argument("--data-root", type=Path, metavar="FOLDER", help="where recorded data lies")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.sets if name not in SETS]
    if unknown:
        parser.error(f"sets are {', '.join(SETS)}, not {', '.join(unknown)}")
    results, surfaces = Results("surface", "python benchmarks/surface.py --data-root FOLDER"), {}
    for name in arguments.sets or SETS:
        surfaces[name] = measured(results, name, arguments.data_root)
        show(name, surfaces[name])
    if arguments.plot:
        plots.write(arguments.plot, "Accuracy over window and block depth",
                    f"Test accuracy after the last epoch; bars are the deviation of {RUNS} folds.",
                    f"window K, steps of {STEPS}", {
            name: {f"{depth} a block": {window: found[window, depth] for window in WINDOWS} for depth in DEPTHS}
            for name, found in surfaces.items()}, "python benchmarks/surface.py")


if __name__ == "__main__":
    main()
