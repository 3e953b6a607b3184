"""What each setting alone is worth to learning in chip arithmetic, on samples held out.

Run: ``python benchmarks/chip_levers.py [LEVER ...] [--data fashion-mnist] --data-root FOLDER``; writes
``docs/results/chip_levers.json``, or ``chip_levers_fashion.json`` and so on, after each lever, and skips what is in
there for the same settings. 784-200-10 learns from the first 20,000 training samples in 4 epochs; a convolution below a
dense block, ``--data mnist-grid`` and ``fashion-mnist-grid``, from 10,000 in 3 and 4. Seed 0; accuracy is that on the
last 10,000 training samples, which nothing learns from, so that the test split chooses nothing.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chip_course import Experiment, changed, learn, settings_of
from machine import describe
from rich.console import Console
from rich.table import Table

from rtl_gen.contract.atomic import write_atomically

RESULTS = Path(__file__).parents[1] / "docs" / "results"
BASE = Experiment(
    data="mnist", steps=8, blocks=(("200",),), leak_shift=4, window=8, logit_shift=3, dead_zone=12, rate_shifts=(8,),
    readout_shifts=(2,), rates=(0, 1, 2), epochs=4)
LEVERS: dict[str, dict[str, Any]] = {
    "none: the base": {},
    "moved by up to a pixel": {"augment": {"shift": 1}},
    "moved by up to a pixel, twice the epochs": {"augment": {"shift": 1}, "epochs": 8},
    "twice the epochs": {"epochs": 8},
    "constant rate 0": {"rates": (0,)},
    "rates 0, 1, 2, 3": {"rates": (0, 1, 2, 3)},
    "layer twice as fast": {"rate_shifts": 7},
    "layer half as fast": {"rate_shifts": 9},
    "readout twice as fast": {"readout_shifts": 1},
    "readout half as fast": {"readout_shifts": 3},
    "dead zone 24": {"dead_zone": 24},
    "dead zone 4": {"dead_zone": 4},
    "logit shift 4": {"logit_shift": 4},
    "logit shift 2": {"logit_shift": 2},
    "surrogate twice as wide": {"width": 256},
    "surrogate half as wide": {"width": 64},
    "triangle": {"surrogate": "triangle", "width": 5, "height": 4, "rate_shifts": 10},
    "no leak": {"leak_shift": None},
    "leak 1/8": {"leak_shift": 3},
    "bias": {"bias": True},
    "hard sigmoid": {"error_function": "hard_sigmoid"},
    "8 bits, stochastic": {"shadow_bits": 0, "rounding": "stochastic", "rate_shifts": 16, "readout_shifts": 10},
    "8 + 4 bits, stochastic": {"shadow_bits": 4, "rounding": "stochastic", "rate_shifts": 12, "readout_shifts": 6},
    "8 + 8 bits, stochastic": {"rounding": "stochastic"},
    "window 4 of 8": {"window": 4, "logit_shift": 2},
    "loss in the last 4 of 8": {"loss_steps": 4, "logit_shift": 2},
    "4 steps": {"steps": 4, "window": 4, "logit_shift": 2},
    "16 steps": {"steps": 16, "window": 16, "logit_shift": 4},
    "sigma-delta code": {"coding": "sigma-delta"},
    "bernoulli code": {"coding": "bernoulli"},
    "latency code": {"coding": "latency"},
    "random weights twice as large": {"gain": 2.0},
    "random readout twice as large": {"readout_share": 0.12},
    "3 in 10 events left out": {"event_drop": 0.3},
}

# Each beside the wide surrogate, which is worth most; its own lines are without.
WIDE: dict[str, Any] = {"width": 256}
DIRECT: dict[str, Any] = {"coding": "direct", "input_max": 15, "threshold": 1024}
FASHION_LEVERS: dict[str, dict[str, Any]] = {
    "none: the base": {},
    "layer twice as fast": {"rate_shifts": 7},
    "layer half as fast": {"rate_shifts": 9},
    "layer a quarter as fast": {"rate_shifts": 10},
    "layer and readout half as fast": {"rate_shifts": 9, "readout_shifts": 3},
    "dead zone 32": {"dead_zone": 32},
    "surrogate twice as wide": WIDE,
    "surrogate four times as wide": {"width": 512},
    "twice as wide, layer half as fast": WIDE | {"rate_shifts": 9},
    "twice as wide, readout half as fast": WIDE | {"readout_shifts": 3},
    "twice as wide, dead zone 6": WIDE | {"dead_zone": 6},
    "twice as wide, logit shift 2": WIDE | {"logit_shift": 2},
    "twice as wide, logit shift 4": WIDE | {"logit_shift": 4},
    "twice as wide, no leak": WIDE | {"leak_shift": None},
    "twice as wide, bias": WIDE | {"bias": True},
    "twice as wide, random weights half as large": WIDE | {"gain": 0.5},
    "twice as wide, sigma-delta code": WIDE | {"coding": "sigma-delta"},
    "twice as wide, 16 steps": WIDE | {"steps": 16, "window": 16, "logit_shift": 4},
    "twice as wide, counts of 0 to 15": DIRECT | {"width": 2048, "rate_shifts": 13},
}
FILTERS: dict[str, Any] = {"blocks": (("24C5P0",), ("P3", "128"))}
# A convolution and a dense block on it, in the place of one dense block.
MNIST_GRID = changed(
    BASE, blocks=(("16C5P0",), ("P3", "192")), rate_shifts=(11, 8), readout_shifts=(4, 2), logit_shift=(5, 4),
    threshold=(64, 128), width=(64, 256), augment={"shift": 1}, epochs=3)
MNIST_GRID_LEVERS: dict[str, dict[str, Any]] = {
    "none: the base": {},
    "logit shift 4 of both, width 128 of the dense layer": {"logit_shift": 4, "width": (64, 128)},
    "the same, counts in the pools": {"logit_shift": 4, "width": (64, 128), "blocks": (("16C5P0",), ("SP3", "192"))},
    "24 filters, 128 neurons": FILTERS,
    "224 neurons": {"blocks": (("16C5P0",), ("P3", "224"))},
    "kernels of 7 x 7, 224 neurons": {"blocks": (("16C7P0",), ("P3", "224"))},
    "dead zone 6": {"dead_zone": 6},
}
FASHION_GRID = changed(MNIST_GRID, data="fashion-mnist", logit_shift=(5, 3), width=(128, 256), augment={},
                       rates=(0, 1, 2, 3), epochs=4)
FASHION_GRID_LEVERS: dict[str, dict[str, Any]] = {
    "none: the base": {},
    "mirrored": {"augment": {"flip": True}},
    "2 in 10 events left out": {"event_drop": 0.2},
    "24 filters, 128 neurons": FILTERS,
    "kernels of 3 x 3": {"blocks": (("16C3P0",), ("P3", "192"))},
    "surrogate of the dense layer twice as wide": {"width": (128, 512)},
    "surrogate of the convolution half as wide, random weights half as large": {"width": (64, 256), "gain": 0.5},
    "24 filters, 128 neurons, 35 in 100 events left out": FILTERS | {"event_drop": 0.35},
    "24 filters, 128 neurons, 2 in 10 events left out, counts in the pools": {
        "blocks": (("24C5P0",), ("SP3", "128")), "event_drop": 0.2},
    "24 filters, 128 neurons, 2 in 10 events left out, logit shifts 5 and 4": FILTERS | {
        "event_drop": 0.2, "logit_shift": (5, 4)},
    "three blocks, 16C5P0, P2-32C3 and P2-128": {
        "blocks": (("16C5P0",), ("P2", "32C3"), ("P2", "128")), "rate_shifts": (11, 9, 8), "readout_shifts": (4, 3, 2),
        "logit_shift": (5, 5, 3), "threshold": (64, 128, 128), "width": (128, 256, 256)},
    "dense threshold and surrogate half as large again, dead zone 24": {
        "threshold": (64, 192), "width": (128, 384), "dead_zone": 24},
    "all half as fast, threshold and surrogate of the convolution half as large": {
        "rate_shifts": (12, 9), "readout_shifts": (5, 3), "threshold": (32, 128), "width": (64, 256)},
}


@dataclass(frozen=True)
class Set:
    """A base, what is changed in it, where that is written, and of how many training samples it learns."""

    base: Experiment
    levers: dict[str, dict[str, Any]]
    file: str
    samples: int = 20_000


SETS = {
    "mnist": Set(BASE, LEVERS, "chip_levers.json"),
    "fashion-mnist": Set(changed(BASE, data="fashion-mnist", rates=(0, 1, 2, 3)), FASHION_LEVERS,
                         "chip_levers_fashion.json"),
    "mnist-grid": Set(MNIST_GRID, MNIST_GRID_LEVERS, "chip_levers_grid.json", 10_000),
    "fashion-mnist-grid": Set(FASHION_GRID, FASHION_GRID_LEVERS, "chip_levers_fashion_grid.json", 10_000),
}


def show(of: str, results: dict[str, Any]) -> None:
    table = Table("lever", "held out, %", "against the base", "online, %", "windows skipped", "seconds",
                  title=f"{of}, {SETS[of].samples} samples", title_justify="left")
    base = results.get(next(iter(LEVERS)))
    for name, run in results.items():
        against = f"{run['test_accuracy'] - base['test_accuracy']:+.2f}" if base else ""
        table.add_row(name, str(run["test_accuracy"]), against,
                      str(run["online_accuracy"][-1]), str(run["windows_skipped_share"][0]), str(run["seconds"]))
    Console(width=140).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="LEVER", help="none takes all")
    parser.add_argument("--data", choices=SETS, default="mnist", help="what learns what")
    parser.add_argument("--data-root", type=Path, metavar="FOLDER", help="where the sets lie")
    parser.add_argument("--list", action="store_true", help="show what is known, and stop")
    arguments = parser.parse_args()
    chosen = SETS[arguments.data]
    base, levers = chosen.base, chosen.levers
    unknown = [name for name in arguments.names if name not in levers]
    if unknown:
        parser.error(f"levers are {', '.join(levers)}, not {', '.join(unknown)}")
    path = RESULTS / chosen.file
    known = json.loads(path.read_text("utf-8"))["results"] if path.exists() else {}
    for name in [] if arguments.list else arguments.names or levers:
        experiment = changed(base, **levers[name])
        if name in known and settings_of(Experiment(**known[name]["settings"])) == settings_of(experiment):
            continue
        data = experiment.load(0, arguments.data_root, validate=True)
        data = replace(data, train=data.train.select(slice(0, chosen.samples)))
        known[name] = {"settings": settings_of(experiment), **learn(experiment, 0, data, name)}
        known = {lever: known[lever] for lever in levers if lever in known}
        whole = {"command": f"python benchmarks/chip_levers.py --data {arguments.data} --data-root FOLDER",
                 **describe(), "results": known}
        write_atomically(path, (json.dumps(whole, indent=1) + "\n").encode())
    show(arguments.data, known)


if __name__ == "__main__":
    main()
